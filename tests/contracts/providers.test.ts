import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { DEPLOYER, ok, POOL, REGISTRY, refusal } from "./support/chain";
import { digest, highS, type Key, sign, signatures, type Voucher, voucherMessage } from "./support/messages";
import {
  ALICE,
  ATTESTORS,
  aWorld,
  BOB,
  BTC,
  CAROL,
  GUARDIAN,
  HOLDER,
  id16,
  QUOTE_KEY,
  SPARE_VOUCHER_KEY,
  STRANGER_KEY,
  usd,
  VOUCHER_KEY,
  type World,
} from "./support/world";

const pause = (world: World, what: string, blocks = 10): unknown =>
  world.govern("pause", [Cl.stringAscii(what), Cl.uint(blocks)], GUARDIAN);

const used = (world: World, serial: string): unknown =>
  world.chain.read("liquidity-pool", "is-serial-used", [Cl.bufferFromHex(serial)]);

/** Limits out of the way, where a test is about something else. */
const WIDE = { "outflow-share": 10_000n, "profit-share": 10_000n, "sale-share": 10_000n };

describe("deposit-funds", () => {
  it("moves the sats into what is available and credits the provider from its first deposit on", async () => {
    const world = await aWorld({ deposit: 0n });
    const since = world.chain.height;

    expect(world.deposit(BOB, 3n * BTC)).toEqual(ok(3n * BTC));
    world.chain.pass(4);
    expect(world.deposit(BOB, BTC, "aggressive")).toEqual(ok(BTC));

    expect(world.provider(BOB.address)).toEqual({ deposited: 4n * BTC, withdrawn: 0n, escaped: 0n, since });
    expect(world.chain.balance(POOL)).toBe(4n * BTC);
    expect(world.lastPrinted("funds-deposited")).toEqual({
      topic: "funds-deposited",
      version: 1n,
      height: world.chain.height,
      provider: BOB.address,
      amount: BTC,
      tier: "aggressive",
      deposited: 4n * BTC,
      totals: world.totals(),
    });
  });

  it("refuses a contract in between, a pause of sales, an unknown tier, dust, and what the caller lacks", async () => {
    const world = await aWorld();
    world.chain.deploy(
      "giver",
      `(define-public (give) (contract-call? .liquidity-pool deposit-funds u10000 "balanced"))`,
    );

    expect(world.chain.call(`${DEPLOYER}.giver`, "give", [], BOB.address)).toEqual(refusal(200));
    expect(world.deposit(BOB, BTC, "reckless")).toEqual(refusal(206));
    expect(world.deposit(BOB, 9_999n)).toEqual(refusal(207));
    expect(world.deposit(BOB, 10_000n)).toEqual(ok(10_000n));
    expect(world.deposit(BOB, 101n * BTC)).toEqual(refusal(1));
    pause(world, "sales");
    expect(world.deposit(BOB, BTC)).toEqual(refusal(205));
    world.chain.pass(4_330);
    world.must(world.openEscape());
    expect(world.deposit(BOB, BTC)).toEqual(refusal(203));
  });

  it("lets a contract provide, and withdraw, by calling as itself", async () => {
    const world = await aWorld();
    world.chain.deploy(
      "fund",
      `
      (define-public (give (amount uint)) (as-contract? ((with-all-assets-unsafe))
        (try! (contract-call? .liquidity-pool deposit-funds amount "balanced"))))
      (define-public (take (amount uint) (serial (buff 16)) (until uint) (signatures (list 7 (buff 65))))
        (as-contract? () (try!
          (contract-call? .liquidity-pool withdraw-funds amount "balanced" serial until signatures))))`,
    );
    const fund = `${DEPLOYER}.fund`;
    world.must(
      world.chain.call(
        world.chain.token,
        "transfer",
        [Cl.uint(BTC), Cl.principal(BOB.address), Cl.principal(fund), Cl.none()],
        BOB.address,
      ),
    );

    expect(world.chain.call(fund, "give", [Cl.uint(BTC)], ALICE.address)).toEqual(ok(BTC));
    expect(world.provider(fund)).toMatchObject({ deposited: BTC });
    const voucher = { provider: fund, amount: BTC, tier: "balanced", serial: id16(501), validUntil: 100n };
    const signed = signatures([sign(digest(voucherMessage(voucher)), VOUCHER_KEY)]);
    const args = [Cl.uint(BTC), Cl.bufferFromHex(voucher.serial), Cl.uint(100n), signed];
    expect(world.chain.call(fund, "take", args, ALICE.address)).toEqual(ok(BTC));
    expect(world.chain.balance(fund)).toBe(BTC);
  });
});

describe("withdraw-funds", () => {
  it("pays the provider named in the voucher and uses the serial up", async () => {
    const world = await aWorld();
    const before = world.chain.balance(ALICE.address);

    expect(world.withdraw(ALICE, BTC, { serial: id16(500) })).toEqual(ok(BTC));

    expect(world.chain.balance(ALICE.address)).toBe(before + BTC);
    expect(world.provider(ALICE.address)).toMatchObject({ deposited: 10n * BTC, withdrawn: BTC });
    expect(world.totals()).toMatchObject({ available: 9n * BTC, withdrawn: BTC });
    expect(used(world, id16(500))).toBe(true);
    expect(used(world, id16(501))).toBe(false);
    expect(world.lastPrinted("funds-withdrawn")).toEqual({
      topic: "funds-withdrawn",
      version: 1n,
      height: world.chain.height,
      provider: ALICE.address,
      amount: BTC,
      tier: "balanced",
      serial: id16(500),
      withdrawn: BTC,
      totals: world.totals(),
    });
    expect(world.chain.read("liquidity-pool", "get-window")).toMatchObject({ outflow: BTC, profit: 0n });
  });

  it("refuses a voucher replayed, lapsed, or for nothing", async () => {
    const world = await aWorld();
    const voucher = { serial: id16(500), validUntil: world.chain.height + 1n };

    expect(world.withdraw(ALICE, 0n)).toEqual(refusal(207));
    expect(world.withdraw(ALICE, 1_000n, { validUntil: world.chain.height - 1n })).toEqual(refusal(208));
    expect(world.withdraw(ALICE, 1_000n, voucher)).toEqual(ok(1_000n));
    expect(world.withdraw(ALICE, 1_000n, voucher)).toEqual(refusal(209));
    expect(world.withdraw(ALICE, 2_000n, voucher), "the serial counts, not the amount").toEqual(refusal(209));
    world.chain.pass();
    expect(world.withdraw(ALICE, 1_000n, { validUntil: world.chain.height })).toEqual(ok(1_000n));
    world.chain.pass();
    expect(world.withdraw(ALICE, 1_000n, voucher)).toEqual(refusal(208));
  });

  it("refuses a voucher stolen, altered, of another kind, contract or chain, or not signed by voucher keys", async () => {
    const world = await aWorld();
    world.must(world.deposit(BOB, BTC));
    const terms = { tier: "balanced", serial: id16(500), validUntil: world.chain.height + 2n };
    const voucher: Voucher = { provider: ALICE.address, amount: 1_000n, ...terms };
    const hash = digest(voucherMessage(voucher));
    const good = sign(hash, VOUCHER_KEY);
    const attempt = (who: Key, amount: bigint, signatures: string[], changes = {}): unknown =>
      world.withdraw(who, amount, { ...terms, ...changes, signatures });

    expect(attempt(BOB, 1_000n, [good]), "stolen").toEqual(refusal(210));
    expect(attempt(ALICE, 1_001n, [good])).toEqual(refusal(210));
    expect(attempt(ALICE, 1_000n, [good], { tier: "aggressive" })).toEqual(refusal(210));
    expect(attempt(ALICE, 1_000n, [good], { serial: id16(501) })).toEqual(refusal(210));
    expect(attempt(ALICE, 1_000n, [good], { validUntil: terms.validUntil + 1n })).toEqual(refusal(210));
    for (const elsewhere of [
      digest(voucherMessage(voucher, REGISTRY)),
      digest(voucherMessage(voucher, POOL, "quote")),
      digest(voucherMessage(voucher), 1n),
    ]) {
      expect(attempt(ALICE, 1_000n, [sign(elsewhere, VOUCHER_KEY)])).toEqual(refusal(210));
    }
    for (const key of [QUOTE_KEY, ATTESTORS[0], STRANGER_KEY, ALICE]) {
      expect(attempt(ALICE, 1_000n, [sign(hash, key)])).toEqual(refusal(210));
    }
    for (const list of [
      [],
      [good, good],
      [good, highS(good)],
      [highS(good)],
      [good.slice(0, 128)],
      [good, sign(hash, STRANGER_KEY)],
    ]) {
      expect(attempt(ALICE, 1_000n, list)).toEqual(refusal(210));
    }
    expect(attempt(ALICE, 1_000n, [good, sign(hash, SPARE_VOUCHER_KEY)])).toEqual(ok(1_000n));
  });

  it("refuses a contract in between, a pause of withdrawals, and a closed pool", async () => {
    const world = await aWorld();
    world.chain.deploy(
      "taker",
      `
      (define-public (take) (contract-call? .liquidity-pool withdraw-funds u1 "balanced" 0x01 u9 (list)))`,
    );

    expect(world.chain.call(`${DEPLOYER}.taker`, "take", [], ALICE.address)).toEqual(refusal(200));
    pause(world, "withdrawals");
    expect(world.withdraw(ALICE, 1_000n)).toEqual(refusal(205));
    expect(world.deposit(BOB, BTC), "deposits go on").toEqual(ok(BTC));
    world.chain.pass(4_330);
    expect(world.withdraw(ALICE, 1_000n)).toEqual(ok(1_000n));
    world.must(world.openEscape());
    expect(world.withdraw(ALICE, 1_000n)).toEqual(refusal(203));
  });

  it("takes the last available sat and none that is locked", async () => {
    const world = await aWorld({ deposit: 20_000_000n, parameters: WIDE });
    world.sold();
    const { available } = world.totals() as { available: bigint };

    expect(world.withdraw(ALICE, available + 1n)).toEqual(refusal(211));
    expect(world.withdraw(ALICE, available)).toEqual(ok(available));
    expect(world.totals()).toMatchObject({ available: 0n, locked: 5_000_000n });
  });
});

describe("the limits on withdrawals", () => {
  it("let a window's share of the vault out, to the sat, and the next window's again", async () => {
    const world = await aWorld();
    const limit = (10n * BTC * 2_500n) / 10_000n;

    expect(world.limits(ALICE)).toMatchObject({ outflow: limit, principal: 10n * BTC, lifetime: 20n * BTC });
    expect(world.withdraw(ALICE, limit + 1n)).toEqual(refusal(213));
    expect(world.withdraw(ALICE, limit - 1n)).toHaveProperty("ok");
    expect(world.limits(ALICE), "what has gone this window still counts as vault").toMatchObject({
      outflow: 1n,
    });
    expect(world.withdraw(ALICE, 2n)).toEqual(refusal(213));
    expect(world.withdraw(ALICE, 1n)).toEqual(ok(1n));
    world.chain.reach(144n);
    expect(world.limits(ALICE)).toMatchObject({ outflow: (75n * BTC) / 10n / 4n });
    expect(world.withdraw(ALICE, (75n * BTC) / 10n / 4n + 1n)).toEqual(refusal(213));
  });

  it("always let the window's floor out, so that the last coin can leave", async () => {
    const world = await aWorld({ deposit: 1_000_000n });

    expect(world.withdraw(ALICE, 1_000_000n)).toEqual(ok(1_000_000n));
    expect(world.totals()).toMatchObject({ available: 0n });
  });

  it("hold back what leavers take above what they put in, to the sat", async () => {
    const world = await aWorld({ deposit: 100n * BTC - 1n });
    world.must(world.deposit(BOB, 1n * BTC));
    const limit = ((101n * BTC - 1n) * 200n) / 10_000n;
    const put = BTC;

    expect(world.limits(BOB)).toMatchObject({ principal: put, profit: limit, lifetime: 2n * put });
    expect(world.withdraw(BOB, put)).toEqual(ok(put));
    expect(world.limits(BOB)).toMatchObject({ principal: 0n, lifetime: put });
    expect(world.withdraw(BOB, put + 1n)).toEqual(refusal(212));
    world.must(world.deposit(CAROL, 5n * BTC));
    world.must(world.withdraw(CAROL, 5n * BTC));
    const left = (world.limits(CAROL) as { profit: bigint }).profit;
    expect(world.withdraw(CAROL, left + 1n)).toEqual(refusal(214));
    expect(world.withdraw(CAROL, left)).toEqual(ok(left));
    expect(world.withdraw(BOB, 1n)).toEqual(refusal(214));
  });

  it("count the part above the deposits alone as profit, when one withdrawal spans both", async () => {
    const world = await aWorld({ deposit: 100n * BTC });
    world.must(world.deposit(BOB, BTC));

    world.must(world.withdraw(BOB, BTC + 700n));
    expect(world.chain.read("liquidity-pool", "get-window")).toMatchObject({
      outflow: BTC + 700n,
      profit: 700n,
    });
  });

  it("let a thief of the voucher keys wash no more than the profit limit in a window", async () => {
    const world = await aWorld({ deposit: 100n * BTC });
    const thief = BOB;
    const before = world.chain.balance(thief.address);
    for (let cycle = 0; cycle < 6; cycle += 1) {
      world.deposit(thief, 5n * BTC);
      const most = world.mostToWithdraw(thief);
      if (most > 0n) world.must(world.withdraw(thief, most));
    }
    const gain = world.chain.balance(thief.address) - before;
    const window = world.chain.read("liquidity-pool", "get-window") as { profit: bigint };

    // 2 % of the vault, which the thief's own deposits had swollen by at most 5 BTC and the outflow by 25 %.
    expect(gain).toBeLessThanOrEqual((135n * BTC * 200n) / 10_000n);
    expect(window.profit).toBeLessThanOrEqual((135n * BTC * 200n) / 10_000n);
  });

  it("never let a provider take more in all than its deposits and the yield cap, window after window", async () => {
    const world = await aWorld({ deposit: 100n * BTC, parameters: { "yield-cap": 1_000n } });
    world.must(world.deposit(BOB, BTC));
    for (let height = 144n; height < 1_440n; height += 144n) {
      world.chain.reach(height);
      const most = (world.limits(BOB) as { lifetime: bigint }).lifetime;
      if (most > 0n) world.must(world.withdraw(BOB, most < BTC / 2n ? most : BTC / 2n));
    }

    expect(world.provider(BOB.address)).toMatchObject({ withdrawn: (BTC * 11n) / 10n });
    expect(world.withdraw(BOB, 1n)).toEqual(refusal(212));
  });
});

describe("the treasury", () => {
  it("withdraws its fees like any provider's deposit", async () => {
    const world = await aWorld();
    const treasury = CAROL;
    world.govern("propose-principal", [Cl.stringAscii("treasury"), Cl.principal(treasury.address)]);
    world.chain.pass(144);
    world.govern("execute-change", [Cl.uint(world.lastPrinted("change-proposed")?.id as bigint)]);
    world.sold();

    expect(world.provider(treasury.address)).toMatchObject({ deposited: 15_000n });
    expect(world.withdraw(treasury, 15_000n)).toEqual(ok(15_000n));
    expect(world.policy(1n)).toMatchObject({ owner: HOLDER.address, strike: usd(60_000) });
  });
});
