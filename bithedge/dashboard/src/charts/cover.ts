/** The geometry of the cover chart: one vertical price axis, columns beside it. Pure, in CSS pixels. */

import type { Candle } from "../api/schema";
import { bound } from "../domain/floor";
import { payout, type Terms } from "../domain/payout";

export interface Range {
  lo: number;
  hi: number;
}

export interface Columns {
  history: number;
  axis: number;
  payout: number;
  worth: number;
  scenarios: number;
}

const USD = 1e8;

/** Return the columns of a chart of `width`: all five when there is room, on a phone three. */
export function columnsFor(width: number): Columns {
  if (width < 620) {
    const axis = 74;
    const history = Math.round((width - axis) * 0.58);
    return { history, axis, payout: width - axis - history, worth: 0, scenarios: 0 };
  }
  const rest = width - 96 - 176 - 172 - 178;
  return { history: Math.max(170, rest), axis: 96, payout: 176, worth: 172, scenarios: 178 };
}

/** Return the prices that the axis shows: cover, today, a halving and the past, with room at both ends. */
export function rangeFor(terms: Terms, spot: number, candles: readonly Candle[]): Range {
  const edge = bound(terms) ?? terms.strike_usd_e8;
  const low = Math.min(edge, terms.strike_usd_e8);
  const high = Math.max(edge, terms.strike_usd_e8);
  const lows = candles.map((candle) => candle.low_usd_e8);
  const highs = candles.map((candle) => candle.high_usd_e8);
  const lo = Math.min(0.94 * low, 0.5 * spot, ...lows);
  const hi = Math.max(1.06 * high, 1.1 * spot, ...highs);
  const span = hi - lo;
  return { lo: Math.max(0, lo - 0.066 * span), hi: hi + 0.1 * span };
}

/** Return the smallest step of 1, 2 or 5 times a power of ten that gives at most `wanted` ticks. */
export function tickStep(span: number, wanted: number): number {
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead > 5 ? 10 : lead > 2 ? 5 : lead > 1 ? 2 : 1) * power;
}

export function ticks(lo: number, hi: number, wanted: number): number[] {
  const step = tickStep(hi - lo, wanted);
  const first = Math.ceil(lo / step) * step;
  const count = Math.max(0, Math.floor((hi - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => first + index * step);
}

export function yOf(price: number, range: Range, heightPx: number): number {
  return heightPx * (1 - (price - range.lo) / (range.hi - range.lo));
}

export function priceAt(y: number, range: Range, heightPx: number): number {
  return range.lo + (1 - y / heightPx) * (range.hi - range.lo);
}

function path(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

export interface HistoryPaths {
  area: string;
  line: string;
  end: number;
}

/** Return the past as an area from high to low and a line of closes that ends at today's price. */
export function historyPaths(
  candles: readonly Candle[],
  spot: number,
  range: Range,
  width: number,
  heightPx: number,
): HistoryPaths {
  const inset = 6;
  const end = width - 8;
  const step = candles.length > 1 ? (end - inset) / (candles.length - 1) : 0;
  const at = (index: number) => (candles.length > 1 ? inset + index * step : end);
  const y = (price: number) => yOf(price, range, heightPx);
  const highs = candles.map((candle, index) => [at(index), y(candle.high_usd_e8)] as const);
  const lows = candles.map((candle, index) => [at(index), y(candle.low_usd_e8)] as const).reverse();
  const closes = candles.map((candle, index) => [at(index), y(candle.close_usd_e8)] as const);
  const line = [...closes.slice(0, -1), [end, y(spot)] as const];
  return {
    area: candles.length > 1 ? `${path([...highs, ...lows])}Z` : "",
    line: candles.length > 1 ? path(line) : "",
    end,
  };
}

/** Return the prices at which the curves are drawn: evenly, and exactly at their corners. */
function samples(terms: Terms, range: Range): number[] {
  const count = 80;
  const step = (range.hi - range.lo) / count;
  const even = Array.from({ length: count + 1 }, (_, index) => range.lo + index * step);
  const corners = [terms.strike_usd_e8, bound(terms) ?? terms.strike_usd_e8];
  return [...even, ...corners.filter((price) => price > range.lo && price < range.hi)]
    .map((price) => Math.max(1, Math.round(price)))
    .sort((a, b) => b - a);
}

export interface Scale {
  max: number;
  px: number;
}

function x(value: number, scale: Scale): number {
  return (value / scale.max) * scale.px;
}

/** Return the scale of the payout column: the most it can pay, with room for its corner. */
export function payoutScale(terms: Terms, width: number): Scale {
  return { max: terms.max_payout_sats * 1.23, px: width };
}

export function worthScale(terms: Terms, range: Range, width: number): Scale {
  const top = Math.max(1, Math.round(range.hi));
  return { max: worthAt(terms, top, 0) * 1.1, px: width };
}

export function payoutPath(terms: Terms, range: Range, scale: Scale, heightPx: number): string {
  return path(
    samples(terms, range).map((price) => [x(payout(terms, price), scale), yOf(price, range, heightPx)]),
  );
}

/** Return the worth of the amount in USD x 1e8 at `price`, with the cover when `premium` is given. */
export function worthAt(terms: Terms, price: number, premium: number | null): number {
  const held = premium === null ? terms.amount_sats : terms.amount_sats - premium + payout(terms, price);
  return (held * price) / USD;
}

export function worthPath(
  terms: Terms,
  premium: number | null,
  range: Range,
  scale: Scale,
  heightPx: number,
): string {
  return path(
    samples(terms, range).map((price) => [
      x(worthAt(terms, price, premium), scale),
      yOf(price, range, heightPx),
    ]),
  );
}

export const SCENARIOS = [1_000, -1_000, -3_000, -5_000] as const;
export const RISING_SCENARIOS = [5_000, 3_000, 1_000, -1_000] as const;
