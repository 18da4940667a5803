// The steps of a life, each through the interface and the wallet alone.
import assert from "node:assert/strict";

import { Cl } from "@stacks/transactions";

const hexOf = (id) => id.slice(2);
const buffer = (id) => Cl.bufferFromHex(hexOf(id));

export class Steps {
  #api;
  #config;
  #say;

  /** `say(step, facts)` is told of each step. */
  constructor(api, config, say) {
    this.#api = api;
    this.#config = config;
    this.#say = say;
  }

  async deposit(wallet, amount, tier) {
    const { transaction } = await this.#api.post("/v1/deposits", {
      address: wallet.address,
      amount_sats: amount,
      tier,
    });
    const mined = await this.#send(wallet, transaction, {
      function: "deposit-funds",
      sends: [wallet.address, amount],
      arguments: (given) => assert.deepEqual(given, [amount, tier]),
    });
    this.#say("deposited", { tier, amount_sats: amount, txid: mined.txid });
  }

  async create(wallet, wish) {
    const quote = await this.#api.post("/v1/quotes", { ...wish, owner: wallet.address });
    const { premium } = quote;
    assert.equal(
      premium.fair_value_sats + premium.margin_sats + premium.utilisation_sats + premium.fee_sats,
      premium.total_sats,
    );
    const authorisation = await this.#authorise(
      wallet,
      "reserve-policy",
      { quote_id: quote.quote_id },
      { "quote-id": buffer(quote.quote_id) },
    );
    const { policy, transaction } = await this.#api.post("/v1/policies", {
      quote_id: quote.quote_id,
      authorisation,
    });
    assert.equal(policy.status, "pending_signature");
    await this.#send(wallet, transaction, {
      function: "buy-policy",
      sends: [wallet.address, premium.total_sats],
      arguments: ([terms]) => {
        assert.deepEqual(
          { ...terms, "valid-until-time": undefined },
          {
            "quote-id": hexOf(quote.quote_id),
            owner: wallet.address,
            option: wish.kind,
            strike: wish.strike_usd_e8,
            amount: wish.amount_sats,
            collateral: quote.max_payout_sats,
            premium: premium.total_sats,
            fee: premium.fee_sats,
            tier: wish.tier,
            expiry: quote.expiry_height,
            "valid-until": quote.valid_until_height,
            "valid-until-time": undefined,
          },
        );
      },
    });
    const bought = await this.#policyUntil(quote.quote_id, "active");
    this.#say("created", {
      policy_id: bought.policy_id,
      quote_id: bought.quote_id,
      premium_sats: bought.premium_sats,
      fee_sats: bought.fee_sats,
    });
    return bought;
  }

  /** The holder's exercise: signed, accepted, priced, paid. */
  async activate(wallet, policy) {
    const authorisation = await this.#authorise(
      wallet,
      "activate-policy",
      { policy_id: policy.quote_id },
      {
        "policy-id": Cl.uint(policy.policy_id),
        "quote-id": buffer(policy.quote_id),
        "min-payout-sats": Cl.uint(1),
      },
    );
    const { operation_id } = await this.#api.post(`/v1/policies/${policy.quote_id}/activation`, {
      authorisation,
    });
    assert.match(operation_id, /^o_[0-9a-f]{32}$/);
    const settled = await this.#policyUntil(policy.quote_id, "settled");
    this.#say("activated", { operation_id, payout_sats: settled.settlement.payout_sats });
    return settled;
  }

  /** Let the heights pass that end it; `graceBlocks` more set its collateral free. */
  async expire(policy, graceBlocks) {
    const { burn_height } = await this.#api.post("/v1/devnet/mine", { blocks: 1 });
    await this.#api.post("/v1/devnet/mine", { blocks: policy.expiry_height - burn_height + graceBlocks });
    const expired = await this.#policyUntil(policy.quote_id, "expired");
    this.#say("expired", { status_detail: expired.status_detail });
    return expired;
  }

  /** Take out all that the provider may have in a tier; return how much that was. */
  async withdrawAll(wallet, tier) {
    const portfolio = await this.#api.get(`/v1/providers/${wallet.address}`);
    const amount = portfolio.tiers.find((account) => account.tier === tier).withdrawable_sats;
    const authorisation = await this.#authorise(
      wallet,
      "request-withdrawal",
      { amount_sats: amount, tier },
      { "amount-sats": Cl.uint(amount), tier: Cl.stringAscii(tier) },
    );
    const { withdrawal, transaction } = await this.#api.post("/v1/withdrawals", {
      address: wallet.address,
      amount_sats: amount,
      tier,
      authorisation,
    });
    assert.equal(withdrawal.health.ok, true);
    await this.#send(wallet, transaction, {
      function: "withdraw-funds",
      sends: [this.#config.contracts.liquidity_pool, amount],
      arguments: (given) =>
        assert.deepEqual(given.slice(0, 4), [
          amount,
          tier,
          hexOf(withdrawal.withdrawal_id),
          withdrawal.valid_until_height,
        ]),
    });
    const done = await this.#api.until(
      `/v1/withdrawals/${withdrawal.withdrawal_id}`,
      (answer) => answer.withdrawal.status === "withdrawn",
    );
    assert.equal(done.transaction, null, "there is nothing left to sign");
    this.#say("withdrawn", { amount_sats: amount, txid: done.withdrawal.txid });
    return { amount, serial: hexOf(withdrawal.withdrawal_id) };
  }

  async #authorise(wallet, action, asked, signed) {
    const message = await this.#api.post("/v1/messages", { action, address: wallet.address, ...asked });
    return wallet.authorise(message, action, signed);
  }

  async #send(wallet, prepared, wanted) {
    const { txid } = await this.#api.post("/v1/transactions", { tx: wallet.sign(prepared, wanted) });
    const mined = await this.#api.until(`/v1/transactions/${txid}`, ({ status }) =>
      ["confirmed", "final", "aborted"].includes(status),
    );
    assert.notEqual(mined.status, "aborted", `${wanted.function} was aborted: ${mined.reason}`);
    return mined;
  }

  #policyUntil(quoteId, status) {
    return this.#api.until(`/v1/policies/${quoteId}`, (policy) => policy.status === status);
  }
}
