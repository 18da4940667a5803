/** Price over a policy's life against its band, the future empty up to expiry. */

import type { Candle, Policy } from "../api/schema";
import { bound } from "../domain/floor";
import { btcShort, dayShort, plainUsd, usd } from "../format";
import { useWidth } from "../parts/use-width";
import { ticks, yOf } from "./cover";

interface Props {
  policy: Policy;
  candles: readonly Candle[];
  spot: number;
  payout: number;
  from: number;
  to: number;
  nowMs: number;
}

const HEIGHT = 196;
const LEFT = 62;
const LEAST = 280;

export function LifeChart(props: Props) {
  const [box, width] = useWidth();
  return (
    <div class="life-chart" ref={box}>
      {width > 0 && <Drawing {...props} width={Math.max(LEAST, width)} />}
    </div>
  );
}

function Drawing({ policy, candles, spot, payout, from, to, nowMs, width }: Props & { width: number }) {
  const edge = bound(policy);
  const strike = policy.strike_usd_e8;
  const prices = [spot, strike, edge ?? strike, ...candles.map((candle) => candle.close_usd_e8)];
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const room = Math.max(1, (high - low) * 0.1);
  const range = { lo: low - room, hi: high + room };
  // The end is an estimate by the last blocks; fast ones must not put it before now.
  const end = Math.max(to, nowMs);
  const x = (ms: number) => {
    const part = (ms - from) / Math.max(1, end - from);
    return LEFT + Math.min(1, Math.max(0, part)) * (width - LEFT - 4);
  };
  const y = (price: number) => yOf(price, range, HEIGHT);
  const past = candles.filter((candle) => Date.parse(candle.at) >= from);
  const points = [
    ...past.map((candle) => [x(Date.parse(candle.at)), y(candle.close_usd_e8)]),
    [x(nowMs), y(spot)],
  ];
  const line = points
    .map(([px, py], index) => `${index === 0 ? "M" : "L"}${px?.toFixed(1)} ${py?.toFixed(1)}`)
    .join("");
  const first = points[0]?.[0] ?? LEFT;
  const put = policy.kind === "put";
  const bandTop = put ? y(strike) : y(edge ?? range.hi);
  const bandBottom = put ? y(edge ?? range.lo) : y(strike);
  const spotX = x(nowMs);
  const over = spotX > width * 0.6;
  return (
    <svg
      class="chart"
      width={width}
      height={HEIGHT + 24}
      viewBox={`0 0 ${width} ${HEIGHT + 24}`}
      role="img"
      aria-label={`Price since ${dayShort(from)}: now ${usd(spot)}, strike ${usd(strike)}.`}
    >
      <defs>
        <clipPath id="paying">
          <rect x={LEFT} y={put ? y(strike) : 0} width={width} height={put ? HEIGHT : y(strike)} />
        </clipPath>
      </defs>
      {ticks(range.lo, range.hi, 5).map((price) => (
        <g key={price}>
          <path class="grid" d={`M${LEFT} ${y(price)}H${width}`} />
          {Math.min(Math.abs(y(price) - y(strike)), Math.abs(y(price) - y(edge ?? strike))) > 14 && (
            <text class="tick" x={LEFT - 8} y={y(price) + 4} text-anchor="end">
              {plainUsd(price)}
            </text>
          )}
        </g>
      ))}
      <rect
        class="band"
        x={LEFT}
        y={bandTop}
        width={width - LEFT}
        height={Math.max(0, bandBottom - bandTop)}
      />
      <path
        class="worth-gap"
        clip-path="url(#paying)"
        d={`${line}L${spotX} ${y(strike)}L${first} ${y(strike)}Z`}
      />
      <path class="strike-line" d={`M${LEFT} ${y(strike)}H${width}`} />
      <text class="line-label hedge" x={LEFT - 8} y={y(strike) + 4} text-anchor="end">
        {plainUsd(strike)}
      </text>
      {edge !== null && (
        <>
          <path class="floor-line" d={`M${LEFT} ${y(edge)}H${width}`} />
          <text class="line-label clay" x={LEFT - 8} y={y(edge) + 4} text-anchor="end">
            {plainUsd(edge)}
          </text>
        </>
      )}
      <path class="past" d={line} />
      <path class="spot-line" stroke-dasharray="2 4" d={`M${spotX} ${y(spot)}H${width}`} />
      <circle class="spot-dot" cx={spotX} cy={y(spot)} r={4.5} />
      <text
        class="line-label spot-text"
        x={spotX + (over ? -10 : 10)}
        y={y(spot) + 17}
        text-anchor={over ? "end" : "start"}
      >
        {usd(spot)}
        {payout > 0 ? ` · pays ${btcShort(payout)} sBTC now` : ""}
      </text>
      <path class="axis" d={`M${width - 1} 0V${HEIGHT}`} />
      <text class="tick" x={LEFT} y={HEIGHT + 19}>
        {dayShort(from)}
      </text>
      <text class="tick" x={width} y={HEIGHT + 19} text-anchor="end">
        expiry {dayShort(to)}
      </text>
    </svg>
  );
}
