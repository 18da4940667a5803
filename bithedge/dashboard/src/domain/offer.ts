/** What a buyer is about to sign: a quote's terms, or those of a policy reserved and not yet paid for. */

import type { Quote } from "../api/schema";
import type { Terms } from "./payout";

export interface Offer extends Terms {
  quote_id: string;
  premium_sats: number;
  fee_sats: number;
  tier: string;
  expiry_height: number;
  expiry_estimate_at: string | null;
  valid_until_height: number;
  valid_until_at: string;
}

export function offerOf(quote: Quote): Offer {
  return { ...quote, premium_sats: quote.premium.total_sats, fee_sats: quote.premium.fee_sats };
}
