import { describe, expect, it } from "vitest";
import type { Terms } from "../domain/payout";
import {
  columnsFor,
  payoutPath,
  payoutScale,
  priceAt,
  rangeFor,
  tickStep,
  ticks,
  worthAt,
  yOf,
} from "./cover";

const put: Terms = {
  kind: "put",
  amount_sats: 25_000_000,
  strike_usd_e8: 6_000_000_000_000,
  max_payout_sats: 12_500_000,
};
const SPOT = 6_481_240_000_000;

describe("the price axis", () => {
  it("holds cover, spot and a halving of the price", () => {
    const { lo, hi } = rangeFor(put, SPOT, []);
    expect(lo).toBeLessThan(SPOT / 2);
    expect(hi).toBeGreaterThan(1.1 * SPOT);
  });

  it("gives back the price of a height", () => {
    const range = { lo: 3e12, hi: 8e12 };
    expect(priceAt(yOf(SPOT, range, 525), range, 525)).toBeCloseTo(SPOT, -2);
    expect(yOf(range.hi, range, 525)).toBe(0);
  });

  it("never asks for more ticks than wanted", () => {
    for (const span of [7, 42, 160_000, 1_600_000, 5e12]) {
      expect(span / tickStep(span, 5)).toBeLessThanOrEqual(5);
    }
    expect(ticks(29, 71, 5)).toEqual([30, 40, 50, 60, 70]);
  });
});

describe("the columns", () => {
  it("fill the width, three of them on a phone", () => {
    for (const width of [320, 360, 1_006]) {
      const columns = columnsFor(width);
      const sum = columns.history + columns.axis + columns.payout + columns.worth + columns.scenarios;
      expect(sum).toBe(width);
    }
    expect(columnsFor(360).worth).toBe(0);
    expect(columnsFor(1_006).history).toBe(384);
  });

  it("keep the covered amount at the strike's worth less the premium, down to the floor", () => {
    const held = worthAt(put, 5_000_000_000_000, 0);
    expect(held / 1e8).toBeCloseTo(15_000, 2);
    expect(worthAt(put, 3_000_000_000_000, 0) / 1e8).toBeCloseTo(11_250, 2);
  });

  it("start the payout at nothing and end it at the max payout", () => {
    const scale = payoutScale(put, 162);
    const path = payoutPath(put, { lo: 3e12, hi: 8e12 }, scale, 525);
    expect(path.startsWith("M0.0 0.0")).toBe(true);
    expect(path.endsWith(`L${(162 / 1.23).toFixed(1)} 525.0`)).toBe(true);
  });
});
