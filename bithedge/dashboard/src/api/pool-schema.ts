/** What the pool tells of itself: figures, tiers, liabilities, stress, flows, proof. */

import type { Pause, TierName, TierParameters } from "./schema";

export interface Pool {
  vault_sats: number;
  available_sats: number;
  locked_sats: number;
  buffer_sats: number;
  reserved_sats: number;
  premiums_sats: number;
  payouts_sats: number;
  protected_sats: number;
  utilisation_bps: number;
  active_policies: number;
  policies_sold: number;
  policies_settled: number;
  policies_expired: number;
  providers: number;
  pauses: Pause[];
  reconciled: boolean;
  reconciled_height: number | null;
  closed: boolean;
}

export interface Tier {
  tier: TierName;
  parameters: TierParameters;
  total_sats: number;
  free_sats: number;
  locked_sats: number;
  reserved_sats: number;
  utilisation_bps: number;
  providers: number;
  active_policies: number;
  premiums_earned_sats: number;
  losses_sats: number;
  yield_bps: number | null;
  worst_30d_bps: number | null;
  crash_bps: number;
}

export interface Liabilities {
  strikes_usd_e8: number[];
  weeks: { from_height: number; to_height: number }[];
  cells: {
    strike: number;
    week: number;
    policies: number;
    max_payout_sats: number;
    owed_now_sats: number;
  }[];
}

export interface Stress {
  spot_usd_e8: number;
  locked_sats: number;
  points: { change_bps: number; price_usd_e8: number; owed_sats: number }[];
}

export interface PoolHistory {
  at: string;
  premiums_sats: number;
  payouts_sats: number;
  deposited_sats: number;
  withdrawn_sats: number;
  utilisation_bps: number;
}

export interface Proof {
  burn_height: number;
  block_hash: string;
  equations: { name: string; left_sats: number; right_sats: number; holds: boolean }[];
  last_break_at: string | null;
  reads: { contract_id: string; function: string; arguments: string[]; result: string }[];
}
