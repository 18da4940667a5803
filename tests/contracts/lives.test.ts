import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { expectBalancedBooks } from "./support/books";
import { ok, type Plain } from "./support/chain";
import { LiabilityTree } from "./support/messages";
import { type Cover, payout } from "./support/payout";
import { rebuild } from "./support/rebuild";
import {
  ALICE,
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
  STRANGER,
  TREASURY,
  usd,
  type World,
} from "./support/world";

/** Compares every policy, provider and bucket with what the events tell. */
function expectToldBy(world: World): void {
  const told = rebuild(world.chain.printed);
  expect(told.totals).toEqual(world.totals());
  expect(told.closed).toBe(world.chain.read("liquidity-pool", "is-closed"));
  expect(BigInt(told.policies.size)).toBe(world.chain.read("policy-registry", "get-policy-count"));
  for (const [id, { held, ...policy }] of told.policies) {
    expect(world.policy(id)).toMatchObject(policy);
    expect(world.collateral(id)).toBe(held);
  }
  for (const [who, account] of told.providers) expect(world.provider(who)).toEqual(account);
}

describe("the life of a provider's money and of four policies", () => {
  it("runs from deposit over sale, settlement by each rule and release by both doors to withdrawal", async () => {
    const world = await aWorld({
      deposit: 0n,
      parameters: { "outflow-share": 10_000n, "profit-share": 10_000n },
    });
    expect(world.deposit(ALICE, 2n * BTC)).toEqual(ok(2n * BTC));
    expect(world.deposit(BOB, BTC, "aggressive")).toEqual(ok(BTC));
    const start = world.chain.height;
    const expiry = start + 30n;
    const [touched, kept, asked, ordered, idle, silent] = [1, 2, 3, 4, 5, 6].map(() =>
      world.sold({ expiry }),
    ) as [bigint, bigint, bigint, bigint, bigint, bigint];
    expectBalancedBooks(world);

    world.chain.pass();
    expect(world.settle(touched, { price: usd(39_000) })).toEqual(ok(5_000_000n));
    expect(world.settle(ordered, { price: usd(55_000), order: world.order(ordered) })).toEqual(ok(909_090n));
    const height = world.must(world.request(asked)) as bigint;
    world.chain.pass(2);
    expect(world.settle(asked, { price: usd(52_000), height: height + 1n })).toEqual(ok(1_538_461n));
    expectBalancedBooks(world);

    world.chain.reach(expiry + 1n);
    expect(world.settle(kept, { price: usd(59_000), height: expiry })).toEqual(ok(169_491n));
    world.chain.reach(expiry + 13n);
    expect(
      world.release([touched, kept, asked, ordered, idle], { price: usd(60_500), height: expiry }),
    ).toEqual(ok(5_000_000n));
    world.chain.reach(expiry + 1_009n);
    expect(world.release([silent, idle])).toEqual(ok(5_000_000n));
    const statuses = [touched, kept, asked, ordered, idle, silent].map((id) => world.policy(id).status);
    expect(statuses).toEqual(["settled", "settled", "settled", "settled", "expired", "expired"]);
    expectToldBy(world);

    const result = 6n * 285_000n - 5_000_000n - 909_090n - 1_538_461n - 169_491n;
    expect(world.totals()).toMatchObject({ available: 3n * BTC + 90_000n + result, locked: 0n });
    expect(world.withdraw(BOB, BTC + 10_000n)).toEqual(ok(BTC + 10_000n));
    expect(world.withdraw(ALICE, (world.totals().available as bigint) - 90_000n)).toHaveProperty("ok");
    expect(world.totals()).toMatchObject({ available: 90_000n });
    expectToldBy(world);
  });

  it("ends by the way out when the daemon is gone, with every sat paid to whom it belongs", async () => {
    const world = await aWorld();
    world.must(world.deposit(BOB, 4n * BTC));
    const expiry = world.chain.height + 10n;
    const [paying, idle] = [world.sold({ expiry }), world.sold({ expiry })];
    world.must(world.pool("lock-collateral-aggregate", [Cl.uint(BTC)], BACKEND));
    world.chain.pass(2);
    // The premiums are Alice's, as the daemon's books had it.
    const tree = new LiabilityTree(
      new Map([
        [ALICE.address, { equity: 10n * BTC + 570_000n, deposited: 10n * BTC, withdrawn: 0n }],
        [BOB.address, { equity: 4n * BTC, deposited: 4n * BTC, withdrawn: 0n }],
        [TREASURY, { equity: 30_000n, deposited: 30_000n, withdrawn: 0n }],
      ]),
    );
    world.must(world.publish(tree, world.chain.height - 1n));
    world.chain.pass(4_321);

    expect(world.openEscape()).toEqual(ok(true));
    expect(world.settle(paying, { price: usd(50_000), height: expiry })).toEqual(ok(2_000_000n));
    expect(world.release([idle])).toEqual(ok(5_000_000n));
    const all = 14n * BTC + 600_000n;
    const paid = [ALICE.address, BOB.address, TREASURY].map((who) =>
      world.must(world.escape(who, tree.leaf(who), tree.proof(who))),
    );
    expect(paid).toEqual(
      [10n * BTC + 570_000n, 4n * BTC, 30_000n].map((claim) => (claim * (all - 2_000_000n)) / all),
    );
    expect(world.totals().available).toBeLessThanOrEqual(2n);
    expectToldBy(world);
  });
});

/** Small, fast, seeded (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

describe("anything, in any order", () => {
  it.each([1, 2, 3])(
    "keeps the books, pays no policy twice, and is told by the events (seed %i)",
    async (seed) => {
      const roll = dice(seed);
      const world = await aWorld({ deposit: 3n * BTC, parameters: { grace: 144n, "sale-share": 10_000n } });
      const publicPrices = new Map<bigint, bigint>();
      let spot = 60_000;
      const priceAt = (height: bigint): bigint => publicPrices.get(height) ?? usd(spot);
      const anId = (): bigint =>
        BigInt(1 + roll(Number(world.chain.read("policy-registry", "get-policy-count")) + 1));
      const aHeight = (): bigint => BigInt(1 + roll(Number(world.chain.height) + 1));
      const one = <T>(list: readonly T[]): T => list[roll(list.length)] as T;
      const paid = new Map<bigint, number>();

      const acts: (() => Plain)[] = [
        () => world.deposit(one([ALICE, BOB, CAROL]), BigInt(5_000 + roll(40_000_000))),
        () =>
          world.withdraw(one([ALICE, BOB, CAROL]), BigInt(1 + roll(60_000_000)), {
            serial: id16(700 + roll(90)),
          }),
        () =>
          world.buy(
            {
              owner: one([HOLDER, OTHER_HOLDER]).address,
              option: one(["put", "call"]),
              strike: usd(40_000 + roll(50_000)),
              collateral: BigInt(400_000 + roll(9_700_000)),
              premium: BigInt(200 + roll(3_000_000)),
              fee: BigInt(roll(20_000)),
              expiry: world.chain.height + BigInt(1 + roll(30)),
              quoteId: id16(5_000 + roll(300)),
            },
            { price: usd(spot) },
          ),
        () => world.request(anId(), BigInt(roll(100_000)), one([HOLDER, OTHER_HOLDER]).address),
        () => settled(anId()),
        () => settled(anId()),
        () => ordered(anId()),
        () => {
          const height = aHeight();
          return world.release([anId(), anId(), anId()], { price: priceAt(height), height });
        },
        () => world.release([anId(), anId()]),
        () => world.expire(anId(), one([BACKEND, STRANGER])),
        () =>
          world.pool(
            one(["lock-collateral-aggregate", "unlock-collateral-aggregate"]),
            [Cl.uint(roll(50_000_000))],
            BACKEND,
          ),
        () =>
          world.registry(
            "pause",
            [Cl.stringAscii(one(["sales", "withdrawals", "settlements"])), Cl.uint(1 + roll(9))],
            GUARDIAN,
          ),
        () => world.registry("resume", [Cl.stringAscii(one(["sales", "withdrawals", "settlements"]))], OWNER),
      ];
      function settled(id: bigint): Plain {
        const policy = world.policy(id);
        const height = policy === null ? 1n : one([policy.expiry as bigint, aHeight(), world.chain.height]);
        return counted(id, world.settle(id, { price: priceAt(height), height }), priceAt(height));
      }
      function ordered(id: bigint): Plain {
        const policy = world.policy(id);
        if (policy === null) return settled(id);
        const signer = policy.owner === HOLDER.address ? HOLDER : OTHER_HOLDER;
        return counted(
          id,
          world.settle(id, { price: usd(spot), order: world.order(id, {}, signer) }),
          usd(spot),
        );
      }
      function counted(id: bigint, result: Plain, price: bigint): Plain {
        const { ok: sats } = result as { ok?: bigint };
        if (sats !== undefined) {
          paid.set(id, (paid.get(id) ?? 0) + 1);
          expect(sats).toBe(payout(world.policy(id) as unknown as Cover, price));
        }
        return result;
      }

      let done = 0;
      for (let step = 0; step < 200; step += 1) {
        if ("ok" in (one(acts)() as object)) done += 1;
        if (roll(3) === 0) {
          spot = Math.max(20_000, Math.min(120_000, spot + roll(9_001) - 4_500));
          publicPrices.set(world.chain.pass(1 + roll(roll(8) === 0 ? 60 : 3)), usd(spot));
        }
        if (step % 25 === 0) expectBalancedBooks(world);
      }

      expect(done).toBeGreaterThan(40);
      expect(paid.size).toBeGreaterThan(0);
      expect([...paid.values()].every((times) => times === 1)).toBe(true);
      expectToldBy(world);
    },
  );
});
