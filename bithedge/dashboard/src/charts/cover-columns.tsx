/** The columns beside the price axis: payout, worth in dollars, scenarios. */

import type { Candle } from "../api/schema";
import { bound } from "../domain/floor";
import { breakEven, moved, payout, type Terms, worth } from "../domain/payout";
import { btcPlain, btcShort, percent, usd } from "../format";
import {
  type Columns,
  payoutPath,
  payoutScale,
  type Range,
  RISING_SCENARIOS,
  SCENARIOS,
  type Scale,
  tickStep,
  worthAt,
  worthPath,
  worthScale,
  yOf,
} from "./cover";

export interface CoverData {
  terms: Terms;
  premium: number | null;
  spot: number;
  candles: readonly Candle[];
  range: Range;
  limits: { lowestStrike: number; highestStrike: number } | null;
}

export const HEAD = 43;

export interface Part {
  data: CoverData;
  columns: Columns;
  plot: number;
}

function ring(x: number, y: number) {
  return <circle class="break-even" cx={x} cy={y} r={4.5} />;
}

export function PayoutColumn({ data, columns, plot }: Part) {
  const { terms, range, premium } = data;
  const scale = payoutScale(terms, columns.payout - 14);
  const line = payoutPath(terms, range, scale, plot);
  const even = premium === null ? null : breakEven(terms, premium);
  const premiumX = premium === null ? 0 : (premium / scale.max) * scale.px;
  const step = tickStep(scale.max, 4);
  const marks = columns.worth === 0 ? [0, terms.max_payout_sats] : [0, step, 2 * step];
  return (
    <g transform={`translate(${columns.history + columns.axis} 0)`}>
      <path class="axis" d={`M0 ${-HEAD + 40}V${plot}`} />
      <path class="pay-area" d={`${line}L0 ${plot}L0 0Z`} />
      <path class="pay-line" d={line} />
      {premium !== null && (
        <>
          <path class="premium-line" d={`M${premiumX} 0V${plot}`} />
          {columns.worth > 0 && (
            <text class="premium-label" x={premiumX + 5} y={13}>
              premium
            </text>
          )}
          {even !== null && ring(premiumX, yOf(even, range, plot))}
        </>
      )}
      {marks.map((sats, index) => (
        <text
          key={sats}
          class="tick"
          x={(sats / scale.max) * scale.px + (index === 0 ? 4 : 0)}
          y={plot + 23}
          text-anchor={index === 0 ? "start" : columns.worth === 0 ? "end" : "middle"}
        >
          {sats === 0 ? "0" : columns.worth === 0 ? `${btcPlain(sats)} sBTC` : btcShort(Math.round(sats), 2)}
        </text>
      ))}
    </g>
  );
}

function thousands(e8: number): string {
  const dollars = e8 / 1e8;
  return dollars >= 1000 ? `$${Math.round(dollars / 100) / 10}k` : usd(e8, 0);
}

function worthMarks(scale: Scale): number[] {
  const step = tickStep(scale.max, 5);
  return [1, 2, 3].map((count) => count * step).filter((value) => value < scale.max * 0.9);
}

export function WorthColumn({ data, columns, plot }: Part) {
  const { terms, range, premium } = data;
  if (columns.worth === 0) {
    return null;
  }
  const scale = worthScale(terms, range, columns.worth - 8);
  const without = worthPath(terms, null, range, scale, plot);
  const covered = worthPath(terms, premium ?? 0, range, scale, plot);
  const even = premium === null ? null : breakEven(terms, premium);
  const labelPrice = range.lo + (range.hi - range.lo) * 0.085;
  const at = (value: number | null) =>
    (worthAt(terms, Math.max(1, Math.round(labelPrice)), value) / scale.max) * scale.px;
  return (
    <g transform={`translate(${columns.history + columns.axis + columns.payout} 0)`}>
      <path class="axis" d={`M0 ${-HEAD + 40}V${plot}`} />
      <path
        class="worth-gap"
        d={`${covered}${without
          .replace("M", "L")
          .split("L")
          .filter(Boolean)
          .reverse()
          .map((point) => `L${point}`)
          .join("")}Z`}
      />
      <path class="worth-without" d={without} />
      <path class="pay-line" d={covered} />
      {even !== null && ring((worthAt(terms, even, null) / scale.max) * scale.px, yOf(even, range, plot))}
      <text class="tick" x={at(null) - 10} y={plot * 0.915} text-anchor="end">
        without
      </text>
      <text
        class="line-label hedge small"
        x={Math.min(at(premium ?? 0) + 9, columns.worth - 62)}
        y={plot * 0.915}
      >
        with cover
      </text>
      <text class="tick" x={4} y={plot + 23}>
        0
      </text>
      {worthMarks(scale).map((value) => (
        <text key={value} class="tick" x={(value / scale.max) * scale.px} y={plot + 23} text-anchor="middle">
          {thousands(value)}
        </text>
      ))}
    </g>
  );
}

const LABEL_TOP = 14;
const LABEL_BOTTOM = 18;

/** Return how far a label at `y` has to move so that no line runs through its words. */
function clearOf(y: number, lines: readonly number[]): number {
  const hit = lines.find((line) => line > y - LABEL_TOP && line < y + LABEL_BOTTOM);
  if (hit === undefined) {
    return 0;
  }
  return hit <= y ? hit + LABEL_TOP - y : hit - LABEL_BOTTOM - y;
}

export function ScenarioColumn({ data, columns, plot }: Part) {
  if (columns.scenarios === 0) {
    return null;
  }
  const { terms, range, spot } = data;
  const changes = terms.kind === "put" ? SCENARIOS : RISING_SCENARIOS;
  const edge = bound(terms);
  const lines = [terms.strike_usd_e8, spot, ...(edge === null ? [] : [edge])].map((at) =>
    yOf(at, range, plot),
  );
  return (
    <g transform={`translate(${columns.history + columns.axis + columns.payout + columns.worth} 0)`}>
      <path class="axis" d={`M0 ${-HEAD + 40}V${plot}`} />
      {changes.map((change) => {
        const price = moved(spot, change);
        const y = yOf(price, range, plot);
        const pays = payout(terms, price);
        if (y < 4 || y > plot) {
          return null;
        }
        const shift = clearOf(y, lines);
        return (
          <g key={change}>
            <path class="scenario-tick" d={`M0 ${y}H7`} />
            <text class="scenario" x={11} y={y + shift - 2}>
              <tspan class="scenario-change">{percent(change, 0, true)}</tspan> {usd(price, 0)}
            </text>
            <text class={`scenario ${pays > 0 ? "pays" : ""}`} x={11} y={y + shift + 14}>
              {pays > 0 ? `pays ${btcShort(pays)} · ${usd(worth(pays, price), 0)}` : "pays nothing"}
            </text>
          </g>
        );
      })}
    </g>
  );
}
