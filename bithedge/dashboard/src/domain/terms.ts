/**
 * Decodes what is about to be signed and compares it with what the page shows.
 *
 * Nothing of an answer is believed: contract, function, each argument, each post-condition and the
 * transaction itself are read from their bytes. Any difference means that the page must not sign.
 */

import {
  AuthType,
  addressFromVersionHash,
  addressToString,
  Cl,
  ClarityType,
  type ClarityValue,
  deserializePostConditionWire,
  deserializeTransaction,
  type FungiblePostCondition,
  isContractCallPayload,
  isSingleSig,
  type PostCondition,
  PostConditionMode,
  type StacksTransactionWire,
  serializeCV,
  serializePostConditionWire,
  wireToPostCondition,
} from "@stacks/transactions";
import type { Config, OwnerMessage, Policy, PreparedTransaction } from "../api/schema";
import { bare } from "./hex";
import type { Offer } from "./offer";

export interface Difference {
  what: string;
  shown: string;
  found: string;
}

type Wanted = string | bigint | boolean;

class Comparison {
  readonly differences: Difference[] = [];

  same(what: string, shown: Wanted, found: Wanted | null): void {
    if (shown !== found) {
      this.differences.push({
        what,
        shown: String(shown),
        found: found === null ? "missing" : String(found),
      });
    }
  }

  isTrue(what: string, holds: boolean, shown: string, found: string): void {
    if (!holds) {
      this.differences.push({ what, shown, found });
    }
  }
}

/** Return a simple Clarity value as a JavaScript one; null for what terms never hold. */
function simple(value: ClarityValue | undefined): Wanted | null {
  switch (value?.type) {
    case ClarityType.UInt:
      return BigInt(value.value);
    case ClarityType.Buffer:
      return bare(value.value);
    case ClarityType.StringASCII:
    case ClarityType.PrincipalStandard:
    case ClarityType.PrincipalContract:
      return value.value;
    case ClarityType.BoolTrue:
      return true;
    case ClarityType.BoolFalse:
      return false;
    default:
      return null;
  }
}

function fieldsOf(value: ClarityValue | undefined): Record<string, ClarityValue> | null {
  return value?.type === ClarityType.Tuple ? value.value : null;
}

/** Compare a tuple's fields, all of them and no other. */
function compareTuple(
  comparison: Comparison,
  name: string,
  value: ClarityValue | undefined,
  wanted: Readonly<Record<string, Wanted>>,
): void {
  const fields = fieldsOf(value);
  if (fields === null) {
    comparison.isTrue(name, false, "a tuple", "something else");
    return;
  }
  for (const [key, shown] of Object.entries(wanted)) {
    comparison.same(`${name}: ${key}`, shown, simple(fields[key]));
  }
  for (const key of Object.keys(fields)) {
    comparison.isTrue(`${name}: ${key}`, key in wanted, "no such field", "a field more");
  }
}

/** Return the 16 bytes in an id such as `q_…`, as hex. */
export function idBytes(id: string): string {
  return id.slice(2).toLowerCase();
}

function decodeArguments(prepared: PreparedTransaction): ClarityValue[] {
  return prepared.arguments.map((hex) => Cl.deserialize(bare(hex)));
}

function senderOf(transaction: StacksTransactionWire, config: Config): string | null {
  const condition = transaction.auth.spendingCondition;
  if (!isSingleSig(condition)) {
    return null;
  }
  const version = config.network === "mainnet" ? 22 : 26;
  return addressToString(addressFromVersionHash(version, condition.signer));
}

function readTransaction(prepared: PreparedTransaction): StacksTransactionWire | null {
  try {
    return deserializeTransaction(bare(prepared.unsigned));
  } catch {
    return null;
  }
}

/** Compare the unsigned bytes with the fields beside them, which a wallet might use instead. */
function compareBytes(
  comparison: Comparison,
  prepared: PreparedTransaction,
  sender: string,
  config: Config,
): void {
  const transaction = readTransaction(prepared);
  if (transaction === null) {
    comparison.isTrue("transaction", false, "one that can be read", "bytes that cannot be read");
    return;
  }
  comparison.same("chain", BigInt(config.chain_id), BigInt(transaction.chainId));
  const version = config.network === "mainnet" ? 0n : 128n;
  comparison.same("network", version, BigInt(transaction.transactionVersion));
  comparison.isTrue("who pays", transaction.auth.authType === AuthType.Standard, "you alone", "a sponsor");
  comparison.same("signer", sender, senderOf(transaction, config));
  comparison.same("network fee", BigInt(prepared.fee_ustx), BigInt(transaction.auth.spendingCondition.fee));
  comparison.same("nonce", BigInt(prepared.nonce), BigInt(transaction.auth.spendingCondition.nonce));
  comparison.isTrue(
    "post-condition mode",
    transaction.postConditionMode === PostConditionMode.Deny,
    "deny",
    "allow",
  );
  const conditions = transaction.postConditions.values.map((wire) =>
    bare(serializePostConditionWire(wire as Parameters<typeof serializePostConditionWire>[0])),
  );
  comparison.same(
    "post-conditions in the transaction",
    prepared.post_conditions.map(bare).join(),
    conditions.join(),
  );
  const { payload } = transaction;
  if (!isContractCallPayload(payload)) {
    comparison.isTrue("transaction", false, "a contract call", "something else");
    return;
  }
  const contract = `${addressToString(payload.contractAddress)}.${payload.contractName.content}`;
  comparison.same("contract in the transaction", prepared.contract_id, contract);
  comparison.same("function in the transaction", prepared.function, payload.functionName.content);
  const bytes = payload.functionArgs.map((argument) => bare(serializeCV(argument)));
  comparison.same("arguments in the transaction", prepared.arguments.map(bare).join(), bytes.join());
}

function decodeConditions(prepared: PreparedTransaction): (PostCondition | null)[] {
  return prepared.post_conditions.map((hex) => {
    try {
      return wireToPostCondition(deserializePostConditionWire(bare(hex)));
    } catch {
      return null;
    }
  });
}

function isTokenCondition(condition: PostCondition | null | undefined): condition is FungiblePostCondition {
  return condition?.type === "ft-postcondition";
}

/** Compare the post-conditions with exactly one: `who` sends exactly `amount` of sBTC. */
function compareCondition(
  comparison: Comparison,
  prepared: PreparedTransaction,
  who: string,
  amount: number,
  config: Config,
): void {
  const conditions = decodeConditions(prepared);
  comparison.same("number of post-conditions", 1n, BigInt(conditions.length));
  comparison.same("post-condition mode", "deny", prepared.post_condition_mode);
  const [first] = conditions;
  if (!isTokenCondition(first)) {
    comparison.isTrue("post-condition", false, "an amount of sBTC", "something else");
    return;
  }
  comparison.same("post-condition: who sends", who, first.address);
  comparison.same("post-condition: exactly", "eq", first.condition);
  comparison.same("post-condition: amount", BigInt(amount), BigInt(first.amount));
  const [contract] = first.asset.split("::");
  comparison.same("post-condition: token", config.contracts.sbtc_token, contract ?? null);
}

function compareCall(
  comparison: Comparison,
  prepared: PreparedTransaction,
  contract: string,
  name: string,
): void {
  comparison.same("contract", contract, prepared.contract_id);
  comparison.same("function", name, prepared.function);
}

function isSignatureList(value: ClarityValue | undefined, atLeast: number): boolean {
  return (
    value?.type === ClarityType.List &&
    value.value.length >= atLeast &&
    value.value.every((item) => item.type === ClarityType.Buffer && bare(item.value).length === 130)
  );
}

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
