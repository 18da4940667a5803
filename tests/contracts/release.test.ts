import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, refusal } from "./support/chain";
import { highS, saleId, signatures } from "./support/messages";
import {
  ATTESTORS,
  aWorld,
  BACKEND,
  GUARDIAN,
  HOLDER,
  id16,
  MAX_PRICE,
  OWNER,
  STRANGER,
  STRANGER_KEY,
  usd,
  type World,
} from "./support/world";

const OUT = usd(60_000); // at the strike: nothing is owed
const LIFE = 12n;
const GRACE = 1_008n;

/** Some puts that expire at one height, twenty blocks from their sale. */
async function puts(count: number): Promise<{ world: World; ids: bigint[]; expiry: bigint }> {
  const world = await aWorld();
  const expiry = world.chain.height + 20n;
  const ids = Array.from({ length: count }, () => world.sold({ expiry, collateral: 1_000_000n }));
  return { world, ids, expiry };
}

describe("release-collateral-aggregate with the price of expiry", () => {
  it("frees what owes nothing, once request-life blocks have passed", async () => {
    const { world, ids, expiry } = await puts(3);
    const books = world.totals() as { available: bigint };

    world.chain.reach(expiry + LIFE);
    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(refusal(217));
    world.chain.pass();
    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(ok(3_000_000n));

    expect(world.totals()).toMatchObject({ available: books.available + 3_000_000n, locked: 0n });
    expect(world.policy(1n)).toMatchObject({
      status: "expired",
      price: 0n,
      payout: 0n,
      ended: world.chain.height,
    });
    expect(world.lastPrinted("collateral-released")).toEqual({
      topic: "collateral-released",
      version: 1n,
      height: world.chain.height,
      "policy-ids": ids,
      amount: 3_000_000n,
      totals: world.totals(),
    });
    const told = world.chain.printed.filter((event) => event.topic === "policy-status-updated");
    expect(told.map((event) => [event["policy-id"], event.status])).toEqual(ids.map((id) => [id, "expired"]));
  });

  it("does not free what pays at that price, by one sat", async () => {
    const { world, ids, expiry } = await puts(2);
    world.chain.reach(expiry + LIFE + 1n);
    const paying = (usd(60_000) * 10_000_000n) / 10_000_001n;

    expect(world.release(ids, { price: paying, height: expiry })).toEqual(refusal(217));
    expect(world.release(ids, { price: paying + 1n, height: expiry })).toEqual(ok(2_000_000n));
  });

  it("skips what is gone, paying, not due, unknown or named twice, and frees the rest", async () => {
    const { world, ids, expiry } = await puts(2);
    const higher = world.sold({ expiry, strike: usd(64_000), collateral: 1_000_000n });
    const later = world.sold({ expiry: expiry + 1n, collateral: 1_000_000n });
    const settled = world.sold({ expiry, collateral: 1_000_000n });
    world.chain.pass();
    world.must(world.settle(settled, { price: usd(50_000) }));
    world.chain.reach(expiry + LIFE + 5n);
    world.must(world.release([ids[0] as bigint], { price: OUT, height: expiry }));

    const batch = [ids[0] as bigint, higher, later, settled, 99n, ids[1] as bigint, ids[1] as bigint];
    expect(world.release(batch, { price: OUT, height: expiry })).toEqual(ok(1_000_000n));
    expect(world.lastPrinted("collateral-released")).toMatchObject({ "policy-ids": [ids[1]] });
    expect(world.settle(higher, { price: OUT, height: expiry })).toEqual(ok(666_666n));
  });

  it("takes fifty at a time", async () => {
    const world = await aWorld();
    const expiry = world.chain.height + 3n;
    const ids = Array.from({ length: 50 }, () =>
      world.sold({ expiry, amount: 100_000n, collateral: 10_000n, premium: 100n, fee: 5n }),
    );
    world.chain.reach(expiry + LIFE + 1n);

    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(ok(500_000n));
  });

  it("refuses a price that is not signed for that height as the public one by enough attestors", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry + LIFE + 1n);
    const [good] = world.attest(OUT, expiry) as [string];
    const attempts = [
      [],
      [good, good],
      [good, highS(good)],
      [highS(good)],
      world.attest(OUT, expiry, [STRANGER_KEY]),
      world.attest(OUT, expiry, [ATTESTORS[0], STRANGER_KEY, ATTESTORS[1]]),
      world.attest(OUT, expiry + 1n),
      world.attest(OUT + 1n, expiry),
      world.read(world.policy(1n)["quote-id"] as string, id16(1), OUT, expiry),
    ];
    for (const attestations of attempts) {
      expect(world.release(ids, { price: OUT, height: expiry, attestations })).toEqual(refusal(223));
    }
  });

  it("refuses the price of fewer attestors than must sign", async () => {
    const world = await aWorld({ parameters: { attestor: 2n } });
    const terms = world.terms();
    const readings = world.read(terms.quoteId, saleId(terms), usd(65_000), world.chain.height, ATTESTORS);
    const id = world.must(world.buy({}, { terms, readings })) as bigint;
    world.chain.reach(terms.expiry + LIFE + 1n);
    const proof = { price: OUT, height: terms.expiry };

    expect(world.release([id], { ...proof, attestations: world.attest(OUT, terms.expiry) })).toEqual(
      refusal(223),
    );
    const both = world.attest(OUT, terms.expiry, ATTESTORS.slice(1));
    expect(world.release([id], { ...proof, attestations: both })).toEqual(ok(5_000_000n));
  });

  it("frees nothing by a price of another height, of zero or above the bounds, though signed", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry + LIFE + 1n);

    for (const height of [expiry - 1n, expiry + 1n]) {
      expect(world.release(ids, { price: OUT, height })).toEqual(refusal(217));
    }
    for (const price of [0n, MAX_PRICE + 1n])
      expect(world.release(ids, { price, height: expiry })).toEqual(refusal(217));
  });

  it("waits for the end of a pause of settlements and request-life beyond it", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry);
    world.govern("pause", [Cl.stringAscii("settlements"), Cl.uint(50)], GUARDIAN);

    for (const height of [expiry + LIFE + 1n, expiry + 49n, expiry + 50n + LIFE]) {
      world.chain.reach(height);
      expect(world.release(ids, { price: OUT, height: expiry })).toEqual(refusal(217));
    }
    world.chain.pass();
    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(ok(1_000_000n));
  });

  it("waits no longer than a pause that was ended early", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry);
    world.govern("pause", [Cl.stringAscii("settlements"), Cl.uint(50)], GUARDIAN);
    world.chain.pass(3);
    world.govern("resume", [Cl.stringAscii("settlements")], OWNER);

    world.chain.reach(expiry + 3n + LIFE);
    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(refusal(217));
    world.chain.pass();
    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(ok(1_000_000n));
  });

  it("never comes before a request that could still be settled", async () => {
    const { world, ids, expiry } = await puts(1);
    const id = ids[0] as bigint;
    world.chain.reach(expiry - 1n);
    const asked = world.must(world.request(id)) as bigint;

    world.chain.reach(asked + 1n + LIFE);
    expect(world.release(ids, { price: OUT, height: expiry })).toEqual(refusal(217));
    expect(world.settle(id, { price: usd(59_000), height: asked + 1n })).toEqual(ok(169_491n));
  });
});

describe("release-collateral-aggregate without a price", () => {
  it("frees from the block after the deadline, whatever the policies would have paid", async () => {
    const { world, ids, expiry } = await puts(2);

    world.chain.reach(expiry + GRACE);
    expect(world.release(ids)).toEqual(refusal(217));
    world.chain.pass();
    expect(world.release(ids)).toEqual(ok(2_000_000n));
    expect(world.policy(2n).status).toBe("expired");
  });

  it("waits for the grace after a pause of settlements", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry + 1_000n);
    world.govern("pause", [Cl.stringAscii("settlements"), Cl.uint(180)], GUARDIAN);
    const deadline = expiry + 1_180n + GRACE;

    expect(world.chain.read("policy-registry", "get-deadline", [Cl.uint(expiry)])).toBe(deadline);
    world.chain.reach(deadline);
    expect(world.release(ids)).toEqual(refusal(217));
    world.chain.pass();
    expect(world.release(ids)).toEqual(ok(1_000_000n));
  });

  it("frees by either door what the backend has marked as expired", async () => {
    const { world, ids, expiry } = await puts(2);
    world.chain.reach(expiry + GRACE + 1n);
    for (const id of ids) world.must(world.expire(id));
    const printed = world.chain.printed.length;

    expect(world.release([1n])).toEqual(ok(1_000_000n));
    expect(world.release([2n], { price: usd(30_000), height: 7n })).toEqual(ok(1_000_000n));
    expect(world.chain.printed.slice(printed).map((event) => event.topic)).toEqual([
      "collateral-released",
      "collateral-released",
    ]);
  });

  it("frees nothing twice, and nothing of an empty list", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry + GRACE + 1n);

    expect(world.release([])).toEqual(refusal(217));
    world.must(world.release(ids));
    expect(world.release(ids)).toEqual(refusal(217));
  });

  it("goes on when the pool is closed", async () => {
    const { world, ids, expiry } = await puts(1);
    world.chain.reach(expiry + 4_400n);
    world.must(world.openEscape());

    expect(world.release(ids)).toEqual(ok(1_000_000n));
  });
});

describe("update-policy-status", () => {
  it("lets the backend mark a due policy, keeps its collateral locked, and says when nothing changed", async () => {
    const { world, expiry } = await puts(1);
    world.chain.reach(expiry + GRACE + 1n);

    expect(world.expire(1n)).toEqual(ok(true));
    expect(world.lastPrinted("policy-status-updated")).toEqual({
      topic: "policy-status-updated",
      version: 1n,
      height: world.chain.height,
      "policy-id": 1n,
      "quote-id": world.policy(1n)["quote-id"],
      owner: HOLDER.address,
      status: "expired",
      price: 0n,
      payout: 0n,
    });
    expect(world.collateral(1n)).toBe(1_000_000n);
    const printed = world.chain.printed.length;
    expect(world.expire(1n)).toEqual(ok(false));
    expect(world.chain.printed).toHaveLength(printed);
  });

  it("refuses an unknown policy, a stranger, another status, a settled policy, and one not due", async () => {
    const { world, expiry } = await puts(2);

    expect(world.expire(99n)).toEqual(refusal(113));
    for (const caller of [STRANGER, OWNER, GUARDIAN, HOLDER.address])
      expect(world.expire(1n, caller)).toEqual(refusal(102));
    for (const status of ["settled", "active", ""])
      expect(world.expire(1n, BACKEND, status)).toEqual(refusal(114));
    world.chain.reach(expiry + GRACE);
    expect(world.expire(1n)).toEqual(refusal(115));
    world.must(world.settle(2n, { height: expiry }));
    world.chain.pass();
    expect(world.expire(2n)).toEqual(refusal(114));
    expect(world.expire(1n)).toEqual(ok(true));
  });
});

describe("record-expiry", () => {
  it("is for the pool alone, so nobody passes it a price that is not attested", async () => {
    const { world, expiry } = await puts(1);
    world.chain.reach(expiry + LIFE + 1n);
    const call = (id: bigint, caller: string): unknown =>
      world.registry("record-expiry", [Cl.uint(id), Cl.uint(OUT), Cl.uint(expiry)], caller);

    expect(call(99n, STRANGER)).toEqual(refusal(113));
    for (const caller of [STRANGER, BACKEND, OWNER]) expect(call(1n, caller)).toEqual(refusal(101));
  });

  it("refuses, for the pool, what the pool's batch then skips", async () => {
    const world = await aWorld({ sealed: false });
    // Here a wallet is the pool, to see the errors of single policies that a batch never shows.
    world.govern("set-pool", [Cl.principal(STRANGER)]);
    const expiry = world.chain.height + 5n;
    const id = world.entry({ expiry }, STRANGER);
    const settled = world.entry({ expiry }, STRANGER);
    const call = (policy: bigint, price: bigint, height: bigint): unknown =>
      world.registry("record-expiry", [Cl.uint(policy), Cl.uint(price), Cl.uint(height)], STRANGER);

    world.chain.reach(expiry + LIFE);
    expect(call(id, 0n, expiry)).toEqual(refusal(122));
    expect(call(id, OUT, expiry)).toEqual(refusal(115));
    world.chain.pass();
    expect(call(id, OUT, expiry + 1n)).toEqual(refusal(115));
    expect(call(id, usd(59_000), expiry)).toEqual(refusal(131));
    const attested = signatures(world.attest(usd(59_000), expiry));
    const settlement = [Cl.uint(settled), Cl.uint(usd(59_000)), Cl.uint(expiry), attested, Cl.none()];
    world.must(world.registry("record-settlement", settlement, STRANGER));
    expect(call(settled, OUT, expiry)).toEqual(refusal(114));
    expect(call(id, OUT, expiry)).toEqual(ok(true));
    expect(call(id, OUT, expiry)).toEqual(ok(false));
    world.abandon();
  });
});
