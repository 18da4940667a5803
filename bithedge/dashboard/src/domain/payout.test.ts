import { describe, expect, it } from "vitest";
import { usd } from "../format";
import { ceilingPrice, floorPrice, maxPayoutFor } from "./floor";
import { breakEven, moved, payout, type Terms, worth } from "./payout";

const USD = 100_000_000;
const put: Terms = {
  kind: "put",
  amount_sats: 25_000_000,
  strike_usd_e8: 60_000 * USD,
  max_payout_sats: 12_500_000,
};
const SPOT = 6_481_240_000_000;

describe("payout", () => {
  it("pays nothing at the strike and above", () => {
    expect(payout(put, put.strike_usd_e8)).toBe(0);
    expect(payout(put, put.strike_usd_e8 + 1)).toBe(0);
  });

  it.each([
    [-1_000, 715_243],
    [-3_000, 8_062_456],
    [-5_000, 12_500_000],
  ])("pays the fixture's sats at a fall of %i bps", (change, sats) => {
    expect(payout(put, moved(SPOT, change))).toBe(sats);
  });

  it("rounds down, in the pool's favour", () => {
    expect(payout({ ...put, amount_sats: 10, max_payout_sats: 10 }, 59_000 * USD)).toBe(0);
  });

  it("mirrors a call, which its amount bounds", () => {
    const call: Terms = { ...put, kind: "call" };
    expect(payout(call, put.strike_usd_e8)).toBe(0);
    expect(payout(call, 80_000 * USD)).toBe(6_250_000);
    expect(payout(call, 200_000 * USD)).toBe(12_500_000);
  });

  it("stays exact where a product leaves the safe integers", () => {
    const large: Terms = {
      kind: "put",
      amount_sats: 2_100_000_000_000_000,
      strike_usd_e8: 9_000_000_000_000_000,
      max_payout_sats: 2_100_000_000_000_000,
    };
    expect(payout(large, 8_999_999_999_999_999)).toBe(0);
    expect(payout(large, 6_000_000_000_000_000)).toBe(1_050_000_000_000_000);
  });
});

describe("floor and ceiling", () => {
  const cases: [number, number, number][] = [
    [60_000 * USD, 25_000_000, 12_500_000],
    [58_500 * USD, 10_000_000, 5_000_000],
    [9_500_000_000_000, 123_456_789, 100_000_000],
    [3_300_000_000_000, 100_000_000, 20_000_000],
  ];

  it.each(cases)("finds the highest price that pays all: K %i, A %i, L %i", (strike, amount, most) => {
    const terms: Terms = { kind: "put", strike_usd_e8: strike, amount_sats: amount, max_payout_sats: most };
    const floor = floorPrice(strike, amount, most);
    expect(payout(terms, floor)).toBe(most);
    expect((BigInt(amount) * BigInt(strike - floor - 1)) / BigInt(floor + 1)).toBe(BigInt(most - 1));
  });

  it("finds the lowest price at which a capped call pays all, and none for an uncapped one", () => {
    const ceiling = ceilingPrice(65_000 * USD, 10_000_000, 2_500_000);
    expect(ceiling).toBe(8_666_666_666_667);
    const call: Terms = {
      kind: "call",
      strike_usd_e8: 65_000 * USD,
      amount_sats: 10_000_000,
      max_payout_sats: 2_500_000,
    };
    expect(payout(call, 8_666_666_666_667)).toBe(2_500_000);
    expect(payout(call, 8_666_666_666_666)).toBe(2_499_999);
    expect(ceilingPrice(65_000 * USD, 10_000_000, 10_000_000)).toBeNull();
  });

  it("turns a floor into the max payout that ends there", () => {
    expect(maxPayoutFor(put, 40_000 * USD)).toBe(12_500_000);
    expect(maxPayoutFor(put, 60_000 * USD)).toBe(0);
  });
});

describe("break-even and worth", () => {
  it("is where the payout equals the premium", () => {
    const even = breakEven(put, 1_030_396);
    expect(usd(even ?? 0)).toBe("$57,624.94");
    expect(payout(put, even ?? 1)).toBe(1_030_396);
  });

  it("gives the worth of sats in dollars, rounded down", () => {
    expect(worth(1_030_396, SPOT)).toBe(66_782_437_710);
  });
});
