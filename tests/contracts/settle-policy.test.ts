import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, POOL, refusal } from "./support/chain";
import { highS, saleId, signatures } from "./support/messages";
import {
  ATTESTORS,
  aWorld,
  BTC,
  GUARDIAN,
  HOLDER,
  id16,
  MAX_PRICE,
  STRANGER,
  STRANGER_KEY,
  usd,
  type World,
} from "./support/world";

/** A put of 0.1 BTC at 60,000 with half of it as collateral: its floor is at 40,000. Sold, and a block older. */
async function aPut(): Promise<{ world: World; id: bigint; expiry: bigint; start: bigint }> {
  const world = await aWorld();
  const start = world.chain.height;
  const id = world.sold({ expiry: start + 20n });
  world.chain.pass();
  return { world, id, expiry: start + 20n, start };
}

const pauseSettlements = (world: World, blocks: number): unknown =>
  world.govern("pause", [Cl.stringAscii("settlements"), Cl.uint(blocks)], GUARDIAN);

describe("settle-policy at a touch", () => {
  it("pays the owner the whole collateral at a public price at the floor, by a stranger's call", async () => {
    const { world, id } = await aPut();
    const before = world.chain.balance(HOLDER.address);
    const books = world.totals() as { available: bigint };

    expect(world.settle(id, { price: usd(40_000), caller: STRANGER })).toEqual(ok(5_000_000n));

    expect(world.chain.balance(HOLDER.address)).toBe(before + 5_000_000n);
    expect(world.totals()).toMatchObject({ available: books.available, locked: 0n, payouts: 5_000_000n });
    expect(world.policy(id)).toMatchObject({
      status: "settled",
      price: usd(40_000),
      payout: 5_000_000n,
      ended: world.chain.height,
    });
  });

  it("takes a price however old, as long as the policy is not released", async () => {
    const { world, id, expiry, start } = await aPut();
    world.chain.reach(expiry + 500n);

    expect(world.settle(id, { price: usd(40_000), height: start + 1n })).toEqual(ok(5_000_000n));
  });

  it("refuses one step above the floor, where the payout is one sat short", async () => {
    const { world, id } = await aPut();

    expect(world.settle(id, { price: usd(40_000) + 1n })).toEqual(refusal(110));
  });

  it("pays a call its collateral at its ceiling and refuses one step below", async () => {
    const world = await aWorld();
    const id = world.sold({ option: "call", strike: usd(70_000), collateral: 2_500_000n });
    const ceiling = (usd(70_000) * 10_000_000n + 7_499_999n) / 7_500_000n;
    world.chain.pass();

    expect(world.settle(id, { price: ceiling - 1n })).toEqual(refusal(110));
    expect(world.settle(id, { price: ceiling })).toEqual(ok(2_500_000n));
  });

  it("prints the policy's end, then the payment, with the rule and the totals", async () => {
    const { world, id } = await aPut();
    const height = world.chain.height;
    const books = world.totals();
    world.must(world.settle(id, { price: usd(30_000) }));
    const [updated, paid] = world.chain.printed.slice(-2);

    expect(updated).toEqual({
      topic: "policy-status-updated",
      version: 1n,
      height,
      "policy-id": id,
      "quote-id": world.policy(id)["quote-id"],
      owner: HOLDER.address,
      status: "settled",
      price: usd(30_000),
      payout: 5_000_000n,
    });
    expect(paid).toEqual({
      topic: "settlement-paid",
      version: 1n,
      height,
      "policy-id": id,
      owner: HOLDER.address,
      rule: "touch",
      price: usd(30_000),
      "price-height": height,
      payout: 5_000_000n,
      released: 0n,
      totals: { ...books, locked: 0n, payouts: 5_000_000n },
    });
  });
});

describe("settle-policy at expiry", () => {
  it("takes the public price of the expiry height, from the next block on", async () => {
    const { world, id, expiry } = await aPut();

    world.chain.reach(expiry);
    expect(world.settle(id, { price: usd(50_000), height: expiry })).toEqual(refusal(110));
    world.chain.pass();
    expect(world.settle(id, { price: usd(50_000), height: expiry })).toEqual(ok(2_000_000n));
    expect(world.lastPrinted("settlement-paid")).toMatchObject({
      rule: "expiry",
      payout: 2_000_000n,
      released: 3_000_000n,
    });
  });

  it("takes no other price, earlier or later, when it is late", async () => {
    const { world, id, expiry, start } = await aPut();
    world.chain.reach(expiry + 50n);

    for (const height of [expiry - 1n, expiry + 1n, expiry + 50n, start + 1n]) {
      expect(world.settle(id, { price: usd(50_000), height })).toEqual(refusal(110));
    }
    expect(world.settle(id, { price: usd(30_000), height: expiry + 1n }), "not even a touch").toEqual(
      refusal(110),
    );
  });

  it("pays nothing out of the money, nor at the strike", async () => {
    const { world, id, expiry } = await aPut();
    world.chain.reach(expiry + 1n);

    for (const price of [usd(60_000), usd(61_000)]) {
      expect(world.settle(id, { price, height: expiry })).toEqual(refusal(116));
    }
  });

  it("still pays long after the deadline, while nobody has released the collateral", async () => {
    const { world, id, expiry } = await aPut();
    world.chain.reach(expiry + 5_000n);

    expect(world.settle(id, { price: usd(50_000), height: expiry })).toEqual(ok(2_000_000n));
  });
});

describe("settle-policy refuses", () => {
  it("an unknown policy, one settled before, and one released", async () => {
    const { world, id, expiry } = await aPut();
    const other = world.sold({ expiry: expiry + 1n });
    world.chain.reach(expiry + 20n);

    expect(world.settle(99n, { attestations: world.attest(usd(50_000), 1n) })).toEqual(refusal(216));
    world.must(world.settle(id, { height: expiry }));
    expect(world.settle(id, { height: expiry })).toEqual(refusal(216));
    world.must(world.release([other], { price: usd(60_000), height: expiry + 1n }));
    expect(world.settle(other, { price: usd(50_000), height: expiry + 1n })).toEqual(refusal(216));
  });

  it("one that the backend has marked as expired, although its collateral is still held", async () => {
    const { world, id, expiry } = await aPut();
    world.chain.reach(expiry + 1_009n);
    world.must(world.expire(id));

    expect(world.settle(id, { height: expiry })).toEqual(refusal(114));
    expect(world.collateral(id)).toBe(5_000_000n);
  });

  it("a price of zero or above the bounds, though signed", async () => {
    const { world, id } = await aPut();

    expect(world.settle(id, { price: 0n })).toEqual(refusal(122));
    expect(world.settle(id, { price: MAX_PRICE + 1n })).toEqual(refusal(122));
  });

  it("a touch of the purchase height or before, and of a height to come", async () => {
    const { world, id, start } = await aPut();

    expect(world.settle(id, { price: usd(30_000), height: start })).toEqual(refusal(110));
    expect(world.settle(id, { price: usd(30_000), height: start - 1n })).toEqual(refusal(110));
    expect(world.settle(id, { price: usd(30_000), height: world.chain.height + 1n })).toEqual(refusal(110));
  });

  it("look-back: a partial price of the policy's life without a request or an order", async () => {
    const { world, id, expiry, start } = await aPut();
    world.chain.reach(expiry - 1n);
    for (const height of [start + 1n, start + 10n, expiry - 1n]) {
      expect(world.settle(id, { price: usd(45_000), height })).toEqual(refusal(110));
    }
  });

  it("signatures that are none, a stranger's, repeated, twins, mixed, or under another price or height", async () => {
    const { world, id } = await aPut();
    const { height } = world.chain;
    const price = usd(30_000);
    const [good] = world.attest(price, height) as [string];
    const attempts = [
      [],
      [good, good],
      [good, highS(good)],
      [highS(good)],
      world.attest(price, height, [STRANGER_KEY]),
      world.attest(price, height, [ATTESTORS[0], STRANGER_KEY, ATTESTORS[1]]),
      world.attest(price + 1n, height),
      world.attest(price, height + 1n),
      world.read(world.policy(id)["quote-id"] as string, id16(1), price, height),
    ];
    for (const attestations of attempts)
      expect(world.settle(id, { price, attestations })).toEqual(refusal(111));
    expect(world.settle(id, { price, attestations: [good] })).toEqual(ok(5_000_000n));
  });

  it("fewer attestors than must sign, and takes them all", async () => {
    const world = await aWorld({ parameters: { attestor: 3n } });
    const terms = world.terms();
    const readings = world.read(terms.quoteId, saleId(terms), usd(65_000), world.chain.height, ATTESTORS);
    world.must(world.buy({}, { terms, readings }));
    world.chain.pass();
    const { height } = world.chain;
    const price = usd(30_000);

    expect(
      world.settle(1n, { price, attestations: world.attest(price, height, ATTESTORS.slice(1)) }),
    ).toEqual(refusal(111));
    expect(world.settle(1n, { price, attestations: world.attest(price, height, ATTESTORS) })).toEqual(
      ok(5_000_000n),
    );
  });

  it("while settlements are paused, and pays afterwards", async () => {
    const { world, id } = await aPut();
    pauseSettlements(world, 5);

    expect(world.settle(id, { price: usd(30_000) })).toEqual(refusal(105));
    world.chain.pass(5);
    expect(world.settle(id, { price: usd(30_000), height: world.chain.height - 5n })).toEqual(ok(5_000_000n));
  });

  it("nobody's call, and pays none of them: the payout goes to the owner", async () => {
    const { world, id } = await aPut();
    const before = world.chain.balance(STRANGER);
    world.must(world.settle(id, { price: usd(30_000), caller: STRANGER }));

    expect(world.chain.balance(STRANGER)).toBe(before);
  });
});

describe("record-settlement", () => {
  it("is for the pool alone, after the policy is known and the price is one", async () => {
    const { world, id } = await aPut();
    const call = (policy: bigint, price: bigint): unknown =>
      world.registry(
        "record-settlement",
        [Cl.uint(policy), Cl.uint(price), Cl.uint(2), signatures(world.attest(price, 2n)), Cl.none()],
        STRANGER,
      );

    expect(call(99n, usd(30_000))).toEqual(refusal(113));
    expect(call(id, 0n)).toEqual(refusal(122));
    expect(call(id, usd(30_000))).toEqual(refusal(101));
    expect(world.policy(id).status).toBe("active");
  });
});

describe("a donation", () => {
  it("changes no bucket and stays in the vault", async () => {
    const { world, id } = await aPut();
    const books = world.totals();
    world.donate(HOLDER, BTC);

    expect(world.totals()).toEqual(books);
    expect(world.settle(id, { price: usd(30_000) })).toEqual(ok(5_000_000n));
    expect(world.chain.balance(POOL)).toBe((books.available as bigint) + BTC);
  });
});
