/** Where the cover of a policy ends: the floor of a put, the ceiling of a capped call. */

import type { Terms } from "./payout";

/** The highest price and strike the contracts accept, USD x 1e8. */
export const MAX_PRICE = 9_000_000_000_000_000;

/** Return the highest price at which a put pays exactly its max payout, USD x 1e8. */
export function floorPrice(strike: number, amount: number, maxPayout: number): number {
  const covered = BigInt(amount);
  return Number((BigInt(strike) * covered) / (covered + BigInt(maxPayout)));
}

/** Return the lowest price at which a call pays exactly its max payout; null where it is uncapped. */
export function ceilingPrice(strike: number, amount: number, maxPayout: number): number | null {
  const left = BigInt(amount) - BigInt(maxPayout);
  if (left <= 0n) {
    return null;
  }
  const ceiling = (BigInt(strike) * BigInt(amount) + left - 1n) / left;
  return ceiling <= BigInt(MAX_PRICE) ? Number(ceiling) : null;
}

/** Return the price beyond which the payout grows no more; null where there is none. */
export function bound(terms: Terms): number | null {
  const { strike_usd_e8, amount_sats, max_payout_sats } = terms;
  return terms.kind === "put"
    ? floorPrice(strike_usd_e8, amount_sats, max_payout_sats)
    : ceilingPrice(strike_usd_e8, amount_sats, max_payout_sats);
}

/** Return the max payout whose cover ends at `price`, rounded down, never negative. */
export function maxPayoutFor(terms: Omit<Terms, "max_payout_sats">, price: number): number {
  const strike = BigInt(terms.strike_usd_e8);
  const at = BigInt(Math.max(1, price));
  const gain = terms.kind === "put" ? strike - at : at - strike;
  return gain <= 0n ? 0 : Number((BigInt(terms.amount_sats) * gain) / at);
}
