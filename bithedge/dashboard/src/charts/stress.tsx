/** What the pool would owe if the price moved at once, under the line of what is locked. */

import type { Stress } from "../api/schema";
import { btcPlain, btcShort, percent } from "../format";

const W = 370;
const H = 170;
const LEFT = 34;
const MARKED = [-1_000, -3_000, -5_000];

export function StressChart({ data }: { data: Stress }) {
  const points = data.points
    .filter((point) => point.change_bps <= 0)
    .sort((a, b) => b.change_bps - a.change_bps);
  const lowest = points.at(-1)?.change_bps ?? -7_000;
  const top = Math.max(data.locked_sats, 1, ...points.map((point) => point.owed_sats)) * 1.12;
  const x = (bps: number) => LEFT + (bps / lowest) * (W - LEFT - 6);
  const y = (sats: number) => H - (sats / top) * (H - 8);
  const line = points
    .map(
      (point, index) =>
        `${index === 0 ? "M" : "L"}${x(point.change_bps).toFixed(1)} ${y(point.owed_sats).toFixed(1)}`,
    )
    .join("");
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${W} ${H + 22}`}
      role="img"
      aria-label="Owed if the price fell at once, all under what is locked"
    >
      {[0, 0.5, 1].map((part) => (
        <g key={part}>
          <path class="grid" d={`M${LEFT} ${y(data.locked_sats * part)}H${W - 6}`} />
          <text class="tick" x={LEFT - 6} y={y(data.locked_sats * part) + 4} text-anchor="end">
            {btcShort(Math.round(data.locked_sats * part), 1)}
          </text>
        </g>
      ))}
      <path class="loss-area" d={`${line}L${x(lowest)} ${H}L${LEFT} ${H}Z`} />
      <path class="strike-line" d={`M${LEFT} ${y(data.locked_sats)}H${W - 6}`} />
      <text class="line-label hedge" x={LEFT + 6} y={y(data.locked_sats) - 6}>
        Locked for it: {btcPlain(data.locked_sats)} sBTC
      </text>
      <path class="loss-line" d={line} />
      {points
        .filter((point) => MARKED.includes(point.change_bps))
        .map((point) => (
          <g key={point.change_bps}>
            <circle class="loss-dot" cx={x(point.change_bps)} cy={y(point.owed_sats)} r={4} />
            <text
              class="figure-text"
              x={x(point.change_bps) - 6}
              y={y(point.owed_sats) - 8}
              text-anchor="end"
            >
              {btcShort(point.owed_sats, 2, true)}
            </text>
            <text class="tick" x={x(point.change_bps)} y={H + 18} text-anchor="middle">
              {percent(point.change_bps, 0)}
            </text>
          </g>
        ))}
      <text class="tick" x={LEFT} y={H + 18} text-anchor="middle">
        spot
      </text>
    </svg>
  );
}
