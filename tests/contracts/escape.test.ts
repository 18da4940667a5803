import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, refusal } from "./support/chain";
import { type Leaf, LiabilityTree, type Step } from "./support/messages";
import {
  ALICE,
  aWorld,
  BACKEND,
  BOB,
  BTC,
  CAROL,
  HOLDER,
  OTHER_HOLDER,
  STRANGER,
  TREASURY,
  usd,
  type World,
} from "./support/world";

const NOTHING: Leaf = { equity: 0n, deposited: 0n, withdrawn: 0n };
const SILENCE = 4_320n;

const leaf = (equity: bigint, deposited = equity, withdrawn = 0n): Leaf => ({ equity, deposited, withdrawn });

const due = (world: World, provider: string, of: Leaf): unknown =>
  world.chain.read("liquidity-pool", "get-escape-due", [
    Cl.principal(provider),
    Cl.tuple({
      equity: Cl.uint(of.equity),
      deposited: Cl.uint(of.deposited),
      withdrawn: Cl.uint(of.withdrawn),
    }),
  ]);

/** Alice 10, Bob 5, Carol 1 BTC, a root over all of them, and the silence after it. */
async function threeProviders(): Promise<{ world: World; tree: LiabilityTree }> {
  const world = await aWorld();
  world.must(world.deposit(BOB, 5n * BTC));
  world.must(world.deposit(CAROL, BTC));
  const tree = new LiabilityTree(
    new Map([
      [ALICE.address, leaf(10n * BTC)],
      [BOB.address, leaf(5n * BTC)],
      [CAROL.address, leaf(BTC)],
    ]),
  );
  world.chain.pass(2);
  world.must(world.publish(tree, world.chain.height - 1n));
  return { world, tree };
}

function silence(world: World): void {
  world.chain.pass(SILENCE + 1n);
  world.must(world.openEscape());
}

describe("open-escape", () => {
  it("opens one block after the silence, by anyone, and sets the buffer free", async () => {
    const { world } = await threeProviders();
    world.must(world.pool("lock-collateral-aggregate", [Cl.uint(BTC)], BACKEND));
    const { at } = world.chain.read("liquidity-pool", "get-liabilities") as { at: bigint };

    world.chain.reach(at + SILENCE);
    expect(world.openEscape()).toEqual(refusal(220));
    world.chain.pass();
    expect(world.chain.read("liquidity-pool", "is-closed")).toBe(false);
    expect(world.openEscape()).toEqual(ok(true));
    expect(world.chain.read("liquidity-pool", "is-closed")).toBe(true);
    expect(world.totals()).toMatchObject({ available: 16n * BTC, buffer: 0n });
    expect(world.lastPrinted("escape-opened")).toMatchObject({
      height: at + SILENCE + 1n,
      totals: world.totals(),
    });
    expect(world.openEscape()).toEqual(refusal(203));
    expect(world.pool("unlock-collateral-aggregate", [Cl.uint(1)], BACKEND)).toEqual(refusal(218));
  });

  it("counts the silence from the deployment where no root was ever published, and from the last root else", async () => {
    const world = await aWorld();
    world.chain.reach(SILENCE);
    expect(world.openEscape()).toEqual(refusal(220));
    const tree = new LiabilityTree(new Map([[ALICE.address, leaf(10n * BTC)]]));
    world.must(world.publish(tree, world.chain.height - 1n));
    world.chain.pass(SILENCE);

    expect(world.openEscape()).toEqual(refusal(220));
    world.chain.pass();
    expect(world.openEscape()).toEqual(ok(true));
  });
});

describe("escape-funds", () => {
  it("pays each provider exactly what its leaf says, by anyone's call, when nothing was lost", async () => {
    const { world, tree } = await threeProviders();
    silence(world);
    for (const [who, sats] of [
      [BOB, 5n * BTC],
      [ALICE, 10n * BTC],
      [CAROL, BTC],
    ] as const) {
      const before = world.chain.balance(who.address);
      expect(due(world, who.address, tree.leaf(who.address))).toBe(sats);
      expect(world.escape(who.address, tree.leaf(who.address), tree.proof(who.address))).toEqual(ok(sats));
      expect(world.chain.balance(who.address)).toBe(before + sats);
    }
    expect(world.totals()).toMatchObject({ available: 0n, escaped: 16n * BTC });
  });

  it("prints a withdrawal without serial or tier", async () => {
    const { world, tree } = await threeProviders();
    silence(world);
    world.must(world.escape(BOB.address, tree.leaf(BOB.address), tree.proof(BOB.address)));

    expect(world.lastPrinted("funds-withdrawn")).toEqual({
      topic: "funds-withdrawn",
      version: 1n,
      height: world.chain.height,
      provider: BOB.address,
      amount: 5n * BTC,
      tier: "",
      serial: null,
      withdrawn: 0n,
      totals: world.totals(),
    });
    expect(world.provider(BOB.address)).toMatchObject({ withdrawn: 0n, escaped: 5n * BTC });
  });

  it("is refused while the pool is open", async () => {
    const { world, tree } = await threeProviders();

    expect(world.escape(BOB.address, tree.leaf(BOB.address), tree.proof(BOB.address))).toEqual(refusal(204));
  });

  it("is refused without a leaf, with another's, a forged one, a broken proof, and to a stranger", async () => {
    const { world, tree } = await threeProviders();
    silence(world);
    const [proof, own] = [tree.proof(BOB.address), tree.leaf(BOB.address)];
    const first = proof[0] as Step;
    const attempts: [string, Leaf, Step[]][] = [
      [BOB.address, NOTHING, []],
      [BOB.address, own, []],
      [BOB.address, tree.leaf(ALICE.address), tree.proof(ALICE.address)],
      [STRANGER, own, proof],
      [BOB.address, { ...own, equity: own.equity + 1n }, proof],
      [BOB.address, { ...own, deposited: own.deposited - 1n }, proof],
      [BOB.address, own, [{ ...first, left: !first.left }, ...proof.slice(1)]],
      [BOB.address, own, [{ ...first, sibling: tree.root }, ...proof.slice(1)]],
      [BOB.address, own, [...proof, { sibling: "00".repeat(32), left: false }]],
      [BOB.address, own, proof.map((step) => ({ ...step, sibling: step.sibling.slice(0, 62) }))],
      [STRANGER, NOTHING, []],
    ];
    for (const [provider, of, steps] of attempts)
      expect(world.escape(provider, of, steps)).toEqual(refusal(221));
    expect(world.escape(BOB.address, own, proof)).toEqual(ok(5n * BTC));
  });

  it("pays nobody twice", async () => {
    const { world, tree } = await threeProviders();
    silence(world);
    const leave = (): unknown => world.escape(BOB.address, tree.leaf(BOB.address), tree.proof(BOB.address));

    expect(leave()).toEqual(ok(5n * BTC));
    expect(leave()).toEqual(refusal(222));
  });

  it("brings a leaf up to date with what the chain saw after the root", async () => {
    const { world, tree } = await threeProviders();
    world.must(world.deposit(BOB, 2n * BTC));
    world.must(world.withdraw(ALICE, BTC));
    silence(world);

    for (const [who, sats] of [
      [ALICE, 9n * BTC],
      [BOB, 7n * BTC],
      [CAROL, BTC],
    ] as const) {
      expect(world.escape(who.address, tree.leaf(who.address), tree.proof(who.address))).toEqual(ok(sats));
    }
  });

  it("lets whoever came after the root leave with the empty leaf, and no earlier provider", async () => {
    const { world } = await threeProviders();
    world.must(world.deposit(OTHER_HOLDER, 3n * BTC));
    silence(world);

    expect(world.escape(OTHER_HOLDER.address, NOTHING)).toEqual(ok(3n * BTC));
    expect(world.escape(ALICE.address, NOTHING)).toEqual(refusal(221));
  });

  it("counts whoever came in the root's own height among its leaves", async () => {
    const world = await aWorld();
    world.chain.pass();
    world.must(world.deposit(BOB, BTC));
    world.chain.pass();
    const tree = new LiabilityTree(new Map([[ALICE.address, leaf(10n * BTC)]]));
    world.must(world.publish(tree, world.chain.height - 1n));
    world.must(world.deposit(CAROL, BTC));
    silence(world);

    expect(world.escape(BOB.address, NOTHING)).toEqual(refusal(221));
    expect(world.escape(CAROL.address, NOTHING)).toEqual(ok(BTC));
  });

  it("lets everyone leave with the empty leaf if no root was ever published", async () => {
    const world = await aWorld();
    world.must(world.deposit(BOB, 5n * BTC));
    silence(world);

    expect(world.escape(ALICE.address, NOTHING)).toEqual(ok(10n * BTC));
    expect(world.escape(BOB.address, NOTHING)).toEqual(ok(5n * BTC));
  });

  it("owes nobody anything where nobody put anything in", async () => {
    const world = await aWorld({ deposit: 0n });
    silence(world);

    expect(due(world, ALICE.address, NOTHING)).toBe(0n);
    expect(world.escape(ALICE.address, NOTHING)).toEqual(refusal(221));
  });

  it("shares a loss by claims, and pays again as collateral comes free", async () => {
    const world = await aWorld();
    world.must(world.deposit(BOB, 5n * BTC));
    world.must(world.withdraw(BOB, BTC));
    const touched = world.sold({
      expiry: world.chain.height + 25_000n,
      collateral: 10_000_000n,
      premium: 500_000n,
    });
    const open = world.sold({
      expiry: world.chain.height + 25_000n,
      collateral: 10_000_000n,
      premium: 500_000n,
    });
    world.chain.pass(2);
    const providers = 14n * BTC + 970_000n; // what is left of the deposits, and the premiums without the fees
    const tree = new LiabilityTree(
      new Map([
        [ALICE.address, leaf(10n * BTC + 970_000n, 10n * BTC)],
        [BOB.address, leaf(4n * BTC, 5n * BTC, BTC)],
        [TREASURY, leaf(30_000n)],
      ]),
    );
    expect(tree.sum("equity")).toBe(providers + 30_000n);
    world.must(world.publish(tree, world.chain.height - 1n));
    world.must(world.settle(touched, { price: usd(30_000) }));
    silence(world);
    const all = providers + 30_000n;
    const exit = (who: string): bigint =>
      world.must(world.escape(who, tree.leaf(who), tree.proof(who))) as bigint;

    const free = all - 20_000_000n; // one policy paid, the other holds its collateral still
    const first = [ALICE.address, BOB.address, TREASURY].map(exit);
    expect(first).toEqual([10n * BTC + 970_000n, 4n * BTC, 30_000n].map((claim) => (claim * free) / all));
    world.chain.reach((world.policy(open).expiry as bigint) + 1_009n);
    world.must(world.release([open]));
    const second = [TREASURY, BOB.address, ALICE.address].map(exit);

    const paid = [...first, ...second].reduce((sum, sats) => sum + sats, 0n);
    expect(all - 10_000_000n - paid, "the fractions stay behind").toBeLessThanOrEqual(3n);
    expect(world.escape(BOB.address, tree.leaf(BOB.address), tree.proof(BOB.address))).toEqual(refusal(222));
    expect(world.policy(open)).toMatchObject({ owner: HOLDER.address, status: "expired" });
  });

  it("pays no more than the deposits and the yield cap, whatever a false root claims", async () => {
    const { world } = await threeProviders();
    const lie = new LiabilityTree(
      new Map([
        [CAROL.address, leaf(16n * BTC, 0n)],
        [ALICE.address, leaf(0n, 16n * BTC)],
      ]),
    );
    world.must(world.publish(lie, world.chain.height - 1n));
    silence(world);

    expect(world.escape(CAROL.address, lie.leaf(CAROL.address), lie.proof(CAROL.address))).toEqual(
      ok(2n * BTC),
    );
  });

  it("pays at most what is available when the leaves of a false root add up to more than the vault", async () => {
    const { world } = await threeProviders();
    const most = 2n ** 128n - 1n;
    const claims: Leaf = { equity: most, deposited: most, withdrawn: most };
    const lie = new LiabilityTree(
      new Map([
        [ALICE.address, claims],
        [BOB.address, claims],
      ]),
    );
    const sums = [16n * BTC, 16n * BTC, 0n, world.chain.height - 1n].map((sum) => Cl.uint(sum));
    world.must(world.pool("publish-liabilities", [Cl.bufferFromHex(lie.root), ...sums], BACKEND));
    silence(world);

    expect(world.escape(ALICE.address, claims, lie.proof(ALICE.address))).toEqual(ok(16n * BTC));
    expect(world.escape(BOB.address, claims, lie.proof(BOB.address))).toEqual(refusal(222));
  });
});

describe("verify-liability", () => {
  it("knows every leaf of trees of one to nine providers and no leaf of another", async () => {
    const world = await aWorld();
    world.chain.pass(2);
    const people = [ALICE, BOB, CAROL, HOLDER, OTHER_HOLDER].map((one) => one.address);
    people.push(STRANGER, TREASURY, BACKEND, `${STRANGER}.some-contract`);
    for (let count = 1; count <= people.length; count += 1) {
      const leaves = new Map(people.slice(0, count).map((who, at) => [who, leaf(BigInt(at) + 1n)]));
      const tree = new LiabilityTree(leaves);
      world.must(world.publish(tree, world.chain.height - 1n));
      for (const who of people) {
        const known = leaves.has(who);
        const of = leaves.get(who) ?? leaf(1n);
        const proof = known ? tree.proof(who) : tree.proof(ALICE.address);
        const args = [
          Cl.principal(who),
          Cl.tuple({
            equity: Cl.uint(of.equity),
            deposited: Cl.uint(of.deposited),
            withdrawn: Cl.uint(of.withdrawn),
          }),
          Cl.list(
            proof.map((step) =>
              Cl.tuple({ sibling: Cl.bufferFromHex(step.sibling), left: Cl.bool(step.left) }),
            ),
          ),
        ];
        expect(world.chain.read("liquidity-pool", "verify-liability", args)).toBe(known);
      }
    }
  });
});
