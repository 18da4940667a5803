/** What a policy pays at a price. Mirrors the contract's `get-payout` to the sat. */

import type { Kind } from "../api/schema";

export interface Terms {
  kind: Kind;
  amount_sats: number;
  strike_usd_e8: number;
  max_payout_sats: number;
}

const SATS_PER_BTC = 100_000_000n;

/** Return what `terms` pay at `price` (USD x 1e8, at least 1): sats, rounded down, at most the max payout. */
export function payout(terms: Terms, price: number): number {
  const strike = BigInt(terms.strike_usd_e8);
  const at = BigInt(price);
  const gain = terms.kind === "put" ? strike - at : at - strike;
  if (gain <= 0n) {
    return 0;
  }
  const owed = (BigInt(terms.amount_sats) * gain) / at;
  const most = BigInt(terms.max_payout_sats);
  return Number(owed < most ? owed : most);
}

/** Return the price moved by `change` bps, in USD x 1e8, rounded down. */
export function moved(price: number, change: number): number {
  return Number((BigInt(price) * BigInt(10_000 + change)) / 10_000n);
}

/** Return the worth of `sats` at `price` in USD x 1e8, rounded down (towards zero when negative). */
export function worth(sats: number, price: number): number {
  return Number((BigInt(sats) * BigInt(price)) / SATS_PER_BTC);
}

/** Return the price at which the payout equals `premium`, in USD x 1e8; null where no price does. */
export function breakEven(terms: Terms, premium: number): number | null {
  const amount = BigInt(terms.amount_sats);
  const paid = BigInt(premium);
  const scaled = BigInt(terms.strike_usd_e8) * amount;
  if (terms.kind === "put") {
    return Number(scaled / (amount + paid));
  }
  return paid < amount ? Number((scaled + (amount - paid) - 1n) / (amount - paid)) : null;
}
