/** What a user signs, from the daemon's preparation to the relay. Loaded with the wallet, at the first sheet. */

import { command, post } from "../api/client";
import type {
  Authorisation,
  Config,
  OwnerMessage,
  Policy,
  PreparedTransaction,
  Withdrawal,
} from "../api/schema";
import { type Difference, idBytes } from "../domain/comparison";
import type { Offer } from "../domain/offer";
import {
  compareDeposit,
  compareMessage,
  comparePurchase,
  compareRequest,
  compareReservation,
  compareSettlement,
  compareWithdrawal,
  settlingPrice,
} from "../domain/terms";
import { relay, type Sent } from "../store/transactions";
import type { Wallet } from "./wallet";

/** What was prepared does not say what the page shows: nothing may be signed. */
export class Tampered extends Error {
  override readonly name = "Tampered";

  constructor(readonly differences: readonly Difference[]) {
    super("What came to be signed does not say what this page says.");
  }
}

/** The wallet's own no. */
export class Declined extends Error {
  override readonly name = "Declined";
}

export interface Context {
  wallet: Wallet;
  config: Config;
}

function refuse(differences: readonly Difference[]): void {
  if (differences.length > 0) {
    throw new Tampered(differences);
  }
}

async function authorise(
  { wallet, config }: Context,
  action: string,
  asked: Record<string, unknown>,
  fields: Readonly<Record<string, string | bigint | boolean>>,
): Promise<Authorisation> {
  const message = await post<OwnerMessage>("/v1/messages", { action, address: wallet.address, ...asked });
  refuse(compareMessage(message, action, wallet.address, fields, config, Date.now()));
  const signed = await wallet.signMessage(message.domain, message.message).catch((error: unknown) => {
    throw new Declined(error instanceof Error ? error.message : String(error));
  });
  return { message_id: message.message_id, ...signed };
}

export interface Reserved {
  policy: Policy;
  transaction: PreparedTransaction;
}

/** Reserve the max payout of `offer` and return the purchase to sign, compared with it. */
export async function reserve(context: Context, offer: Offer): Promise<Reserved> {
  const authorisation = await authorise(
    context,
    "reserve-policy",
    { quote_id: offer.quote_id },
    { "quote-id": idBytes(offer.quote_id) },
  );
  const body = { quote_id: offer.quote_id, authorisation };
  const answer = await command<Reserved>(`reserve:${offer.quote_id}`, "/v1/policies", body);
  const owner = context.wallet.address;
  refuse([
    ...compareReservation(answer.policy, offer, owner),
    ...comparePurchase(answer.transaction, offer, owner, context.config),
  ]);
  return answer;
}

/** Sign a compared transaction and hand it to the daemon. */
export async function signAndSend({ wallet }: Context, prepared: PreparedTransaction): Promise<Sent> {
  const tx = await wallet.signTransaction(prepared.unsigned).catch((error: unknown) => {
    throw new Declined(error instanceof Error ? error.message : String(error));
  });
  return relay(tx);
}

/** Prepare a deposit and compare it. */
export async function prepareDeposit(
  { wallet, config }: Context,
  amount: number,
  tier: string,
): Promise<PreparedTransaction> {
  const { transaction } = await post<{ transaction: PreparedTransaction }>("/v1/deposits", {
    address: wallet.address,
    amount_sats: amount,
    tier,
  });
  refuse(compareDeposit(transaction, amount, tier, wallet.address, config));
  return transaction;
}

export interface PreparedWithdrawal {
  withdrawal: Withdrawal;
  transaction: PreparedTransaction;
}

/** Ask for a voucher over `amount` and return its use to sign, compared. */
export async function requestWithdrawal(
  context: Context,
  amount: number,
  tier: string,
): Promise<PreparedWithdrawal> {
  const authorisation = await authorise(
    context,
    "request-withdrawal",
    { amount_sats: amount, tier },
    { "amount-sats": BigInt(amount), tier },
  );
  const { address } = context.wallet;
  const answer = await command<PreparedWithdrawal>(`withdraw:${address}:${tier}`, "/v1/withdrawals", {
    address,
    amount_sats: amount,
    tier,
    authorisation,
  });
  const shown = { ...answer.withdrawal, amount_sats: amount, tier };
  refuse(compareWithdrawal(answer.transaction, shown, address, context.config));
  return answer;
}

function policyFields(policy: Policy): Record<string, string | bigint> {
  return { "policy-id": BigInt(policy.policy_id ?? 0), "quote-id": idBytes(policy.quote_id) };
}

/** Claim the payout of `policy` at the first price made after this, if it is at least `minimum`. */
export async function exercise(context: Context, policy: Policy, minimum: number): Promise<Policy> {
  const asked = { policy_id: policy.quote_id, min_payout_sats: minimum };
  const authorisation = await authorise(context, "activate-policy", asked, {
    ...policyFields(policy),
    "min-payout-sats": BigInt(minimum),
  });
  const answer = await command<{ policy: Policy }>(
    `exercise:${policy.quote_id}`,
    `/v1/policies/${policy.quote_id}/activation`,
    { authorisation, min_payout_sats: minimum },
  );
  return answer.policy;
}

/** The next step on chain that needs nobody but the holder: to ask, or to settle at `price`. */
export type OwnStep =
  | { step: "request"; transaction: PreparedTransaction }
  | { step: "settle"; transaction: PreparedTransaction; price: number; height: number };

/** Prepare the holder's own next step and compare it. */
export async function prepareOwnStep({ config }: Context, policy: Policy, minimum: number): Promise<OwnStep> {
  const { step, price_height, transaction } = await command<{
    step: "request" | "settle";
    price_height: number | null;
    transaction: PreparedTransaction;
  }>(`own-step:${policy.quote_id}`, `/v1/policies/${policy.quote_id}/settlement`, {
    min_payout_sats: minimum,
  });
  if (step === "request") {
    refuse(compareRequest(transaction, policy, minimum, config));
    return { step, transaction };
  }
  const height = price_height ?? 0;
  refuse(compareSettlement(transaction, policy, height, config));
  return { step, transaction, price: settlingPrice(transaction) ?? 0, height };
}

export async function setAutoExercise(context: Context, policy: Policy, enabled: boolean): Promise<boolean> {
  const asked = { policy_id: policy.quote_id, enabled };
  const authorisation = await authorise(context, "set-auto-exercise", asked, {
    ...policyFields(policy),
    enabled,
  });
  const answer = await command<{ enabled: boolean }>(
    `auto-exercise:${policy.quote_id}`,
    `/v1/policies/${policy.quote_id}/auto-exercise`,
    { enabled, authorisation },
  );
  return answer.enabled;
}

export async function setExit(context: Context, tier: string, enabled: boolean): Promise<boolean> {
  const authorisation = await authorise(context, "set-exit", { tier, enabled }, { tier, enabled });
  const { address } = context.wallet;
  const answer = await command<{ enabled: boolean }>(
    `exit:${address}:${tier}`,
    `/v1/providers/${address}/exit`,
    { tier, enabled, authorisation },
  );
  return answer.enabled;
}
