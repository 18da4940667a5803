import { describe, expect, it } from "vitest";
import type { Policy } from "../api/schema";
import { sumsOf } from "./solvency";

const put = {
  kind: "put",
  amount_sats: 25_000_000,
  strike_usd_e8: 6_000_000_000_000,
  max_payout_sats: 12_500_000,
  settlement: null,
} as Policy;

describe("the sums over live policies", () => {
  it("are nothing where there is no policy", () => {
    expect(sumsOf([], 6_000_000_000_000)).toEqual({ policies: 0, maxPayoutSats: 0, owedNowSats: 0 });
  });

  it("add up max payouts, and what each owes at the price", () => {
    const paying = { ...put, max_payout_sats: 1_000_000 };
    expect(sumsOf([put, paying], 5_833_116_000_000)).toEqual({
      policies: 2,
      maxPayoutSats: 13_500_000,
      owedNowSats: 715_243 + 715_243,
    });
  });

  it("take the fixed price of a policy that is being paid", () => {
    const settlement = { payout_sats: 42 } as Policy["settlement"];
    expect(sumsOf([{ ...put, settlement }], 9_000_000_000_000).owedNowSats).toBe(42);
  });
});
