import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { DEPLOYER, ok, refusal } from "./support/chain";
import { signatures, type Terms, termsFields } from "./support/messages";
import { ALICE, aWorld, BTC, GUARDIAN, HOLDER, STRANGER, TREASURY, usd } from "./support/world";

describe("buy-policy", () => {
  it("moves the premium, locks the collateral, credits the fee to the treasury and stores the terms", async () => {
    const world = await aWorld();
    const before = world.chain.balance(HOLDER.address);
    const terms = world.terms();
    const now = world.chain.height;

    expect(world.buy({}, { terms })).toEqual(ok(1n));

    expect(world.chain.balance(HOLDER.address)).toBe(before - terms.premium);
    expect(world.totals()).toMatchObject({
      available: 10n * BTC + 300_000n - 5_000_000n,
      locked: 5_000_000n,
      buffer: 0n,
      deposited: 10n * BTC + 15_000n,
      premiums: 285_000n,
    });
    expect(world.provider(TREASURY)).toEqual({ deposited: 15_000n, withdrawn: 0n, escaped: 0n, since: now });
    expect(world.collateral(1n)).toBe(5_000_000n);
    expect(world.policy(1n)).toEqual({
      "quote-id": terms.quoteId,
      owner: terms.owner,
      option: "put",
      strike: terms.strike,
      amount: terms.amount,
      collateral: terms.collateral,
      premium: terms.premium,
      fee: terms.fee,
      tier: "balanced",
      expiry: terms.expiry,
      start: now,
      status: "active",
      price: 0n,
      payout: 0n,
      ended: 0n,
    });
    const read = (method: string): unknown =>
      world.chain.read("policy-registry", method, [Cl.bufferFromHex(terms.quoteId)]);
    expect(read("is-quote-used")).toBe(true);
    expect(read("get-policy-of-quote")).toBe(1n);
    expect(world.chain.read("liquidity-pool", "get-window")).toMatchObject({
      sold: 5_000_000n,
      outflow: 0n,
      profit: 0n,
    });
  });

  it("prints the policy and then the lock, with all that a follower needs", async () => {
    const world = await aWorld();
    const terms = world.terms();
    world.must(world.buy({}, { terms, price: usd(64_000) }));
    const [created, locked] = world.chain.printed.slice(-2);

    expect(created).toEqual({
      topic: "policy-created",
      version: 1n,
      height: world.chain.height,
      "policy-id": 1n,
      price: usd(64_000),
      "price-height": world.chain.height,
      terms: {
        "quote-id": terms.quoteId,
        owner: terms.owner,
        option: terms.option,
        strike: terms.strike,
        amount: terms.amount,
        collateral: terms.collateral,
        premium: terms.premium,
        fee: terms.fee,
        tier: terms.tier,
        expiry: terms.expiry,
        "valid-until": terms.validUntil,
        "valid-until-time": terms.validUntilTime,
      },
    });
    expect(locked).toEqual({
      topic: "collateral-locked",
      version: 1n,
      height: world.chain.height,
      "policy-id": 1n,
      amount: terms.collateral,
      premium: terms.premium,
      fee: terms.fee,
      treasury: TREASURY,
      totals: world.totals(),
    });
  });

  it("sells a call too, in every tier, at each bound of the terms", async () => {
    const world = await aWorld({ parameters: { "sale-share": 10_000n } });
    const now = world.chain.height;
    const good: Partial<Terms>[] = [
      { option: "call", strike: usd(70_000) },
      { tier: "conservative" },
      { tier: "aggressive" },
      { amount: 100_000n, collateral: 10_000n, premium: 1n, fee: 0n },
      { amount: 1_000_000_000n, collateral: 50_000_000n },
      { amount: 1_000_000_000n, collateral: 500_000_000n },
      { collateral: 10_000_000n },
      { premium: 10_000_000n, fee: 1_000_000n },
      { premium: 500n, fee: 50n, collateral: 5_000_000n },
      { expiry: now + 1n },
      { expiry: now + 25_920n },
      { validUntil: now },
      { strike: 1n },
    ];
    for (const changes of good) expect(world.buy(changes), Object.keys(changes).join()).toHaveProperty("ok");
  });

  it("refuses each term one step beyond its bound", async () => {
    const world = await aWorld();
    const now = world.chain.height;
    const bad: Partial<Terms>[] = [
      { option: "swap" },
      { option: "" },
      { strike: 0n },
      { strike: 9_000_000_000_000_001n },
      { amount: 99_999n, collateral: 10_000n },
      { amount: 1_000_000_001n, collateral: 90_000_000n },
      { amount: 100_000n, collateral: 9_999n },
      { collateral: 499_999n },
      { collateral: 10_000_001n },
      { premium: 0n },
      { premium: 10_000_001n },
      { premium: 499n, fee: 0n },
      { fee: 30_001n },
      { tier: "reckless" },
      { expiry: now },
      { expiry: now + 25_921n },
    ];
    for (const changes of bad)
      expect(world.buy(changes), JSON.stringify(Object.keys(changes))).toEqual(refusal(106));
  });

  it("refuses a caller in between and a buyer who is not the owner of the terms", async () => {
    const world = await aWorld();
    world.chain.deploy(
      "proxy",
      `
      (define-public (buy
          (terms { quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint,
            collateral: uint, premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint,
            valid-until-time: uint }))
        (contract-call? .liquidity-pool buy-policy terms (list) u1 u1 (list)))`,
    );
    const terms = world.terms();

    expect(
      world.chain.call(`${DEPLOYER}.proxy`, "buy", [Cl.tuple(termsFields(terms))], HOLDER.address),
    ).toEqual(refusal(200));
    expect(world.buy({}, { terms, caller: ALICE.address })).toEqual(refusal(201));
  });

  it("refuses more collateral than is available, to the sat", async () => {
    const world = await aWorld({ deposit: 5_000_000n, parameters: { "sale-share": 10_000n } });

    expect(world.buy({ collateral: 5_000_001n })).toEqual(refusal(211));
    expect(world.buy({ collateral: 5_000_000n })).toEqual(ok(1n));
  });

  it("refuses more than a window's share of the vault, to the sat, and opens again with the next window", async () => {
    const world = await aWorld({ deposit: 40_000_000n });
    const limit = 10_000_000n;

    expect(world.buy({ collateral: limit + 1n, amount: 20_000_000n })).toEqual(refusal(215));
    expect(world.buy({ collateral: limit, amount: 20_000_000n })).toEqual(ok(1n));
    expect(world.buy({ collateral: 10_000n, amount: 100_000n, premium: 1n, fee: 0n })).toHaveProperty("ok"); // the premium raised the vault
    expect(world.buy({ collateral: 1_000_000n })).toEqual(refusal(215));
    world.chain.reach(144n);
    expect(world.buy({ collateral: 1_000_000n })).toHaveProperty("ok");
  });

  it("refuses a quote that has lapsed by height or by time, and none before", async () => {
    const world = await aWorld();

    expect(world.buy({ validUntil: world.chain.height - 1n })).toEqual(refusal(107));
    expect(world.buy({ validUntil: world.chain.height })).toHaveProperty("ok");
    expect(world.buy({ validUntilTime: world.chain.time - 1n })).toEqual(refusal(107));
    expect(world.buy({ validUntilTime: world.chain.time })).toHaveProperty("ok");
  });

  it("refuses a reading that is too old, of a height to come, or out of the price's bounds", async () => {
    const world = await aWorld();
    const height = world.chain.height;
    world.chain.pass(2);

    expect(world.buy({}, { height })).toEqual(ok(1n));
    expect(world.buy({}, { height: height - 1n })).toEqual(refusal(110));
    expect(world.buy({}, { height: height + 3n })).toEqual(refusal(110));
    expect(world.buy({}, { price: 0n })).toEqual(refusal(110));
    expect(world.buy({ option: "call" }, { price: 9_000_000_000_000_001n })).toEqual(refusal(110));
  });

  it("refuses a policy that would pay at once more than it costs net of the fee, to the sat", async () => {
    const world = await aWorld();
    const price = usd(58_000); // pays 344,827 sats
    const changes = { premium: 354_827n, fee: 10_000n };

    expect(world.buy({ ...changes, fee: 10_001n }, { price })).toEqual(refusal(112));
    expect(world.buy(changes, { price })).toEqual(ok(1n));
  });

  it("refuses while sales are paused, and when the buyer cannot pay", async () => {
    const world = await aWorld();
    const poor = world.terms({ owner: STRANGER });

    expect(world.buy({}, { terms: poor })).toEqual(refusal(1));
    world.govern("pause", [Cl.stringAscii("sales"), Cl.uint(10)], GUARDIAN);
    expect(world.buy()).toEqual(refusal(104));
    world.chain.pass(10);
    expect(world.buy()).toEqual(ok(1n));
  });

  it("leaves nothing behind when the premium cannot be paid: the quote is good still", async () => {
    const world = await aWorld();
    const terms = world.terms({ owner: STRANGER });
    const books = world.totals();

    expect(world.buy({}, { terms })).toEqual(refusal(1));
    expect(world.totals()).toEqual(books);
    world.chain.mint(STRANGER, 300_000n);
    expect(world.buy({}, { terms })).toEqual(ok(1n));
  });

  it("refuses at a closed pool", async () => {
    const world = await aWorld();
    world.chain.pass(4_330);
    world.must(world.openEscape());

    expect(world.buy()).toEqual(refusal(203));
  });
});

describe("create-policy-entry", () => {
  it("is for the pool alone", async () => {
    const world = await aWorld();
    const args = [
      Cl.tuple(termsFields(world.terms())),
      signatures([]),
      Cl.uint(usd(65_000)),
      Cl.uint(1),
      signatures([]),
    ];

    for (const caller of [HOLDER.address, STRANGER]) {
      expect(world.registry("create-policy-entry", args, caller)).toEqual(refusal(101));
    }
  });
});
