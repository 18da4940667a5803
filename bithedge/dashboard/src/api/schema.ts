/** The objects of the public interface, as HTTP and the stream carry them. */

export type * from "./pool-schema";

export type Kind = "put" | "call";
export type TierName = string;

export interface KindLimits {
  min_moneyness_bps: number;
  max_moneyness_bps: number;
  min_tenor_blocks: number;
  max_tenor_blocks: number;
}

export interface TierParameters {
  name: TierName;
  put: KindLimits;
  call: KindLimits;
  max_amount_sats: number;
  capacity_limit_sats: number | null;
  utilisation_kink_bps: number;
  utilisation_cap_bps: number;
  crash_limit_bps: number;
  margin_bps: number;
}

export interface Config {
  network: "devnet" | "testnet" | "mainnet";
  chain_id: number;
  version: string;
  stream_url: string;
  contracts: { policy_registry: string; liquidity_pool: string; sbtc_token: string };
  quote_threshold: number;
  voucher_threshold: number;
  attestor_threshold: number;
  grace_blocks: number;
  quote_valid_blocks: number;
  quote_valid_s: number;
  price_tolerance_bps: number;
  pool_utilisation_cap_bps: number;
  oracle: { staleness_s: number; min_sources: number };
  explorer_tx_url: string | null;
  confirmations: { confirmed: number; final: number };
  tiers: TierParameters[];
  limits: {
    min_amount_sats: number;
    min_max_payout_sats: number;
    min_max_payout_bps: number;
    min_premium_sats: number;
    min_deposit_sats: number;
    max_reservations: number;
  };
  message_domain: string;
}

export interface Oracle {
  spot_usd_e8: number;
  observed_at: string;
  stale: boolean;
  suspended: boolean;
  reason: string | null;
  change_24h_bps: number | null;
  high_24h_usd_e8: number | null;
  low_24h_usd_e8: number | null;
}

export interface Candle {
  at: string;
  open_usd_e8: number;
  high_usd_e8: number;
  low_usd_e8: number;
  close_usd_e8: number;
}

export interface Block {
  block_height: number;
  burn_height: number;
  hash: string;
  parent_hash: string;
  at: string;
  mean_burn_block_s: number | null;
  orphaned: boolean;
  reverted_events: number;
}

export interface QuoteRequest {
  kind: Kind;
  owner?: string;
  amount_sats: number;
  strike_usd_e8: number;
  max_payout_sats: number;
  tenor_blocks: number;
  tier?: TierName;
}

export interface Premium {
  fair_value_sats: number;
  margin_sats: number;
  utilisation_sats: number;
  fee_sats: number;
  total_sats: number;
}

export interface Quote {
  quote_id: string;
  kind: Kind;
  owner: string | null;
  amount_sats: number;
  strike_usd_e8: number;
  max_payout_sats: number;
  floor_usd_e8: number | null;
  ceiling_usd_e8: number | null;
  expiry_height: number;
  expiry_estimate_at: string;
  valid_until_height: number;
  valid_until_at: string;
  tier: TierName;
  spot_usd_e8: number;
  volatility: number;
  years: number;
  premium: Premium;
  margin_basis: "rate" | "buffer" | "minimum";
  break_even_usd_e8: number;
  greeks: {
    delta_sats_per_usd: number;
    gamma: number;
    vega_sats_per_point: number;
    theta_sats_per_day: number;
  };
  utilisation_after_bps: number;
  alternatives: { tier: TierName; total_sats: number }[];
}

export interface PreparedTransaction {
  contract_id: string;
  function: string;
  arguments: string[];
  post_conditions: string[];
  post_condition_mode: string;
  fee_ustx: number;
  nonce: number;
  valid_until_height: number | null;
  valid_until_at: string | null;
  unsigned: string;
}

export interface OwnerMessage {
  message_id: string;
  domain: string;
  message: string;
  digest: string;
  valid_until_at: string;
}

export interface Authorisation {
  message_id: string;
  signature: string;
  public_key: string;
}

export type PolicyStatus =
  | "pending_signature"
  | "pending_confirmation"
  | "active"
  | "settling"
  | "settled"
  | "expiring"
  | "expired"
  | "lapsed";

export interface Settlement {
  rule: "touch" | "expiry" | "request" | "daemon";
  price_usd_e8: number;
  payout_sats: number;
  height: number;
  /** Null until the settlement is sent, and until it is mined. */
  txid: string | null;
  at: string | null;
}

export interface Policy {
  policy_id: number | null;
  quote_id: string;
  kind: Kind;
  owner: string;
  amount_sats: number;
  strike_usd_e8: number;
  max_payout_sats: number;
  floor_usd_e8: number | null;
  ceiling_usd_e8: number | null;
  premium_sats: number;
  fee_sats: number;
  start_height: number | null;
  expiry_height: number;
  expiry_estimate_at: string | null;
  valid_until_height: number;
  valid_until_at: string;
  tier: TierName;
  status: PolicyStatus;
  status_detail: string | null;
  status_reason: string | null;
  auto_exercise: boolean;
  exercised_by: "owner" | "floor" | "expiry" | null;
  in_the_money: boolean;
  /** Null while there is no price. */
  payout_now_sats: number | null;
  value_now_sats: number | null;
  at_sale: { spot_usd_e8: number; volatility: number } | null;
  created_txid: string | null;
  settlement: Settlement | null;
  closing_txid: string | null;
  confirmations: number;
  final: boolean;
  final_height: number | null;
  created_at: string;
  updated_seq: number;
}

export interface HistoryEvent {
  seq: number;
  name: string;
  at: string;
  block_height: number | null;
  burn_height: number | null;
  txid: string | null;
  data: Record<string, unknown>;
  undone: boolean;
}

export type TransactionStatus = "pending" | "confirmed" | "final" | "aborted" | "dropped" | "replaced";

export interface Transaction {
  txid: string;
  status: TransactionStatus;
  reason: string | null;
  address: string;
  nonce: number;
  contract_id: string;
  function: string;
  fee_ustx: number;
  block_height: number | null;
  burn_height: number | null;
  confirmations: number;
  policy_id: number | null;
  quote_id: string | null;
  operation_id: string | null;
  replaced_by: string | null;
  seen_at: string;
}

export interface HealthCheck {
  name: string;
  unit: "sats" | "bps";
  value: number;
  limit: number;
  largest_sats: number;
  ok: boolean;
}

export interface Health {
  ok: boolean;
  largest_sats: number;
  height: number;
  checks: HealthCheck[];
  stress: { change_bps: number; loss_sats: number; loss_bps: number }[];
}

export interface Withdrawal {
  withdrawal_id: string;
  address: string;
  status: "pending_signature" | "pending_confirmation" | "withdrawn" | "lapsed";
  amount_sats: number;
  tier: TierName;
  valid_until_height: number;
  txid: string | null;
  health: Health;
}

export interface ProviderTier {
  tier: TierName;
  free_sats: number;
  locked_sats: number;
  pending_sats: number;
  earned_sats: number;
  unearned_sats: number;
  fees_sats: number;
  losses_sats: number;
  deposited_sats: number;
  withdrawn_sats: number;
  withdrawable_sats: number;
  active_policies: number;
  yield_bps: number | null;
  exit: boolean;
  health: "healthy" | "stretched" | "at_limit";
}

export interface Provider {
  address: string;
  tiers: ProviderTier[];
  total_sats: number;
  first_deposit_at: string | null;
  last_activity_at: string | null;
}

export interface LedgerLine {
  seq: number;
  at: string;
  tier: TierName;
  bucket: string;
  change_sats: number;
  balance_sats: number;
  cause: string;
  policy_id: number | null;
  txid: string | null;
  undone: boolean;
}

export interface Backing {
  policy_id: number | null;
  quote_id: string;
  tier: TierName;
  kind: Kind;
  strike_usd_e8: number;
  floor_usd_e8: number | null;
  ceiling_usd_e8: number | null;
  expiry_height: number;
  status: PolicyStatus;
  share_sats: number;
  share_bps: number;
  owed_now_sats: number;
  premium_sats: number;
  earned_sats: number;
}

export interface Pause {
  what: "sales" | "withdrawals" | "settlements";
  code: string;
  message: string;
  since_at: string;
}

export interface Account {
  address: string;
  stx_ustx: number;
  sbtc_sats: number;
  nonce: number;
  pending: { txid: string; nonce: number }[];
}

export interface DevnetAccount {
  name: string;
  address: string;
  private_key: string;
  stx_ustx: number;
  sbtc_sats: number;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Availability {
  tier: TierName;
  available: boolean;
  available_sats: number;
  largest_payout_sats: number;
  code: string | null;
}
