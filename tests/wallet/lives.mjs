#!/usr/bin/env node
// Plays the two lives of a policy against a running devnet, with the official library as its wallet:
//   A  deposit, create, expire, withdraw        B  deposit, create, activate, withdraw
// and asserts, by what the chain itself says, where every sat went. One JSON line a step on stdout.
//
//   node tests/wallet/lives.mjs [--url http://127.0.0.1:8480] [--node http://127.0.0.1:3999] [--life a|b|both]
//
// It wants the devnet for itself while it plays, and a tier without providers.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";

import { Api } from "./api.mjs";
import { Chain } from "./chain.mjs";
import { Wallet } from "./signing.mjs";
import { Steps } from "./steps.mjs";

const SPOT = 6_500_000_000_000;
const CRASHED = 5_200_000_000_000;
const STRIKE = 5_850_000_000_000;
const AMOUNT = 10_000_000;
const DEPOSIT = 100_000_000;
const TENOR = 1_008;
// After them a policy that owes nothing is released by the price of its expiry.
const REQUEST_LIFE = 12;

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8480" },
    node: { type: "string", default: "http://127.0.0.1:3999" },
    life: { type: "string", default: "both" },
  },
});

function emit(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

class Life {
  #name;
  #api;
  #chain;
  #steps;
  #provider;
  #buyer;
  #tier;

  static async begin(name) {
    const api = new Api(options.url);
    const config = await api.get("/v1/config");
    const { items: accounts } = await api.get("/v1/devnet/accounts");
    const { items: tiers } = await api.get("/v1/tiers");
    const empty = tiers.find((tier) => tier.total_sats === 0);
    assert.ok(empty, "every tier has providers: a life wants one for itself, to count every sat");
    const life = new Life();
    life.#name = name;
    life.#api = api;
    life.#chain = new Chain(options.node, config.contracts);
    life.#steps = new Steps(api, config, (step, facts) => emit({ life: name, step, ...facts }));
    life.#provider = new Wallet(accounts[1].private_key, config);
    life.#buyer = new Wallet(accounts[2].private_key, config);
    life.#tier = empty.tier;
    return life;
  }

  async expiring() {
    return this.#play(async (policy) => {
      await this.#steps.expire(policy, REQUEST_LIFE + 2);
      const onChain = await this.#chain.policy(policy.policy_id);
      assert.equal(onChain.status, "expired");
      return 0;
    });
  }

  async activated() {
    return this.#play(async (policy) => {
      await this.#api.post("/v1/devnet/mine", { blocks: 1 });
      await this.#api.post("/v1/devnet/price", { usd_e8: CRASHED });
      const settled = await this.#steps.activate(this.#buyer, policy);
      const onChain = await this.#chain.policy(policy.policy_id);
      const owed = Math.floor((AMOUNT * (STRIKE - CRASHED)) / CRASHED);
      assert.equal(onChain.status, "settled");
      assert.equal(onChain.price, CRASHED);
      assert.equal(onChain.payout, owed);
      assert.equal(settled.settlement.rule, "daemon");
      assert.equal(settled.exercised_by, "owner");
      return owed;
    });
  }

  async #play(ending) {
    await this.#api.post("/v1/devnet/price", { usd_e8: SPOT });
    const before = await this.#look();
    await this.#steps.deposit(this.#provider, DEPOSIT, this.#tier);
    const policy = await this.#steps.create(this.#buyer, {
      kind: "put",
      amount_sats: AMOUNT,
      strike_usd_e8: STRIKE,
      max_payout_sats: AMOUNT,
      tenor_blocks: TENOR,
      tier: this.#tier,
    });
    assert.equal(await this.#chain.collateral(policy.policy_id), AMOUNT);

    const payout = await ending(policy);

    const { premium_sats: premium, fee_sats: fee } = policy;
    const earned = premium - fee;
    const withdrawal = await this.#steps.withdrawAll(this.#provider, this.#tier);
    assert.equal(withdrawal.amount, DEPOSIT + earned - payout, "all that is hers");
    assert.equal(await this.#chain.isSerialUsed(withdrawal.serial), true);
    assert.equal(await this.#chain.collateral(policy.policy_id), 0);

    const after = await this.#look();
    const change = differences(before, after);
    assert.deepEqual(change, {
      buyer: payout - premium,
      provider: earned - payout,
      vault: DEPOSIT + premium - payout - withdrawal.amount,
      treasury: fee,
      available: fee,
      locked: 0,
      buffer: 0,
      deposited: DEPOSIT + fee,
      withdrawn: withdrawal.amount,
      premiums: earned,
      payouts: payout,
    });
    assert.equal(change.vault, fee, "nothing is left but the treasury's fee");
    assert.equal(after.vault, after.available + after.locked + after.buffer);
    emit({ life: this.#name, ok: true, tier: this.#tier, premium, fee, payout, after });
  }

  /** Every balance that a life moves, by read-only calls. */
  async #look() {
    const { available, locked, buffer, deposited, withdrawn, premiums, payouts } = await this.#chain.totals();
    const treasury = await this.#chain.provider(await this.#chain.treasury());
    return {
      buyer: await this.#chain.balance(this.#buyer.address),
      provider: await this.#chain.balance(this.#provider.address),
      vault: await this.#chain.vault(),
      treasury: treasury.deposited - treasury.withdrawn,
      available,
      locked,
      buffer,
      deposited,
      withdrawn,
      premiums,
      payouts,
    };
  }
}

function differences(before, after) {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]));
}

const LIVES = { a: (life) => life.expiring(), b: (life) => life.activated() };

async function main() {
  const names = options.life === "both" ? Object.keys(LIVES) : [options.life];
  for (const name of names) {
    assert.ok(name in LIVES, `--life is a, b or both, not ${name}`);
    await LIVES[name](await Life.begin(name));
  }
}

try {
  await main();
} catch (error) {
  emit({ ok: false, error: error.message, problem: error.problem ?? null });
  process.exitCode = 1;
}
