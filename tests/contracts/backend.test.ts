import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { ok, type Plain, refusal } from "./support/chain";
import { aWorld, BACKEND, BOB, BTC, OWNER, STRANGER, TREASURY, type World } from "./support/world";

const ROOT = "ab".repeat(32);

const lock = (world: World, amount: bigint, caller = BACKEND): Plain =>
  world.pool("lock-collateral-aggregate", [Cl.uint(amount)], caller);
const unlock = (world: World, amount: bigint, caller = BACKEND): Plain =>
  world.pool("unlock-collateral-aggregate", [Cl.uint(amount)], caller);

interface Root {
  root: string;
  equity: bigint;
  deposited: bigint;
  withdrawn: bigint;
  asOf: bigint;
  caller: string;
}
function publish(world: World, changes: Partial<Root> = {}): Plain {
  const {
    root = ROOT,
    equity = 10n * BTC,
    deposited = 10n * BTC,
    withdrawn = 0n,
    asOf = world.chain.height - 1n,
  } = changes;
  const numbers = [equity, deposited, withdrawn, asOf].map((number) => Cl.uint(number));
  return world.pool("publish-liabilities", [Cl.bufferFromHex(root), ...numbers], changes.caller ?? BACKEND);
}

function close(world: World): void {
  world.chain.pass(4_330);
  world.must(world.openEscape());
}

describe("lock-collateral-aggregate", () => {
  it("moves sats into the buffer, where no sale and no withdrawal reaches them", async () => {
    const world = await aWorld();

    expect(lock(world, 2n * BTC)).toEqual(ok(2n * BTC));
    expect(world.totals()).toMatchObject({ available: 8n * BTC, buffer: 2n * BTC, locked: 0n });
    expect(world.lastPrinted("collateral-locked")).toEqual({
      topic: "collateral-locked",
      version: 1n,
      height: world.chain.height,
      "policy-id": null,
      amount: 2n * BTC,
      premium: 0n,
      fee: 0n,
      treasury: TREASURY,
      totals: world.totals(),
    });
  });

  it("keeps the buffer within its share of the vault, to the sat", async () => {
    const world = await aWorld();

    expect(lock(world, 2n * BTC + 1n)).toEqual(refusal(218));
    expect(lock(world, 2n * BTC)).toHaveProperty("ok");
    expect(lock(world, 1n)).toEqual(refusal(218));
  });

  it("may take all that is available", async () => {
    const world = await aWorld({ deposit: 10_000_000n, parameters: { "sale-share": 10_000n } });
    world.sold({ collateral: 9_000_000n });
    const { available } = world.totals() as { available: bigint };

    expect(lock(world, available + 1n)).toEqual(refusal(211));
    expect(lock(world, available)).toEqual(ok(available));
    expect(world.totals()).toMatchObject({ available: 0n, locked: 9_000_000n, buffer: available });
  });

  it("refuses a stranger, the owner, nothing, more than is available, and a closed pool", async () => {
    const world = await aWorld();

    for (const caller of [STRANGER, OWNER]) expect(lock(world, BTC, caller)).toEqual(refusal(202));
    expect(lock(world, 0n)).toEqual(refusal(207));
    expect(lock(world, 10n * BTC + 1n)).toEqual(refusal(211));
    close(world);
    expect(lock(world, BTC)).toEqual(refusal(203));
  });
});

describe("unlock-collateral-aggregate", () => {
  it("moves sats back, up to all of the buffer", async () => {
    const world = await aWorld();
    world.must(lock(world, BTC));

    expect(unlock(world, 1n)).toEqual(ok(1n));
    expect(world.lastPrinted("collateral-released")).toEqual({
      topic: "collateral-released",
      version: 1n,
      height: world.chain.height,
      "policy-ids": [],
      amount: 1n,
      totals: world.totals(),
    });
    expect(unlock(world, BTC)).toEqual(refusal(218));
    expect(unlock(world, BTC - 1n)).toEqual(ok(BTC - 1n));
    expect(world.totals()).toMatchObject({ available: 10n * BTC, buffer: 0n });
  });

  it("refuses a stranger and nothing", async () => {
    const world = await aWorld();
    world.must(lock(world, BTC));

    expect(unlock(world, BTC, STRANGER)).toEqual(refusal(202));
    expect(unlock(world, 0n)).toEqual(refusal(207));
  });
});

describe("publish-liabilities", () => {
  it("replaces the root and is the heartbeat", async () => {
    const world = await aWorld();
    world.chain.pass(10);
    const at = world.chain.height;

    expect(publish(world)).toEqual(ok(true));
    const liabilities = {
      root: ROOT,
      equity: 10n * BTC,
      deposited: 10n * BTC,
      withdrawn: 0n,
      "as-of": at - 1n,
      at,
    };
    expect(world.chain.read("liquidity-pool", "get-liabilities")).toEqual(liabilities);
    expect(world.lastPrinted("liabilities-published")).toEqual({
      topic: "liabilities-published",
      version: 1n,
      height: at,
      liabilities,
    });
  });

  it("refuses a stranger, and at a closed pool", async () => {
    const world = await aWorld();
    world.chain.pass();

    for (const caller of [STRANGER, OWNER]) expect(publish(world, { caller })).toEqual(refusal(202));
    close(world);
    expect(publish(world)).toEqual(refusal(203));
  });

  it("refuses a root of another length, a height to come or before the last one", async () => {
    const world = await aWorld();
    world.chain.pass(10);
    const { height } = world.chain;

    for (const root of ["", "ab", "ab".repeat(31)]) expect(publish(world, { root })).toEqual(refusal(219));
    expect(publish(world, { asOf: height })).toEqual(refusal(219));
    expect(publish(world, { asOf: height - 2n })).toEqual(ok(true));
    expect(publish(world, { asOf: height - 3n })).toEqual(refusal(219));
    expect(publish(world, { asOf: height - 2n }), "again at the same height").toEqual(ok(true));
  });

  it("refuses claims above the vault, by one sat, deposits and withdrawals since then included", async () => {
    const world = await aWorld();
    world.chain.pass(10);

    expect(publish(world, { equity: 10n * BTC + 1n })).toEqual(refusal(219));
    expect(publish(world, { deposited: 10n * BTC + 1n })).toEqual(refusal(219));
    expect(publish(world, { withdrawn: 1n })).toEqual(refusal(219));
    world.must(world.deposit(BOB, BTC));
    world.must(world.withdraw(BOB, BTC / 2n));
    // Since the root: 1 BTC in, half of it out; the vault is 10.5.
    expect(publish(world)).toEqual(ok(true));
    expect(publish(world, { equity: 10n * BTC + 1n })).toEqual(refusal(219));
    expect(publish(world, { deposited: 10n * BTC - 1n })).toEqual(refusal(219));
    expect(publish(world, { deposited: 11n * BTC, withdrawn: BTC / 2n, equity: (21n * BTC) / 2n })).toEqual(
      ok(true),
    );
    expect(
      publish(world, { deposited: 11n * BTC, withdrawn: BTC / 2n, equity: (21n * BTC) / 2n + 1n }),
    ).toEqual(refusal(219));
  });
});
