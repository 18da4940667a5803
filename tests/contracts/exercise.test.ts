import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { DEPLOYER, ok, refusal } from "./support/chain";
import { commandMessage, digest, highS, sign } from "./support/messages";
import {
  ATTESTORS,
  aWorld,
  BACKEND,
  GUARDIAN,
  HOLDER,
  id16,
  OTHER_HOLDER,
  STRANGER,
  STRANGER_KEY,
  usd,
  type World,
} from "./support/world";

/** A put of 0.1 BTC at 60,000 (floor 40,000), sold, a block old, forty blocks long. */
async function aPut(): Promise<{ world: World; id: bigint; expiry: bigint; start: bigint }> {
  const world = await aWorld();
  const start = world.chain.height;
  const id = world.sold({ expiry: start + 40n });
  world.chain.pass();
  return { world, id, expiry: start + 40n, start };
}

const PARTIAL = usd(50_000); // pays 2,000,000 of 5,000,000

describe("request-exercise", () => {
  it("binds the holder to the price of the next height, which anyone may settle at", async () => {
    const { world, id } = await aPut();
    const asked = world.chain.height;

    expect(world.request(id, 1_000n)).toEqual(ok(asked));
    expect(world.lastPrinted("exercise-requested")).toEqual({
      topic: "exercise-requested",
      version: 1n,
      height: asked,
      "policy-id": id,
      "quote-id": world.policy(id)["quote-id"],
      owner: HOLDER.address,
      "min-payout": 1_000n,
    });
    expect(world.chain.read("policy-registry", "get-request", [Cl.uint(id)])).toEqual({
      height: asked,
      "min-payout": 1_000n,
    });
    world.chain.pass(5);
    expect(world.settle(id, { price: PARTIAL, height: asked + 1n, caller: STRANGER })).toEqual(
      ok(2_000_000n),
    );
    expect(world.lastPrinted("settlement-paid")).toMatchObject({
      rule: "request",
      "price-height": asked + 1n,
    });
  });

  it("allows no price but that of the next height", async () => {
    const { world, id } = await aPut();
    const asked = world.must(world.request(id)) as bigint;
    world.chain.pass(3);

    for (const height of [asked - 1n, asked, asked + 2n, asked + 3n]) {
      expect(world.settle(id, { price: PARTIAL, height })).toEqual(refusal(110));
    }
  });

  it("lapses below its minimum, to the sat, and out of the money", async () => {
    const { world, id } = await aPut();
    const asked = world.must(world.request(id, 2_000_001n)) as bigint;
    world.chain.pass();

    expect(world.settle(id, { price: PARTIAL, height: asked + 1n })).toEqual(refusal(110));
    expect(world.settle(id, { price: usd(49_999), height: asked + 1n })).toHaveProperty("ok");
  });

  it("with no minimum still pays nothing out of the money", async () => {
    const { world, id } = await aPut();
    const asked = world.must(world.request(id, 0n)) as bigint;
    world.chain.pass();

    expect(world.settle(id, { price: usd(60_000), height: asked + 1n })).toEqual(refusal(116));
  });

  it("is good until request-life blocks after its price, and then another may follow", async () => {
    const { world, id } = await aPut();
    const asked = world.must(world.request(id)) as bigint;

    world.chain.reach(asked + 13n);
    expect(world.request(id)).toEqual(refusal(130));
    world.chain.pass();
    expect(world.settle(id, { price: PARTIAL, height: asked + 1n })).toEqual(refusal(110));
    expect(world.request(id)).toEqual(ok(asked + 14n));
    expect(world.settle(id, { price: PARTIAL, height: asked + 1n })).toEqual(refusal(110));
  });

  it("can be settled to the last block of its life", async () => {
    const { world, id } = await aPut();
    const asked = world.must(world.request(id)) as bigint;
    world.chain.reach(asked + 13n);

    expect(world.settle(id, { price: PARTIAL, height: asked + 1n })).toEqual(ok(2_000_000n));
  });

  it("lives on through a pause of settlements", async () => {
    const { world, id } = await aPut();
    const asked = world.must(world.request(id)) as bigint;
    world.govern("pause", [Cl.stringAscii("settlements"), Cl.uint(20)], GUARDIAN);

    world.chain.reach(asked + 20n);
    expect(world.request(id)).toEqual(refusal(130));
    world.chain.reach(asked + 32n);
    expect(world.settle(id, { price: PARTIAL, height: asked + 1n })).toEqual(ok(2_000_000n));
  });

  it("does not stand in the way of a touch or of the holder's order", async () => {
    const { world, id } = await aPut();
    world.must(world.request(id));
    world.chain.pass();

    expect(world.settle(id, { price: PARTIAL, order: world.order(id) })).toEqual(ok(2_000_000n));
  });

  it("is refused for an unknown policy, a stranger, through a contract, after the end and at expiry", async () => {
    const { world, id, expiry } = await aPut();
    world.chain.deploy(
      "asker",
      "(define-public (ask (id uint)) (contract-call? .policy-registry request-exercise id u1))",
    );

    expect(world.request(99n)).toEqual(refusal(113));
    expect(world.request(id, 1n, OTHER_HOLDER.address)).toEqual(refusal(117));
    expect(world.request(id, 1n, BACKEND)).toEqual(refusal(117));
    expect(world.chain.call(`${DEPLOYER}.asker`, "ask", [Cl.uint(id)], HOLDER.address)).toEqual(refusal(117));
    world.chain.reach(expiry);
    expect(world.request(id)).toEqual(refusal(129));
    world.chain.pass();
    world.must(world.settle(id, { height: expiry }));
    expect(world.request(id)).toEqual(refusal(114));
  });

  it("one block before expiry fixes the price of the expiry itself", async () => {
    const { world, id, expiry } = await aPut();
    world.chain.reach(expiry - 1n);
    world.must(world.request(id));
    world.chain.pass();

    expect(world.settle(id, { price: PARTIAL, height: expiry })).toEqual(ok(2_000_000n));
    expect(world.lastPrinted("settlement-paid")).toMatchObject({ rule: "request" });
  });
});

describe("settle-policy by the holder's order", () => {
  it("pays at a reading made for this policy and this command", async () => {
    const { world, id } = await aPut();
    const books = world.totals() as { available: bigint };

    expect(world.settle(id, { price: PARTIAL, order: world.order(id) })).toEqual(ok(2_000_000n));
    expect(world.lastPrinted("settlement-paid")).toMatchObject({
      rule: "daemon",
      payout: 2_000_000n,
      released: 3_000_000n,
    });
    expect(world.totals()).toMatchObject({ available: books.available + 3_000_000n, locked: 0n });
  });

  it("is the rule even where the price is a touch, so the public price does not do", async () => {
    const { world, id } = await aPut();
    const order = world.order(id);
    const price = usd(30_000);

    expect(world.settle(id, { price, order, attestations: world.attest(price, world.chain.height) })).toEqual(
      refusal(111),
    );
    expect(world.settle(id, { price, order })).toEqual(ok(5_000_000n));
    expect(world.lastPrinted("settlement-paid")).toMatchObject({ rule: "daemon" });
  });

  it("takes a reading max-age blocks old and none older", async () => {
    const { world, id, start } = await aPut();
    const height = world.chain.pass(3);
    world.chain.pass(2);
    const order = world.order(id);

    expect(height - 1n, "too old, and not the purchase's own").toBeGreaterThan(start);
    expect(world.settle(id, { price: PARTIAL, order, height: height - 1n })).toEqual(refusal(110));
    expect(world.settle(id, { price: PARTIAL, order, height })).toEqual(ok(2_000_000n));
  });

  it("takes no reading of the purchase height, of one to come, or of one after expiry", async () => {
    const { world, id, expiry, start } = await aPut();
    const order = world.order(id);

    expect(world.settle(id, { order, height: start })).toEqual(refusal(110));
    expect(world.settle(id, { order, height: world.chain.height + 1n })).toEqual(refusal(110));
    world.chain.reach(expiry + 1n);
    expect(world.settle(id, { order, height: expiry + 1n })).toEqual(refusal(110));
    expect(world.settle(id, { order: world.order(id), height: expiry })).toEqual(ok(2_000_000n));
  });

  it("is refused with the public price, with another order's reading, and with another policy's", async () => {
    const { world, id } = await aPut();
    const other = world.must(world.buy({ owner: HOLDER.address })) as bigint;
    world.chain.pass();
    const { height } = world.chain;
    const order = world.order(id);
    const quote = world.policy(id)["quote-id"] as string;
    const otherQuote = world.policy(other)["quote-id"] as string;
    const attempts = [
      world.attest(PARTIAL, height),
      world.read(quote, id16(901), PARTIAL, height),
      world.read(otherQuote, order.id, PARTIAL, height),
      world.read(quote, order.id, PARTIAL + 1n, height),
      world.read(quote, order.id, PARTIAL, height - 1n),
      world.read(quote, order.id, PARTIAL, height, [STRANGER_KEY]),
      [],
    ];
    for (const attestations of attempts) {
      expect(world.settle(id, { price: PARTIAL, order, attestations })).toEqual(refusal(111));
    }
  });

  it("makes a reading worth nothing without it", async () => {
    const { world, id } = await aPut();
    const { height } = world.chain;
    const readings = world.read(world.policy(id)["quote-id"] as string, id16(900), usd(30_000), height);

    expect(world.settle(id, { price: usd(30_000), attestations: readings })).toEqual(refusal(111));
  });

  it("pays nothing out of the money and nothing below its minimum, to the sat", async () => {
    const { world, id } = await aPut();

    expect(world.settle(id, { price: usd(60_000), order: world.order(id, { minPayout: 0n }) })).toEqual(
      refusal(116),
    );
    expect(world.settle(id, { price: PARTIAL, order: world.order(id, { minPayout: 2_000_001n }) })).toEqual(
      refusal(120),
    );
    expect(world.settle(id, { price: PARTIAL, order: world.order(id, { minPayout: 2_000_000n }) })).toEqual(
      ok(2_000_000n),
    );
  });

  it("is good for two hours beyond its time and no longer", async () => {
    const { world, id } = await aPut();

    expect(world.settle(id, { order: world.order(id, { validUntil: world.chain.time - 7_201n }) })).toEqual(
      refusal(118),
    );
    expect(world.settle(id, { order: world.order(id, { validUntil: 0n }) })).toEqual(refusal(118));
    expect(world.settle(id, { order: world.order(id, { validUntil: world.chain.time - 7_200n }) })).toEqual(
      ok(2_000_000n),
    );
  });

  it("is refused when signed by another key, for another policy, action or chain, or altered after", async () => {
    const { world, id } = await aPut();
    const other = world.sold();
    const good = world.order(id);
    const policy = world.policy(id);
    const command = { owner: HOLDER.address, policyId: id, quoteId: policy["quote-id"] as string, ...good };
    const resigned = (hash: string): string => sign(hash, HOLDER);
    const altered = [
      world.order(id, {}, OTHER_HOLDER),
      world.order(id, {}, ATTESTORS[0]),
      { ...good, signature: world.order(other).signature },
      { ...good, signature: resigned(digest(commandMessage(command), 1n)) },
      { ...good, signature: resigned(digest(commandMessage({ ...command, owner: OTHER_HOLDER.address }))) },
      { ...good, signature: resigned(digest(commandMessage({ ...command, quoteId: id16(5) }))) },
      { ...good, minPayout: good.minPayout - 1n },
      { ...good, validUntil: good.validUntil + 1n },
      { ...good, id: id16(902) },
      { ...good, signature: highS(good.signature) },
      { ...good, signature: good.signature.slice(0, 128) },
      { ...good, signature: "" },
    ];
    for (const order of altered) expect(world.settle(id, { order })).toEqual(refusal(119));
    expect(world.settle(id, { order: good })).toEqual(ok(2_000_000n));
  });

  it("needs as many attestors as the parameter says", async () => {
    const { world, id } = await aPut();
    const order = world.order(id);
    const quote = world.policy(id)["quote-id"] as string;
    const one = world.read(quote, order.id, PARTIAL, world.chain.height);

    expect(world.settle(id, { price: PARTIAL, order, attestations: [...one, ...one] })).toEqual(refusal(111));
    const all = world.read(quote, order.id, PARTIAL, world.chain.height, ATTESTORS);
    expect(world.settle(id, { price: PARTIAL, order, attestations: all })).toEqual(ok(2_000_000n));
  });
});
