/** What every prepared transaction has to be, whatever it calls: its bytes, its call, its post-conditions. */

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
import type { Config, PreparedTransaction } from "../api/schema";
import type { Comparison } from "./comparison";
import { bare } from "./hex";

export function decodeArguments(prepared: PreparedTransaction): ClarityValue[] {
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
export function compareBytes(
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
export function compareCondition(
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

export function compareCall(
  comparison: Comparison,
  prepared: PreparedTransaction,
  contract: string,
  name: string,
): void {
  comparison.same("contract", contract, prepared.contract_id);
  comparison.same("function", name, prepared.function);
}

export function isSignatureList(value: ClarityValue | undefined, atLeast: number): boolean {
  return (
    value?.type === ClarityType.List &&
    value.value.length >= atLeast &&
    value.value.every((item) => item.type === ClarityType.Buffer && bare(item.value).length === 130)
  );
}

/** Compare the post-conditions with none: nothing of the sender's or the pool's may move. */
export function compareNoCondition(comparison: Comparison, prepared: PreparedTransaction): void {
  comparison.same("number of post-conditions", 0n, BigInt(prepared.post_conditions.length));
  comparison.same("post-condition mode", "deny", prepared.post_condition_mode);
}
