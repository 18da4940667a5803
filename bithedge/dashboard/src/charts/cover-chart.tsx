/** The cover chart: past, price axis, payout, worth and scenarios over one vertical price. */

import type { Candle } from "../api/schema";
import { bound } from "../domain/floor";
import { breakEven, type Terms } from "../domain/payout";
import { btcPlain, dayShort, plainUsd, strike as strikeText, usd } from "../format";
import { type Columns, columnsFor, historyPaths, ticks, yOf } from "./cover";
import { type CoverData, HEAD, type Part, PayoutColumn, ScenarioColumn, WorthColumn } from "./cover-columns";

export const FOOT = 35;

interface Props {
  data: CoverData;
  width: number;
  plot: number;
}

function Grid({ data, columns, plot, width }: Part & { width: number }) {
  const { lo, hi } = data.range;
  const levels = ticks(lo, hi, 7);
  const axisX = columns.history + columns.axis / 2;
  return (
    <g>
      {levels.map((price) => {
        const y = yOf(price, data.range, plot);
        const near = [data.spot, data.terms.strike_usd_e8, bound(data.terms) ?? 0].some(
          (line) => Math.abs(yOf(line, data.range, plot) - y) < 22,
        );
        return (
          <g key={price}>
            <path class="grid" d={`M0 ${y}H${width}`} />
            {!near && y < plot - 6 && (
              <text class="tick" x={axisX} y={y + 4} text-anchor="middle">
                {plainUsd(price)}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

/** Cover, and what lies beyond it: the band between strike and bound, hatched behind the bound. */
function Bands({ data, plot, width }: Part & { width: number }) {
  const { terms, range } = data;
  const edge = bound(terms);
  const strikeY = yOf(terms.strike_usd_e8, range, plot);
  const edgeY = edge === null ? (terms.kind === "put" ? plot : 0) : yOf(edge, range, plot);
  const top = Math.max(0, Math.min(strikeY, edgeY));
  const bottom = Math.min(plot, Math.max(strikeY, edgeY));
  const beyond = terms.kind === "put" ? { y: bottom, h: plot - bottom } : { y: 0, h: top };
  return (
    <g>
      <rect class="band" x={0} y={top} width={width} height={Math.max(0, bottom - top)} />
      {edge !== null && beyond.h > 0 && (
        <rect fill="url(#hatch)" x={0} y={beyond.y} width={width} height={beyond.h} />
      )}
      <path class="strike-line" d={`M0 ${strikeY}H${width}`} />
      {edge !== null && <path class="floor-line" d={`M0 ${edgeY}H${width}`} />}
    </g>
  );
}

function History({ data, columns, plot }: Part) {
  const { candles, spot, range, terms } = data;
  const paths = historyPaths(candles, spot, range, columns.history, plot);
  const spotY = yOf(spot, range, plot);
  const strikeY = yOf(terms.strike_usd_e8, range, plot);
  const edge = bound(terms);
  const put = terms.kind === "put";
  const small = columns.worth === 0;
  const word = put ? "Floor" : "Ceiling";
  const more = small
    ? ""
    : ` · payout stays at ${btcPlain(terms.max_payout_sats)} sBTC ${put ? "below" : "above"}`;
  return (
    <g>
      <path class="past-range" d={paths.area} />
      <path class="past" d={paths.line} />
      <circle class="spot-halo" cx={paths.end} cy={spotY} r={7} />
      <circle class="spot-dot" cx={paths.end} cy={spotY} r={4} />
      <text class="line-label hedge" x={10} y={put ? strikeY - 8 : strikeY + 17}>
        {small ? "Strike" : "Strike · cover starts"}
      </text>
      {edge !== null && (
        <text class="line-label clay" x={10} y={yOf(edge, range, plot) + (put ? 17 : -8)}>
          {word}
          {more}
        </text>
      )}
    </g>
  );
}

function dates(candles: readonly Candle[], wanted: number): { at: string; index: number }[] {
  if (candles.length < 2) {
    return [];
  }
  const last = candles.length - 1;
  return Array.from({ length: wanted }, (_, index) => {
    const position = Math.round((index * last) / wanted);
    return { at: candles[position]?.at ?? "", index: position / last };
  });
}

function Dates({ data, columns, plot }: Part) {
  const wanted = columns.history > 260 ? 4 : 2;
  return (
    <g>
      {dates(data.candles, wanted).map(({ at, index }) => (
        <text key={at} class="tick" x={6 + index * (columns.history - 14)} y={plot + 23}>
          {dayShort(at)}
        </text>
      ))}
      <text class="tick" x={columns.history - 8} y={plot + 23} text-anchor="end">
        now
      </text>
    </g>
  );
}

function SpotLine({ data, columns, plot, width }: Part & { width: number }) {
  const y = yOf(data.spot, data.range, plot);
  return (
    <>
      <path class="spot-line" d={`M0 ${y}H${width}`} />
      <rect
        class="spot-pill"
        x={columns.history + 4}
        y={y - 11}
        width={columns.axis - 8}
        height={22}
        rx={6}
      />
      <text class="spot-text" x={columns.history + columns.axis / 2} y={y + 4.5} text-anchor="middle">
        {plainUsd(data.spot, columns.worth > 0 ? 2 : 0)}
      </text>
    </>
  );
}

/** Strikes that no tier backs are hatched on the axis, where the handle stops. */
function Unbacked({ data, columns, plot }: Part) {
  if (!data.limits) {
    return null;
  }
  const top = Math.max(0, Math.min(plot, yOf(data.limits.highestStrike, data.range, plot)));
  const bottom = Math.max(0, Math.min(plot, yOf(data.limits.lowestStrike, data.range, plot)));
  const x = columns.history + columns.axis - 5;
  return (
    <g>
      <rect fill="url(#unbacked)" x={x} y={0} width={5} height={top} />
      <rect fill="url(#unbacked)" x={x} y={bottom} width={5} height={plot - bottom} />
    </g>
  );
}

function Heads({ columns, terms }: { columns: Columns; terms: Terms }) {
  const axis = columns.history;
  const pay = axis + columns.axis;
  const heads: [number, string, "start" | "end"][] = [
    [10, "90 days", "start"],
    [pay + 7, columns.worth > 0 ? "Payout, sBTC" : "Payout", "start"],
  ];
  if (columns.worth > 0) {
    heads.push([pay - 11, "USD per BTC", "end"]);
    heads.push([pay + columns.payout + 8, `Your ${btcPlain(terms.amount_sats)} BTC is worth`, "start"]);
    heads.push([pay + columns.payout + columns.worth + 11, "If Bitcoin goes to", "start"]);
  }
  return (
    <>
      {heads.map(([x, text, anchor]) => (
        <text key={text} class="chart-head" x={x} y={26} text-anchor={anchor}>
          {text}
        </text>
      ))}
    </>
  );
}

export function CoverChart({ data, width, plot }: Props) {
  const columns = columnsFor(width);
  const part = { data, columns, plot };
  const axis = columns.history;
  return (
    <svg
      class="cover"
      width={width}
      height={HEAD + plot + FOOT}
      viewBox={`0 0 ${width} ${HEAD + plot + FOOT}`}
      role="img"
      aria-label={summary(data)}
    >
      <defs>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path class="hatch" d="M0 0V6" />
        </pattern>
        <pattern
          id="unbacked"
          width="4"
          height="4"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <path class="unbacked" d="M0 0V4" />
        </pattern>
        <clipPath id="plot">
          <rect x={0} y={0} width={width} height={plot} />
        </clipPath>
      </defs>
      <Heads columns={columns} terms={data.terms} />
      <g transform={`translate(0 ${HEAD})`}>
        <Grid {...part} width={width} />
        <path class="grid" d={`M${axis} ${-HEAD + 40}V${plot}`} />
        <g clip-path="url(#plot)">
          <Bands {...part} width={width} />
          <Unbacked {...part} />
        </g>
        <PayoutColumn {...part} />
        <WorthColumn {...part} />
        <ScenarioColumn {...part} />
        <SpotLine {...part} width={width} />
        <History {...part} />
        <Dates {...part} />
      </g>
    </svg>
  );
}

/** Return the chart in words. */
export function summary({ terms, premium, spot, candles }: CoverData): string {
  const put = terms.kind === "put";
  const edge = bound(terms);
  const most = btcPlain(terms.max_payout_sats);
  const start = strikeText(terms.strike_usd_e8);
  const words = [`Payout by Bitcoin price. Nothing ${put ? "above" : "below"} ${start}.`];
  words.push(
    edge === null
      ? "It rises without a ceiling."
      : `It rises to ${most} sBTC at ${usd(edge)} and stays there.`,
  );
  const even = premium === null ? null : breakEven(terms, premium);
  if (even !== null) {
    words.push(`Break-even ${usd(even)}.`);
  }
  words.push(`Price now ${usd(spot)}.`);
  if (candles.length > 0) {
    const low = Math.min(...candles.map((candle) => candle.low_usd_e8));
    const high = Math.max(...candles.map((candle) => candle.high_usd_e8));
    words.push(`Over 90 days it was between ${usd(low, 0)} and ${usd(high, 0)}.`);
  }
  return words.join(" ");
}
