/**
 * Decodes what is about to be signed and compares it with what the page shows.
 *
 * Nothing of an answer is believed: contract, function, each argument, each post-condition and the
 * transaction itself are read from their bytes. Any difference means that the page must not sign.
 */

import { Cl, ClarityType } from "@stacks/transactions";
import type { Config, OwnerMessage, Policy, PreparedTransaction } from "../api/schema";
import { Comparison, compareTuple, type Difference, idBytes, simple, type Wanted } from "./comparison";
import { bare } from "./hex";
import type { Offer } from "./offer";
import { payout } from "./payout";
import {
  compareBytes,
  compareCall,
  compareCondition,
  compareNoCondition,
  decodeArguments,
  isSignatureList,
} from "./prepared";

/** Compare a purchase with the offer that the sheet shows. */
export function comparePurchase(
  prepared: PreparedTransaction,
  offer: Offer,
  owner: string,
  config: Config,
): Difference[] {
  const comparison = new Comparison();
  compareCall(comparison, prepared, config.contracts.liquidity_pool, "buy-policy");
  const [terms, signatures, price, height, readings, ...rest] = decodeArguments(prepared);
  compareTuple(comparison, "terms", terms, {
    "quote-id": idBytes(offer.quote_id),
    owner,
    option: offer.kind,
    strike: BigInt(offer.strike_usd_e8),
    amount: BigInt(offer.amount_sats),
    collateral: BigInt(offer.max_payout_sats),
    premium: BigInt(offer.premium_sats),
    fee: BigInt(offer.fee_sats),
    tier: offer.tier,
    expiry: BigInt(offer.expiry_height),
    "valid-until": BigInt(offer.valid_until_height),
    "valid-until-time": BigInt(Math.floor(Date.parse(offer.valid_until_at) / 1000)),
  });
  comparison.isTrue(
    "pool's signatures",
    isSignatureList(signatures, config.quote_threshold),
    "signed",
    "not signed",
  );
  comparison.isTrue(
    "attestors' readings",
    isSignatureList(readings, config.attestor_threshold),
    "signed",
    "not signed",
  );
  comparison.isTrue(
    "reading",
    price?.type === ClarityType.UInt && height?.type === ClarityType.UInt,
    "a price",
    "none",
  );
  comparison.isTrue("arguments", rest.length === 0, "five", "more");
  compareCondition(comparison, prepared, owner, offer.premium_sats, config);
  compareBytes(comparison, prepared, owner, config);
  return comparison.differences;
}

/** Compare the policy that a reservation answered with the offer that was reserved. */
export function compareReservation(policy: Policy, offer: Offer, owner: string): Difference[] {
  const comparison = new Comparison();
  comparison.same("owner", owner, policy.owner);
  const pairs: [string, Wanted, Wanted][] = [
    ["quote", offer.quote_id, policy.quote_id],
    ["amount", BigInt(offer.amount_sats), BigInt(policy.amount_sats)],
    ["strike", BigInt(offer.strike_usd_e8), BigInt(policy.strike_usd_e8)],
    ["max payout", BigInt(offer.max_payout_sats), BigInt(policy.max_payout_sats)],
    ["premium", BigInt(offer.premium_sats), BigInt(policy.premium_sats)],
    ["last block", BigInt(offer.expiry_height), BigInt(policy.expiry_height)],
  ];
  for (const [what, shown, found] of pairs) {
    comparison.same(what, shown, found);
  }
  return comparison.differences;
}

/** Compare a deposit with the amount and tier that the sheet shows. */
export function compareDeposit(
  prepared: PreparedTransaction,
  amount: number,
  tier: string,
  address: string,
  config: Config,
): Difference[] {
  const comparison = new Comparison();
  compareCall(comparison, prepared, config.contracts.liquidity_pool, "deposit-funds");
  const [sats, name, ...rest] = decodeArguments(prepared);
  comparison.same("amount", BigInt(amount), simple(sats));
  comparison.same("tier", tier, simple(name));
  comparison.isTrue("arguments", rest.length === 0, "two", "more");
  compareCondition(comparison, prepared, address, amount, config);
  compareBytes(comparison, prepared, address, config);
  return comparison.differences;
}

export interface ShownWithdrawal {
  withdrawal_id: string;
  amount_sats: number;
  tier: string;
  valid_until_height: number;
}

/** Compare the use of a voucher with the withdrawal that the sheet shows. */
export function compareWithdrawal(
  prepared: PreparedTransaction,
  shown: ShownWithdrawal,
  address: string,
  config: Config,
): Difference[] {
  const comparison = new Comparison();
  compareCall(comparison, prepared, config.contracts.liquidity_pool, "withdraw-funds");
  const [sats, tier, serial, validUntil, signatures, ...rest] = decodeArguments(prepared);
  comparison.same("amount", BigInt(shown.amount_sats), simple(sats));
  comparison.same("tier", shown.tier, simple(tier));
  comparison.same("voucher", idBytes(shown.withdrawal_id), simple(serial));
  comparison.same("voucher's last block", BigInt(shown.valid_until_height), simple(validUntil));
  comparison.isTrue(
    "voucher's signatures",
    isSignatureList(signatures, config.voucher_threshold),
    "signed",
    "not signed",
  );
  comparison.isTrue("arguments", rest.length === 0, "five", "more");
  compareCondition(comparison, prepared, config.contracts.liquidity_pool, shown.amount_sats, config);
  compareBytes(comparison, prepared, address, config);
  return comparison.differences;
}

const LONGEST_VALIDITY_S = 300;
/** How far the clocks of page and daemon may differ. */
const CLOCK_SLACK_S = 60;

/** Compare a message with the command it is to authorise: domain, every field, and its own expiry. */
export function compareMessage(
  message: OwnerMessage,
  action: string,
  address: string,
  fields: Readonly<Record<string, Wanted>>,
  config: Config,
  nowMs: number,
): Difference[] {
  const comparison = new Comparison();
  compareTuple(comparison, "domain", Cl.deserialize(bare(message.domain)), {
    name: "BitHedge",
    version: "1",
    "chain-id": BigInt(config.chain_id),
  });
  const decoded = Cl.deserialize(bare(message.message));
  const id = idBytes(message.message_id);
  const validUntil = Number.parseInt(id.slice(0, 10), 16);
  compareTuple(comparison, "message", decoded, {
    kind: "command",
    contract: config.contracts.policy_registry,
    action,
    address,
    id,
    "valid-until": BigInt(validUntil),
    ...fields,
  });
  const ahead = validUntil - nowMs / 1000;
  comparison.isTrue(
    "message: how long it is good",
    ahead <= LONGEST_VALIDITY_S + CLOCK_SLACK_S,
    `at most ${LONGEST_VALIDITY_S} s`,
    `${Math.round(ahead)} s`,
  );
  return comparison.differences;
}

/** Compare the holder's own request on chain with the policy and the least that the sheet shows. */
export function compareRequest(
  prepared: PreparedTransaction,
  policy: Policy,
  minimum: number,
  config: Config,
): Difference[] {
  const comparison = new Comparison();
  compareCall(comparison, prepared, config.contracts.policy_registry, "request-exercise");
  const [number, least, ...rest] = decodeArguments(prepared);
  comparison.same("policy", BigInt(policy.policy_id ?? 0), simple(number));
  comparison.same("least you will take", BigInt(minimum), simple(least));
  comparison.isTrue("arguments", rest.length === 0, "two", "more");
  compareNoCondition(comparison, prepared);
  compareBytes(comparison, prepared, policy.owner, config);
  return comparison.differences;
}

/** Return the price that a prepared settlement carries, USD x 1e8; null where it carries none. */
export function settlingPrice(prepared: PreparedTransaction): number | null {
  const price = simple(decodeArguments(prepared)[1]);
  return typeof price === "bigint" && price > 0n ? Number(price) : null;
}

/** Compare a settlement with the policy: signed price of `height`, and exactly what it pays there. */
export function compareSettlement(
  prepared: PreparedTransaction,
  policy: Policy,
  height: number,
  config: Config,
): Difference[] {
  const comparison = new Comparison();
  compareCall(comparison, prepared, config.contracts.liquidity_pool, "settle-policy");
  const [number, price, at, attestations, order, ...rest] = decodeArguments(prepared);
  comparison.same("policy", BigInt(policy.policy_id ?? 0), simple(number));
  comparison.same("block of the price", BigInt(height), simple(at));
  comparison.isTrue("price", typeof simple(price) === "bigint", "a price", "none");
  comparison.isTrue(
    "attestors' signatures",
    isSignatureList(attestations, config.attestor_threshold),
    "signed",
    "not signed",
  );
  comparison.isTrue("order", order?.type === ClarityType.OptionalNone, "none", "another's order");
  comparison.isTrue("arguments", rest.length === 0, "five", "more");
  const owed = payout(policy, settlingPrice(prepared) ?? Number.MAX_SAFE_INTEGER);
  compareCondition(comparison, prepared, config.contracts.liquidity_pool, owed, config);
  compareBytes(comparison, prepared, policy.owner, config);
  return comparison.differences;
}
