import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { expectBalancedBooks, expectToldBy } from "./support/books";
import { ok } from "./support/chain";
import { LiabilityTree } from "./support/messages";
import { ALICE, aWorld, BACKEND, BOB, BTC, TREASURY, usd } from "./support/world";

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
