/** Utilisation of a tier before and after a withdrawal, against kink and cap. */

import { percent } from "../format";

interface Props {
  now: number;
  after: number | null;
  kink: number;
  cap: number;
}

const R = 128;
const CX = 175;
const CY = 152;

function point(bps: number, radius: number): [number, number] {
  const angle = Math.PI * (1 - Math.min(10_000, Math.max(0, bps)) / 10_000);
  return [CX + radius * Math.cos(angle), CY - radius * Math.sin(angle)];
}

function arc(from: number, to: number, radius: number): string {
  const [x0, y0] = point(from, radius);
  const [x1, y1] = point(to, radius);
  const sweep = to >= from ? 1 : 0;
  return `M${x0.toFixed(1)} ${y0.toFixed(1)}A${radius} ${radius} 0 0 ${sweep} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
}

export function Gauge({ now, after, kink, cap }: Props) {
  const over = after !== null && after > cap;
  const [nx, ny] = point(now, R - 24);
  const [ax, ay] = point(after ?? now, R - 24);
  const [cx0, cy0] = point(cap, R - 12);
  const [cx1, cy1] = point(cap, R + 16);
  const words =
    after === null
      ? `The tier is ${percent(now)} used; the limit is ${percent(cap)}.`
      : `After this withdrawal the tier is ${percent(after)} used; the limit is ${percent(cap)}.`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: the meter element cannot hold a drawing with marks.
    <div
      role="meter"
      aria-label="Utilisation of the tier"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={(after ?? now) / 100}
      aria-valuetext={words}
    >
      <svg class="gauge" viewBox="0 0 350 182" aria-hidden="true">
        <path class="zone low" d={arc(0, kink - 40, R)} />
        <path class="zone mid" d={arc(kink + 40, cap - 40, R)} />
        <path class="zone high" d={arc(cap + 40, 10_000, R)} />
        <path class="cap" d={`M${cx0} ${cy0}L${cx1} ${cy1}`} />
        <text class="figure-text" x={cx1 + 4} y={cy1 + 4}>
          cap {percent(cap, 0)}
        </text>
        {after !== null && after !== now && <path class="move" d={arc(now, after, R - 24)} />}
        <circle class="now" cx={nx} cy={ny} r={5} />
        {after !== null && <circle class={`after ${over ? "over" : ""}`} cx={ax} cy={ay} r={5.5} />}
        <text class="tick" x={CX} y={CY - 46} text-anchor="middle">
          {after === null ? "tier utilisation now" : "tier utilisation after"}
        </text>
        <text class={`big ${over ? "over" : ""}`} x={CX} y={CY - 14} text-anchor="middle">
          {percent(after ?? now)}
        </text>
        {after !== null && (
          <text class="tick" x={CX} y={CY + 6} text-anchor="middle">
            {percent(now)} now
          </text>
        )}
        <text class="tick" x={CX - R} y={CY + 20} text-anchor="middle">
          0
        </text>
        <text class="tick" x={CX + R} y={CY + 20} text-anchor="middle">
          100 %
        </text>
      </svg>
    </div>
  );
}
