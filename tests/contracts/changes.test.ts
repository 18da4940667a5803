import { Cl, type ClarityValue } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, type Plain, POOL, REGISTRY, refusal } from "./support/chain";
import { key } from "./support/messages";
import {
  ATTESTORS,
  aWorld,
  BACKEND,
  BOB,
  GUARDIAN,
  OWNER,
  QUOTE_KEY,
  SPARE_QUOTE_KEY,
  STRANGER,
  TREASURY,
  VOUCHER_KEY,
  type World,
} from "./support/world";

const NEW = key(40);
const HEIR = BOB.address;

const text = (value: string): ClarityValue => Cl.stringAscii(value);
const principal = (world: World, role: string): Plain =>
  world.chain.read("policy-registry", "get-principal", [text(role)]);

const propose = {
  principal: (world: World, role: string, who: string, caller = OWNER): Plain =>
    world.registry("propose-principal", [text(role), Cl.principal(who)], caller),
  signer: (world: World, role: string, compressed: string, caller = OWNER): Plain =>
    world.registry("propose-signer", [text(role), Cl.bufferFromHex(compressed)], caller),
  parameter: (world: World, name: string, value: bigint, caller = OWNER): Plain =>
    world.registry("propose-parameter", [text(name), Cl.uint(value)], caller),
  backend: (world: World, who: string, caller = OWNER): Plain =>
    world.registry("set-backend-principal", [Cl.principal(who)], caller),
};
const execute = (world: World, id: Plain, caller = OWNER): Plain => {
  const number = typeof id === "bigint" ? id : (world.must(id) as bigint);
  return world.registry("execute-change", [Cl.uint(number)], caller);
};
const cancel = (world: World, caller: string): Plain => world.registry("cancel-changes", [], caller);
const remove = (world: World, role: string, compressed: string, caller = OWNER): Plain =>
  world.registry("remove-signer", [text(role), Cl.bufferFromHex(compressed)], caller);
const isSigner = (world: World, role: string, compressed: string): Plain =>
  world.chain.read("policy-registry", "is-signer", [text(role), Cl.bufferFromHex(compressed)]);

describe("before the pool is set", () => {
  it("proposals take effect at once", async () => {
    const world = await aWorld({ sealed: false });

    expect(propose.parameter(world, "grace", 144n)).toHaveProperty("ok");
    expect(world.parameter("grace")).toBe(144n);
    expect(propose.signer(world, "quote", NEW.compressed)).toHaveProperty("ok");
    expect(isSigner(world, "quote", NEW.compressed)).toBe(true);
    expect(propose.backend(world, HEIR)).toHaveProperty("ok");
    expect(principal(world, "backend")).toBe(HEIR);
    expect(world.lastPrinted("change-made")).toMatchObject({
      change: { action: "principal", name: "backend", who: HEIR, ready: world.chain.height },
    });
    expect(world.chain.printed.filter((event) => event.topic === "change-proposed")).toEqual([]);
  });

  it("the deployer is everything and nothing pays, sells or settles", async () => {
    const world = await aWorld({ sealed: false });

    expect(principal(world, "owner")).toBe(OWNER);
    expect(principal(world, "pool")).toBeNull();
    expect(world.buy({}, {})).toEqual(refusal(211));
    expect(world.deposit(BOB, 1_000_000n)).toEqual(ok(1_000_000n));
    expect(world.buy({ collateral: 1_000_000n })).toEqual(refusal(101));
  });
});

describe("set-pool", () => {
  it("seals the set-up once", async () => {
    const world = await aWorld({ sealed: false });
    const seal = (caller = OWNER, pool = POOL): Plain =>
      world.registry("set-pool", [Cl.principal(pool)], caller);

    expect(seal(STRANGER)).toEqual(refusal(100));
    expect(seal()).toEqual(ok(true));
    expect(world.lastPrinted("pool-set")).toEqual({
      topic: "pool-set",
      version: 1n,
      height: world.chain.height,
      pool: POOL,
    });
    expect(seal(OWNER, STRANGER)).toEqual(refusal(127));
    expect(principal(world, "pool")).toBe(POOL);
    expect(propose.principal(world, "pool", STRANGER)).toEqual(refusal(121));
  });

  it("is refused while a role has fewer keys than must sign", async () => {
    const world = await aWorld({ sealed: false, parameters: { voucher: 3n } });

    expect(world.registry("set-pool", [Cl.principal(POOL)], OWNER)).toEqual(refusal(126));
    world.must(propose.signer(world, "voucher", NEW.compressed));
    expect(world.registry("set-pool", [Cl.principal(POOL)], OWNER)).toEqual(ok(true));
  });
});

describe("a proposal", () => {
  it("waits for the timelock, then takes effect once", async () => {
    const world = await aWorld();
    const id = world.must(propose.parameter(world, "grace", 144n)) as bigint;
    const ready = world.chain.height + 144n;
    const change = { action: "parameter", name: "grace", value: 144n, key: "", who: REGISTRY, ready };

    expect(world.lastPrinted("change-proposed")).toEqual({
      topic: "change-proposed",
      version: 1n,
      height: world.chain.height,
      id,
      change,
    });
    expect(world.chain.read("policy-registry", "get-change", [Cl.uint(id)])).toEqual(change);
    world.chain.reach(ready - 1n);
    expect(execute(world, id)).toEqual(refusal(124));
    expect(world.parameter("grace")).toBe(1_008n);
    world.chain.pass();
    expect(execute(world, id)).toEqual(ok(id));
    expect(world.parameter("grace")).toBe(144n);
    expect(world.lastPrinted("change-made")).toEqual({
      topic: "change-made",
      version: 1n,
      height: ready,
      id,
      change,
    });
    expect(execute(world, id)).toEqual(refusal(123));
  });

  it("lapses 1,008 blocks after it was ready", async () => {
    const world = await aWorld();
    const [kept, late] = [propose.parameter(world, "grace", 144n), propose.parameter(world, "grace", 145n)];

    world.chain.pass(144 + 1_008);
    expect(execute(world, kept)).toHaveProperty("ok");
    world.chain.pass();
    expect(execute(world, late)).toEqual(refusal(125));
  });

  it("is executed by the owner alone, and only if it exists", async () => {
    const world = await aWorld();
    const id = propose.parameter(world, "grace", 144n);
    world.chain.pass(144);

    for (const caller of [STRANGER, GUARDIAN, BACKEND])
      expect(execute(world, id, caller)).toEqual(refusal(100));
    expect(execute(world, 9_999n)).toEqual(refusal(123));
    expect(execute(world, 0n)).toEqual(refusal(123));
  });

  it("is the owner's alone to make", async () => {
    const world = await aWorld();
    for (const caller of [STRANGER, GUARDIAN, BACKEND, TREASURY]) {
      expect(propose.principal(world, "backend", HEIR, caller)).toEqual(refusal(100));
      expect(propose.signer(world, "quote", NEW.compressed, caller)).toEqual(refusal(100));
      expect(propose.parameter(world, "grace", 144n, caller)).toEqual(refusal(100));
      expect(propose.backend(world, HEIR, caller)).toEqual(refusal(100));
    }
  });

  it("names a role, a key or a parameter that there is, and a value within its bounds", async () => {
    const world = await aWorld();

    for (const role of ["pool", "attestor", "", "OWNER"])
      expect(propose.principal(world, role, HEIR)).toEqual(refusal(121));
    for (const role of ["owner", "grace", ""])
      expect(propose.signer(world, role, NEW.compressed)).toEqual(refusal(121));
    for (const bad of [
      "",
      "02",
      "00".repeat(33),
      `05${NEW.compressed.slice(2)}`,
      NEW.compressed.slice(0, 64),
      "ff".repeat(33),
    ]) {
      expect(propose.signer(world, "quote", bad)).toEqual(refusal(122));
    }
    expect(propose.parameter(world, "speed", 1n)).toEqual(refusal(121));
    expect(propose.parameter(world, "speed", 1n, STRANGER)).toEqual(refusal(121));
  });

  it("keeps every parameter within the bounds that stand beside it", async () => {
    const world = await aWorld();
    const table: [string, bigint, bigint, bigint][] = [
      ["quote", 1n, 1n, 7n],
      ["voucher", 1n, 1n, 7n],
      ["attestor", 1n, 1n, 7n],
      ["sale-age", 2n, 1n, 24n],
      ["max-age", 2n, 1n, 6n],
      ["grace", 1_008n, 144n, 4_320n],
      ["request-life", 12n, 6n, 432n],
      ["timelock", 144n, 72n, 432n],
      ["max-tenor", 25_920n, 144n, 52_560n],
      ["min-amount", 100_000n, 10_000n, 100_000_000n],
      ["max-amount", 1_000_000_000n, 1_000_000n, 100_000_000_000n],
      ["min-collateral", 10_000n, 1_000n, 10_000_000n],
      ["max-fee", 1_000n, 0n, 3_000n],
      ["min-deposit", 10_000n, 1_000n, 100_000_000n],
      ["window", 144n, 72n, 1_008n],
      ["window-floor", 1_000_000n, 1_000_000n, 1_000_000_000n],
      ["sale-share", 2_500n, 100n, 10_000n],
      ["outflow-share", 2_500n, 500n, 10_000n],
      ["profit-share", 200n, 50n, 10_000n],
      ["yield-cap", 10_000n, 1_000n, 1_000_000n],
      ["buffer-share", 2_000n, 0n, 5_000n],
      ["silence", 4_320n, 1_008n, 17_280n],
    ];
    for (const [name, value, low, high] of table) {
      expect(world.chain.read("policy-registry", "get-parameter-bounds", [text(name)])).toEqual({
        value,
        low,
        high,
      });
      if (low > 0n) expect(propose.parameter(world, name, low - 1n)).toEqual(refusal(122));
      expect(propose.parameter(world, name, high + 1n)).toEqual(refusal(122));
      for (const bound of [low, high]) expect(propose.parameter(world, name, bound)).toHaveProperty("ok");
    }
    expect(world.chain.read("policy-registry", "get-pool-rules")).toEqual(
      world.chain.read("liquidity-pool", "get-parameters"),
    );
    expect(world.parameter("no such name")).toBe(0n);
  });

  it("of a number above a role's keys cannot be executed, and can once there is another key", async () => {
    const world = await aWorld();
    const number = propose.parameter(world, "voucher", 3n);
    const added = propose.signer(world, "voucher", NEW.compressed);
    world.chain.pass(144);

    expect(execute(world, number)).toEqual(refusal(126));
    world.must(execute(world, added));
    expect(execute(world, number)).toHaveProperty("ok");
  });

  it("of a key that is registered already counts it once", async () => {
    const world = await aWorld();
    const again = propose.signer(world, "quote", QUOTE_KEY.compressed);
    world.chain.pass(144);
    world.must(execute(world, again));

    expect(world.chain.read("policy-registry", "get-signer-count", [text("quote")])).toBe(2n);
  });
});

describe("the owner's role", () => {
  it("passes to whoever was proposed when they accept, and to nobody before", async () => {
    const world = await aWorld();
    const id = propose.principal(world, "owner", HEIR);
    world.chain.pass(144);

    expect(execute(world, id), "the old owner cannot").toEqual(refusal(100));
    expect(execute(world, id, STRANGER)).toEqual(refusal(100));
    expect(execute(world, id, HEIR)).toHaveProperty("ok");
    expect(principal(world, "owner")).toBe(HEIR);
    expect(propose.parameter(world, "grace", 144n)).toEqual(refusal(100));
  });

  it("taken over by a thief is stopped by the guardian within the timelock", async () => {
    const world = await aWorld();
    const id = propose.principal(world, "owner", STRANGER);
    world.must(cancel(world, GUARDIAN));
    world.chain.pass(144);

    expect(execute(world, id, STRANGER)).toEqual(refusal(123));
  });
});

describe("set-backend-principal", () => {
  it("is a proposal for anybody else and switches the backend off at once for the owner itself", async () => {
    const world = await aWorld();
    const id = propose.backend(world, HEIR);
    expect(principal(world, "backend")).toBe(BACKEND);

    expect(propose.backend(world, OWNER)).toHaveProperty("ok");
    expect(world.chain.read("policy-registry", "get-backend-principal")).toBe(OWNER);
    expect(world.pool("lock-collateral-aggregate", [Cl.uint(1)], BACKEND)).toEqual(refusal(202));
    world.chain.pass(144);
    world.must(execute(world, id));
    expect(world.chain.read("policy-registry", "get-backend-principal")).toBe(HEIR);
  });
});

describe("cancel-changes", () => {
  it("voids every proposal so far in one call, and none made afterwards", async () => {
    const world = await aWorld();
    const ids = Array.from({ length: 150 }, (_, at) => propose.parameter(world, "grace", 144n + BigInt(at)));
    expect(cancel(world, STRANGER)).toEqual(refusal(103));
    expect(cancel(world, OWNER)).toHaveProperty("ok");
    const last = world.must(ids.at(-1) as Plain);
    expect(world.lastPrinted("changes-cancelled")).toMatchObject({ voided: { changes: last, seat: last } });
    const later = propose.parameter(world, "grace", 500n);
    world.chain.pass(144);

    for (const id of [ids[0], ids[75], ids.at(-1)]) expect(execute(world, id as Plain)).toEqual(refusal(123));
    expect(execute(world, later)).toHaveProperty("ok");
  });

  it("by the guardian spares a proposal for its own seat, so that it cannot veto its replacement", async () => {
    const world = await aWorld();
    const seat = propose.principal(world, "guardian", HEIR);
    const other = propose.parameter(world, "grace", 144n);
    world.must(cancel(world, GUARDIAN));
    world.chain.pass(144);

    expect(execute(world, other)).toEqual(refusal(123));
    expect(execute(world, seat)).toHaveProperty("ok");
    expect(principal(world, "guardian")).toBe(HEIR);
    expect(cancel(world, GUARDIAN)).toEqual(refusal(103));
  });

  it("by the owner voids that one too", async () => {
    const world = await aWorld();
    const seat = propose.principal(world, "guardian", HEIR);
    world.must(cancel(world, OWNER));
    world.must(cancel(world, GUARDIAN));
    world.chain.pass(144);

    expect(execute(world, seat)).toEqual(refusal(123));
  });
});

describe("remove-signer", () => {
  it("takes a key away at once, by the owner or the guardian", async () => {
    const world = await aWorld();

    expect(remove(world, "attestor", ATTESTORS[2].compressed, GUARDIAN)).toEqual(ok(true));
    expect(world.lastPrinted("signer-removed")).toMatchObject({
      role: "attestor",
      key: ATTESTORS[2].compressed,
    });
    expect(remove(world, "attestor", ATTESTORS[1].compressed, OWNER)).toEqual(ok(true));
    expect(isSigner(world, "attestor", ATTESTORS[1].compressed)).toBe(false);
    expect(remove(world, "attestor", ATTESTORS[1].compressed)).toEqual(refusal(121));
    expect(remove(world, "attestor", NEW.compressed)).toEqual(refusal(121));
    expect(remove(world, "attestor", ATTESTORS[0].compressed, STRANGER)).toEqual(refusal(103));
  });

  it("leaves holders and providers the keys that pay them, and may stop sales for good", async () => {
    const world = await aWorld();
    world.must(remove(world, "attestor", ATTESTORS[2].compressed));
    world.must(remove(world, "attestor", ATTESTORS[1].compressed));

    expect(remove(world, "attestor", ATTESTORS[0].compressed)).toEqual(refusal(126));
    expect(remove(world, "quote", QUOTE_KEY.compressed, GUARDIAN)).toEqual(ok(true));
    expect(remove(world, "quote", SPARE_QUOTE_KEY.compressed, GUARDIAN)).toEqual(ok(true));
    expect(world.buy()).toEqual(refusal(109));
    expect(remove(world, "voucher", VOUCHER_KEY.compressed)).toEqual(ok(true));
    expect(remove(world, "voucher", key(24).compressed)).toEqual(refusal(126));
  });
});
