/** What a thief of each key can take at most, in what time, and what ends it: the figures of docs/security.md. */
import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, type Plain, refusal } from "./support/chain";
import { digest, type Key, key, LiabilityTree, saleId, sign, voucherMessage } from "./support/messages";
import {
  ALICE,
  ATTESTORS,
  aWorld,
  BACKEND,
  BOB,
  BTC,
  CAROL,
  GUARDIAN,
  HOLDER,
  id16,
  OTHER_HOLDER,
  OWNER,
  QUOTE_KEY,
  SPARE_QUOTE_KEY,
  SPARE_VOUCHER_KEY,
  STRANGER,
  usd,
  VOUCHER_KEY,
  type World,
} from "./support/world";

const VAULT = 10n * BTC;
const WINDOW = 144n;
const TIMELOCK = 144n;
const THIEF = BOB;
/** With the strike at 60,000 and the whole amount as collateral, a put pays all of it from here down. */
const TOUCH = usd(30_000);

const text = (word: string) => Cl.stringAscii(word);
const govern = (world: World, name: string, args: Parameters<World["registry"]>[1], by: string): Plain =>
  world.registry(name, args, by);
const pause = (world: World, what: string, blocks = 180n): Plain =>
  govern(world, "pause", [text(what), Cl.uint(blocks)], GUARDIAN);
const cancel = (world: World, by: string): Plain => govern(world, "cancel-changes", [], by);
const execute = (world: World, id: Plain, by = OWNER): Plain =>
  govern(world, "execute-change", [Cl.uint(id as bigint)], by);
const removeKey = (world: World, role: string, { compressed }: Key, by = GUARDIAN): Plain =>
  govern(world, "remove-signer", [text(role), Cl.bufferFromHex(compressed)], by);
const proposeKey = (world: World, role: string, { compressed }: Key): Plain =>
  world.must(govern(world, "propose-signer", [text(role), Cl.bufferFromHex(compressed)], OWNER));
const proposeNumber = (world: World, name: string, value: bigint): Plain =>
  world.must(govern(world, "propose-parameter", [text(name), Cl.uint(value)], OWNER));
const proposeSeat = (world: World, role: string, who: string): Plain =>
  world.must(govern(world, "propose-principal", [text(role), Cl.principal(who)], OWNER));
const seat = (world: World, role: string): Plain =>
  world.chain.read("policy-registry", "get-principal", [text(role)]);

/** The dearest cover for the least premium, which the thief of quote keys and attestors sells to itself. */
const nearlyFree = (world: World, collateral: bigint) =>
  world.terms({
    owner: THIEF.address,
    amount: collateral,
    collateral,
    premium: (collateral + 9_999n) / 10_000n,
    fee: 0n,
  });

/** The next block of a window in which nothing has moved. */
const nextWindow = (world: World): void => {
  world.chain.pass(WINDOW - (world.chain.height % WINDOW));
};

describe("a thief of the backend's key", () => {
  const lock = (world: World, amount: bigint, by = BACKEND): Plain =>
    world.pool("lock-collateral-aggregate", [Cl.uint(amount)], by);

  it("takes no money: it keeps a fifth of the vault out of use until the owner switches it off", async () => {
    const world = await aWorld();
    const id = world.sold();

    const most = ((VAULT + 300_000n) * 2_000n) / 10_000n;
    expect(lock(world, most + 1n)).toEqual(refusal(218));
    expect(lock(world, most)).toEqual(ok(most));
    expect(world.chain.balance(BACKEND)).toBe(0n);
    world.chain.pass();
    expect(world.settle(id, { price: TOUCH }), "holders are paid meanwhile").toEqual(ok(5_000_000n));
    expect(world.withdraw(ALICE, BTC), "providers withdraw").toEqual(ok(BTC));

    world.must(govern(world, "set-backend-principal", [Cl.principal(OWNER)], OWNER));
    expect(lock(world, 1n), "at once").toEqual(refusal(202));
    expect(world.pool("unlock-collateral-aggregate", [Cl.uint(most)], OWNER)).toEqual(ok(most));
  });

  it("publishes a false root that a true one replaces, long before anybody is paid by it", async () => {
    const world = await aWorld();
    world.chain.pass();
    const books = { equity: VAULT, deposited: VAULT, withdrawn: 0n };
    const forged = new LiabilityTree(new Map([[THIEF.address, books]]));
    world.must(world.publish(forged, world.chain.height - 1n));

    expect(world.escape(THIEF.address, books)).toEqual(refusal(204));
    expect(world.openEscape()).toEqual(refusal(220));
    world.must(govern(world, "set-backend-principal", [Cl.principal(OWNER)], OWNER));
    const root = new LiabilityTree(new Map([[ALICE.address, books]]));
    const sums = [VAULT, VAULT, 0n, world.chain.height - 1n].map((sum) => Cl.uint(sum));
    world.must(world.pool("publish-liabilities", [Cl.bufferFromHex(root.root), ...sums], OWNER));
    world.chain.pass(4_321);
    world.must(world.openEscape());

    expect(world.escape(THIEF.address, books)).toEqual(refusal(221));
    expect(world.escape(ALICE.address, books)).toEqual(ok(VAULT));
  });

  it("with a false root that nobody replaces pays a stranger to the pool nothing all the same", async () => {
    const world = await aWorld();
    world.chain.pass();
    const forged = new LiabilityTree(
      new Map([
        [STRANGER, { equity: VAULT / 2n, deposited: 0n, withdrawn: 0n }],
        [ALICE.address, { equity: VAULT / 2n, deposited: VAULT, withdrawn: 0n }],
      ]),
    );
    world.must(world.publish(forged, world.chain.height - 1n));
    world.chain.pass(4_321);
    world.must(world.openEscape());

    expect(world.escape(STRANGER, forged.leaf(STRANGER), forged.proof(STRANGER))).toEqual(refusal(222));
  });
});

describe("a thief of the quote keys", () => {
  it("sells nothing, and a holder's policy goes on", async () => {
    const world = await aWorld();
    const held = world.sold();
    const terms = nearlyFree(world, BTC);

    expect(world.buy({}, { terms, readings: [] })).toEqual(refusal(111));
    expect(world.buy({}, { terms, readings: world.attest(usd(65_000), world.chain.height) })).toEqual(
      refusal(111),
    );
    const other = world.terms({ owner: THIEF.address });
    const reading = world.read(other.quoteId, id16(77), usd(65_000), world.chain.height);
    expect(world.buy({}, { terms, readings: reading })).toEqual(refusal(111));

    world.must(removeKey(world, "quote", QUOTE_KEY));
    expect(world.buy({}, { terms }), "the key is gone at once").toEqual(refusal(109));
    world.chain.pass();
    expect(world.settle(held, { price: TOUCH })).toEqual(ok(5_000_000n));
    expect(world.withdraw(ALICE, BTC), "providers withdraw").toEqual(ok(BTC));
  });

  it("with enough attestors takes a quarter of the vault a window, and nothing once paused", async () => {
    const world = await aWorld();
    nextWindow(world);
    const before = world.chain.balance(THIEF.address);
    const share = VAULT / 4n;

    expect(world.buy({}, { terms: nearlyFree(world, share + 1n) })).toEqual(refusal(215));
    const id = world.must(world.buy({}, { terms: nearlyFree(world, share) })) as bigint;
    expect(world.buy({}, { terms: nearlyFree(world, 1_000_000n) }), "the window is used up").toEqual(
      refusal(215),
    );
    world.chain.pass();
    expect(world.settle(id, { price: TOUCH })).toEqual(ok(share));
    expect(world.chain.balance(THIEF.address) - before).toBe(share - share / 10_000n);

    nextWindow(world);
    const left = world.totals().available as bigint;
    expect(world.buy({}, { terms: nearlyFree(world, left / 4n + 1n) })).toEqual(refusal(215));
    const rest = left / 4n - 1_000_000n;
    const second = world.must(world.buy({}, { terms: nearlyFree(world, rest) })) as bigint;
    world.must(pause(world, "sales"));
    world.must(pause(world, "settlements"));
    world.chain.pass();
    expect(world.buy({}, { terms: nearlyFree(world, 1_000_000n) })).toEqual(refusal(104));
    expect(world.settle(second, { price: TOUCH })).toEqual(refusal(105));
  });

  it("never sells more than two windows' share in any stretch as long as a window", async () => {
    const world = await aWorld();
    world.chain.reach((world.chain.height / WINDOW + 1n) * WINDOW + WINDOW - 1n);
    const first = VAULT / 4n;
    world.must(world.buy({}, { terms: nearlyFree(world, first) }));
    world.chain.pass();
    const second = (VAULT + first / 10_000n) / 4n;
    world.must(world.buy({}, { terms: nearlyFree(world, second) }));

    expect(world.buy({}, { terms: nearlyFree(world, 1_000_000n) })).toEqual(refusal(215));
    world.chain.pass(WINDOW - 2n);
    expect(world.buy({}, { terms: nearlyFree(world, 1_000_000n) })).toEqual(refusal(215));
  });
});

describe("a thief of the voucher keys", () => {
  it("takes a fiftieth of the vault a window beyond its own deposits, and nothing once paused", async () => {
    const world = await aWorld();
    nextWindow(world);
    const before = world.chain.balance(THIEF.address);
    world.must(world.deposit(THIEF, BTC));
    const profit = ((VAULT + BTC) * 200n) / 10_000n;

    expect(world.withdraw(THIEF, BTC + profit + 1n)).toEqual(refusal(214));
    expect(world.withdraw(THIEF, BTC + profit)).toEqual(ok(BTC + profit));
    expect(world.withdraw(THIEF, 1n), "the window is used up").toEqual(refusal(214));
    expect(world.chain.balance(THIEF.address) - before).toBe(profit);

    nextWindow(world);
    world.must(pause(world, "withdrawals"));
    expect(world.withdraw(THIEF, 1n)).toEqual(refusal(205));
    const fresh = proposeKey(world, "voucher", key(61));
    world.chain.pass(TIMELOCK);
    world.must(execute(world, fresh));
    world.must(removeKey(world, "voucher", VOUCHER_KEY));
    world.must(removeKey(world, "voucher", SPARE_VOUCHER_KEY));
    world.chain.pass(36);
    expect(world.withdraw(THIEF, 1n), "the stolen key is gone when the pause ends").toEqual(refusal(210));
    const voucher = {
      provider: ALICE.address,
      amount: BTC,
      tier: "balanced",
      serial: id16(9_000),
      validUntil: world.chain.height,
    };
    const honest = [sign(digest(voucherMessage(voucher)), key(61))];
    expect(world.withdraw(ALICE, BTC, { ...voucher, signatures: honest })).toEqual(ok(BTC));
  });

  it("takes in all no more than it put in, however long it goes on", async () => {
    const world = await aWorld();
    const before = world.chain.balance(THIEF.address);
    world.must(world.deposit(THIEF, BTC / 2n));
    for (let window = 0; window < 8; window += 1) {
      nextWindow(world);
      const most = world.mostToWithdraw(THIEF);
      if (most > 0n) world.must(world.withdraw(THIEF, most));
    }

    expect(world.chain.balance(THIEF.address) - before).toBe(BTC / 2n);
    expect(world.withdraw(THIEF, 1n)).toEqual(refusal(212));
  });

  it("lets losing providers take back what they put in, a quarter of the vault a window, and no locked sat", async () => {
    const world = await aWorld({ parameters: { "sale-share": 10_000n } });
    const held = world.must(
      world.buy({ amount: 9n * BTC, collateral: 9n * BTC, premium: 900_000n }),
    ) as bigint;
    nextWindow(world);

    const free = BTC + 900_000n;
    expect(world.withdraw(ALICE, free + 1n), "what is locked stays").toEqual(refusal(211));
    world.must(world.deposit(THIEF, 5n * BTC));
    const quarter = (15n * BTC + 900_000n) / 4n;
    expect(world.withdraw(ALICE, quarter + 1n)).toEqual(refusal(213));
    expect(world.withdraw(ALICE, quarter)).toEqual(ok(quarter));
    expect(world.settle(held, { price: TOUCH })).toEqual(ok(9n * BTC));
  });
});

describe("a thief of attestors' keys", () => {
  it("fewer than must sign: gets nothing, by no door", async () => {
    const world = await aWorld();
    const held = world.sold({ expiry: world.chain.height + 500n });
    const owing = world.sold({ expiry: world.chain.height + 1n });
    const more = proposeNumber(world, "attestor", 2n);
    world.chain.pass(TIMELOCK);
    world.must(execute(world, more));
    const height = world.chain.height;

    expect(world.settle(held, { price: TOUCH, height, attestations: world.attest(TOUCH, height) })).toEqual(
      refusal(111),
    );
    expect(world.buy({ owner: THIEF.address })).toEqual(refusal(111));
    expect(world.release([owing], { price: usd(60_000), height: height - TIMELOCK + 1n })).toEqual(
      refusal(223),
    );
    expect(removeKey(world, "attestor", ATTESTORS[0]), "and its key is gone at once").toEqual(ok(true));
    const honest = world.attest(TOUCH, height, ATTESTORS.slice(1));
    expect(world.settle(held, { price: TOUCH, height, attestations: honest })).toEqual(ok(5_000_000n));
    expect(world.withdraw(ALICE, BTC), "providers withdraw").toEqual(ok(BTC));
  });

  it("as many as must sign: forces settlements, each paid to that policy's holder, up to all that is locked", async () => {
    const world = await aWorld();
    const [first, second] = [world.sold(), world.sold({ owner: OTHER_HOLDER.address })];
    const before = [HOLDER.address, OTHER_HOLDER.address].map((who) => world.chain.balance(who));
    const { available, locked } = world.totals() as { available: bigint; locked: bigint };
    world.chain.pass();

    for (const id of [first, second]) {
      expect(world.settle(id, { price: usd(1), caller: THIEF.address })).toEqual(ok(5_000_000n));
    }

    const after = [HOLDER.address, OTHER_HOLDER.address].map((who) => world.chain.balance(who));
    expect(after).toEqual(before.map((sats) => sats + 5_000_000n));
    expect(locked).toBe(10_000_000n);
    expect(world.totals()).toMatchObject({ available, locked: 0n, payouts: locked });
    expect(world.chain.balance(THIEF.address)).toBe(100n * BTC);
  });

  it("as many as must sign: is stopped by a pause that lasts until their keys are replaced", async () => {
    const world = await aWorld({ parameters: { attestor: 2n } });
    const stolen = ATTESTORS.slice(0, 2) as Key[];
    const height = world.chain.height;
    const price = usd(65_000);
    const terms = world.terms({ expiry: height + 1_000n });
    const sale = world.buy(
      {},
      { terms, readings: world.read(terms.quoteId, saleId(terms), price, height, stolen) },
    );
    const held = world.must(sale) as bigint;
    world.chain.pass();
    world.must(pause(world, "settlements", 180n));
    const fresh = [key(62), key(63)];
    const ids = fresh.map((one) => proposeKey(world, "attestor", one));
    const forged = (): Plain =>
      world.settle(held, {
        price: TOUCH,
        height: height + 1n,
        attestations: world.attest(TOUCH, height + 1n, stolen),
      });
    expect(forged()).toEqual(refusal(105));

    world.chain.pass(TIMELOCK);
    for (const id of ids) world.must(execute(world, id));
    for (const one of stolen) world.must(removeKey(world, "attestor", one));
    world.chain.pass(36);

    expect(forged(), "the pause is over and the signatures are worth nothing").toEqual(refusal(111));
    const now = world.chain.height;
    const honest = { price: TOUCH, height: now, attestations: world.attest(TOUCH, now, fresh) };
    expect(world.settle(held, honest)).toEqual(ok(5_000_000n));
  });
});

describe("a thief of the guardian's key", () => {
  it("takes no money, and stops what is owed for at most 180 of every 1,188 blocks", async () => {
    const world = await aWorld();
    const began = world.chain.height;
    let stopped = 0n;
    for (let cycle = 0; cycle < 2; cycle += 1) {
      for (const what of ["withdrawals", "settlements"]) {
        expect(pause(world, what, 181n)).toEqual(refusal(122));
        expect(pause(world, what, 180n)).toEqual(ok(true));
      }
      stopped += 180n;
      expect(world.withdraw(ALICE, 1n)).toEqual(refusal(205));
      world.chain.pass(180);
      expect(world.withdraw(ALICE, 1n), "by itself it is over").toEqual(ok(1n));
      world.chain.pass(1_007);
      for (const what of ["withdrawals", "settlements"]) {
        expect(pause(world, what, 1n), "one block before").toEqual(refusal(128));
      }
      world.chain.pass();
    }

    expect(world.chain.height - began).toBe(2n * 1_188n);
    expect(stopped).toBe(2n * 180n);
    expect(world.chain.balance(GUARDIAN)).toBe(0n);
  });

  it("takes the spare keys away and no more, stops sales for good, and cannot veto its own replacement", async () => {
    const world = await aWorld();
    const id = proposeSeat(world, "guardian", STRANGER);
    expect(removeKey(world, "voucher", SPARE_VOUCHER_KEY)).toEqual(ok(true));
    expect(removeKey(world, "voucher", VOUCHER_KEY)).toEqual(refusal(126));
    expect([QUOTE_KEY, SPARE_QUOTE_KEY].map((one) => removeKey(world, "quote", one))).toEqual([
      ok(true),
      ok(true),
    ]);
    for (let left = TIMELOCK; left > 0n; left -= 12n) {
      world.must(cancel(world, GUARDIAN));
      world.must(pause(world, "sales"));
      world.chain.pass(12);
    }

    expect(execute(world, id)).toEqual(ok(id));
    expect(seat(world, "guardian")).toBe(STRANGER);
    expect(pause(world, "sales")).toEqual(refusal(103));
    expect(govern(world, "resume", [text("sales")], OWNER)).toEqual(ok(true));
  });
});

describe("a thief of the owner's key", () => {
  it("changes nothing for 144 blocks, and never while the guardian voids what it proposes", async () => {
    const world = await aWorld();
    const ids = [
      proposeSeat(world, "owner", THIEF.address),
      proposeSeat(world, "treasury", THIEF.address),
      proposeKey(world, "attestor", THIEF),
      proposeKey(world, "voucher", THIEF),
    ];
    world.chain.pass(TIMELOCK - 1n);
    for (const change of ids) {
      expect(execute(world, change, change === ids[0] ? THIEF.address : OWNER)).toEqual(refusal(124));
    }
    world.must(cancel(world, GUARDIAN));
    const id = world.sold();
    world.chain.pass();
    expect(world.settle(id, { price: TOUCH }), "the life of policies goes on").toEqual(ok(5_000_000n));

    for (const change of ids) {
      expect(execute(world, change, change === ids[0] ? THIEF.address : OWNER)).toEqual(refusal(123));
    }
  });

  it("takes the guardian's seat first, and then everything else 144 blocks later: 288 in all", async () => {
    const world = await aWorld();
    const began = world.chain.height;
    const takeover = proposeSeat(world, "guardian", THIEF.address);
    world.chain.pass(TIMELOCK);
    proposeKey(world, "voucher", THIEF);
    world.must(cancel(world, GUARDIAN));
    world.must(execute(world, takeover));
    const last = proposeKey(world, "voucher", THIEF);
    expect(cancel(world, GUARDIAN), "the guardian is out").toEqual(refusal(103));
    world.chain.pass(TIMELOCK - 1n);
    expect(execute(world, last)).toEqual(refusal(124));
    world.chain.pass();
    expect(execute(world, last)).toEqual(ok(last));
    expect(world.chain.height - began).toBe(2n * TIMELOCK);
  });

  it("at once stops sales and takes the backend's place, and pays nobody", async () => {
    const world = await aWorld();
    const id = world.sold();
    for (const one of [QUOTE_KEY, SPARE_QUOTE_KEY]) world.must(removeKey(world, "quote", one, OWNER));
    world.must(govern(world, "set-backend-principal", [Cl.principal(OWNER)], OWNER));
    world.must(world.pool("lock-collateral-aggregate", [Cl.uint(2n * BTC)], OWNER));
    world.chain.pass();

    expect(world.buy()).toEqual(refusal(109));
    expect(world.chain.balance(OWNER)).toBe(0n);
    expect(world.settle(id, { price: TOUCH }), "holders are paid").toEqual(ok(5_000_000n));
    expect(world.withdraw(ALICE, BTC), "providers withdraw").toEqual(ok(BTC));
  });
});

describe("a thief of all hot keys at once", () => {
  it("takes in a window a quarter of the vault by policies and a fiftieth by vouchers, and gives holders all", async () => {
    const world = await aWorld();
    const held = [world.sold(), world.sold({ owner: OTHER_HOLDER.address })];
    nextWindow(world);
    const before = world.chain.balance(THIEF.address);
    const vault = VAULT + 2n * 300_000n;

    const cover = vault / 4n;
    const own = world.must(world.buy({}, { terms: nearlyFree(world, cover) })) as bigint;
    const premium = (cover + 9_999n) / 10_000n;
    world.must(world.deposit(THIEF, BTC));
    const profit = ((vault + premium + BTC) * 200n) / 10_000n;
    world.must(world.withdraw(THIEF, BTC + profit));
    world.chain.pass();
    for (const id of [own, ...held]) world.must(world.settle(id, { price: usd(1) }));
    for (const amount of [1n, 1_000n]) expect(world.withdraw(THIEF, amount)).toEqual(refusal(214));
    expect(world.buy({}, { terms: nearlyFree(world, 1_000_000n) })).toEqual(refusal(215));

    expect(world.chain.balance(THIEF.address) - before).toBe(cover - premium + profit);
    expect(world.totals()).toMatchObject({ locked: 0n, payouts: cover + 2n * 5_000_000n });
  });

  it("is stopped by the guardian at once, and providers still leave after the silence", async () => {
    const world = await aWorld();
    for (const what of ["sales", "withdrawals", "settlements"]) world.must(pause(world, what));
    expect(world.buy({}, { terms: nearlyFree(world, BTC) })).toEqual(refusal(104));
    expect(world.withdraw(THIEF, 1n)).toEqual(refusal(205));
    expect(world.deposit(CAROL, BTC)).toEqual(refusal(205));
    world.chain.pass(4_400);
    world.must(world.openEscape());

    expect(world.escape(ALICE.address, { equity: 0n, deposited: 0n, withdrawn: 0n })).toEqual(ok(VAULT));
  });
});
