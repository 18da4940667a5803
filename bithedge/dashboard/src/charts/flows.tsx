/** Premiums up, payouts down, week by week. */

import type { PoolHistory } from "../api/schema";
import { btcShort, dayShort } from "../format";

const W = 370;
const H = 170;
const LEFT = 36;
const WEEKS = 26;

export function FlowsChart({ items }: { items: readonly PoolHistory[] }) {
  const weeks = [...items].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-WEEKS);
  const top = Math.max(1, ...weeks.map((week) => Math.max(week.premiums_sats, week.payouts_sats)));
  const middle = H / 2;
  const step = Math.min(24, (W - LEFT) / Math.max(1, weeks.length));
  const size = (sats: number) => (sats / top) * (middle - 8);
  const first = weeks[0];
  return (
    <svg class="chart" viewBox={`0 0 ${W} ${H + 22}`} role="img" aria-label="Premiums and payouts by week">
      <path class="axis" d={`M${LEFT} ${middle}H${W}`} />
      {weeks.map((week, index) => {
        const x = LEFT + index * step;
        return (
          <g key={week.at}>
            <rect
              class="bar-up"
              x={x}
              width={step * 0.76}
              y={middle - size(week.premiums_sats)}
              height={size(week.premiums_sats)}
              rx={1.5}
            />
            <rect
              class="bar-down"
              x={x}
              width={step * 0.76}
              y={middle}
              height={size(week.payouts_sats)}
              rx={1.5}
            />
          </g>
        );
      })}
      <text class="tick" x={LEFT - 6} y={12} text-anchor="end">
        {btcShort(top, 1)}
      </text>
      <text class="tick" x={LEFT - 6} y={middle + 4} text-anchor="end">
        0
      </text>
      <text class="tick" x={LEFT - 6} y={H} text-anchor="end">
        {btcShort(top, 1)}
      </text>
      {first && (
        <text class="tick" x={LEFT} y={H + 18}>
          {dayShort(first.at)}
        </text>
      )}
      <text
        class="tick"
        x={LEFT + weeks.length * step}
        y={H + 18}
        text-anchor={weeks.length > 3 ? "end" : "start"}
      >
        this week
      </text>
    </svg>
  );
}
