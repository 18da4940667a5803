/** The pool's promise, summed again here: what is locked against the max payouts of all live policies. */

import type { Policy } from "../api/schema";
import { payout } from "./payout";

export interface Sums {
  policies: number;
  maxPayoutSats: number;
  owedNowSats: number;
}

/** The states in which the chain holds a policy's max payout. */
export const LIVE_STATES = "active,settling,expiring";

/** Return the sums over live policies; one with a price already fixed owes what that price made it. */
export function sumsOf(policies: readonly Policy[], spot: number): Sums {
  const sums = { policies: policies.length, maxPayoutSats: 0, owedNowSats: 0 };
  for (const policy of policies) {
    sums.maxPayoutSats += policy.max_payout_sats;
    sums.owedNowSats += policy.settlement?.payout_sats ?? payout(policy, spot);
  }
  return sums;
}
