import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, type Plain, refusal } from "./support/chain";
import {
  ALICE,
  aWorld,
  BACKEND,
  BOB,
  BTC,
  GUARDIAN,
  OWNER,
  STRANGER,
  usd,
  type World,
} from "./support/world";

const pause = (world: World, what: string, blocks: bigint, caller = GUARDIAN): Plain =>
  world.registry("pause", [Cl.stringAscii(what), Cl.uint(blocks)], caller);
const resume = (world: World, what: string, caller = GUARDIAN): Plain =>
  world.registry("resume", [Cl.stringAscii(what)], caller);
const isPaused = (world: World, what: string): Plain =>
  world.chain.read("policy-registry", "is-paused", [Cl.stringAscii(what)]);
const KINDS = ["sales", "withdrawals", "settlements"];

describe("pause", () => {
  it("stops one thing until a height, and then that thing goes on by itself", async () => {
    const world = await aWorld();
    for (const what of KINDS) {
      const until = world.chain.height + 5n;
      expect(pause(world, what, 5n)).toEqual(ok(true));
      expect(world.lastPrinted("paused")).toEqual({
        topic: "paused",
        version: 1n,
        height: world.chain.height,
        what,
        until,
      });
      expect(world.chain.read("policy-registry", "get-paused-until", [Cl.stringAscii(what)])).toBe(until);
      world.chain.reach(until - 1n);
      expect(isPaused(world, what)).toBe(true);
      world.chain.pass();
      expect(isPaused(world, what)).toBe(false);
    }
  });

  it("is the guardian's alone, of a known thing, for one block to the timelock and thirty-six more", async () => {
    const world = await aWorld();

    for (const caller of [OWNER, BACKEND, STRANGER])
      expect(pause(world, "sales", 5n, caller)).toEqual(refusal(103));
    for (const what of ["everything", "", "Sales"]) expect(pause(world, what, 5n)).toEqual(refusal(121));
    for (const blocks of [0n, 181n, 2n ** 128n - 1n])
      expect(pause(world, "sales", blocks)).toEqual(refusal(122));
    expect(pause(world, "withdrawals", 1n)).toEqual(ok(true));
    expect(pause(world, "sales", 180n)).toEqual(ok(true));
  });

  it("of money owed rests 1,008 blocks after the last one; of sales it may follow at once", async () => {
    const world = await aWorld();
    world.must(pause(world, "settlements", 180n));
    const ended = world.chain.height + 180n;

    expect(pause(world, "settlements", 180n), "no extension").toEqual(refusal(128));
    world.chain.reach(ended + 1_007n);
    expect(pause(world, "settlements", 1n)).toEqual(refusal(128));
    expect(pause(world, "withdrawals", 1n), "each kind for itself").toEqual(ok(true));
    world.chain.pass();
    expect(pause(world, "settlements", 180n)).toEqual(ok(true));
    for (let round = 0; round < 3; round += 1) expect(pause(world, "sales", 180n)).toEqual(ok(true));
  });

  it("by a hostile guardian leaves withdrawals open for most of the time", async () => {
    const world = await aWorld();
    let open = 0;
    const step = 12; // divides a pause and the rest after it
    for (let block = 0; block < 1_188 * 2; block += step) {
      pause(world, "withdrawals", 180n);
      if (isPaused(world, "withdrawals") === false) open += step;
      world.chain.pass(step);
    }

    expect(open).toBe(2 * 1_008);
  });
});

describe("resume", () => {
  it("ends a pause, by the owner or the guardian", async () => {
    const world = await aWorld();
    for (const caller of [OWNER, GUARDIAN]) {
      world.must(pause(world, "sales", 100n));
      expect(resume(world, "sales", STRANGER)).toEqual(refusal(103));
      expect(resume(world, "sales", BACKEND)).toEqual(refusal(103));
      expect(resume(world, "sales", caller)).toEqual(ok(true));
      expect(world.lastPrinted("resumed")).toEqual({
        topic: "resumed",
        version: 1n,
        height: world.chain.height,
        what: "sales",
      });
      expect(isPaused(world, "sales")).toBe(false);
    }
  });

  it("is refused for what is not paused or not known", async () => {
    const world = await aWorld();
    world.must(pause(world, "sales", 2n));
    world.chain.pass(2);

    expect(resume(world, "sales")).toEqual(refusal(121));
    expect(resume(world, "everything")).toEqual(refusal(121));
  });

  it("starts the rest before the next pause", async () => {
    const world = await aWorld();
    world.must(pause(world, "withdrawals", 180n));
    world.chain.pass(10);
    world.must(resume(world, "withdrawals", OWNER));

    world.chain.pass(1_007);
    expect(pause(world, "withdrawals", 1n)).toEqual(refusal(128));
    world.chain.pass();
    expect(pause(world, "withdrawals", 1n)).toEqual(ok(true));
  });
});

describe("a pause of everything", () => {
  it("costs no holder a payout and no provider a sat", async () => {
    const world = await aWorld();
    const expiry = world.chain.height + 5n;
    const id = world.sold({ expiry });
    for (const what of KINDS) world.must(pause(world, what, 180n));
    world.chain.pass(7);

    expect(world.settle(id, { price: usd(50_000), height: expiry })).toEqual(refusal(105));
    expect(world.withdraw(ALICE, BTC)).toEqual(refusal(205));
    expect(world.deposit(BOB, BTC)).toEqual(refusal(205));
    world.chain.pass(180);
    expect(world.settle(id, { price: usd(50_000), height: expiry })).toEqual(ok(2_000_000n));
    expect(world.withdraw(ALICE, BTC)).toEqual(ok(BTC));
  });
});
