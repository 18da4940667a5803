import { expect } from "vitest";

import { POOL } from "./chain";
import { rebuild } from "./rebuild";
import { differences } from "./state";
import type { World } from "./world";

/** Checks the laws that hold after every step, whatever it was. */
export function expectBalancedBooks(world: World): void {
  const totals = world.totals() as Record<"available" | "locked" | "buffer", bigint> & Record<string, bigint>;
  const vault = totals.available + totals.locked + totals.buffer;
  const count = world.chain.read("policy-registry", "get-policy-count") as bigint;
  let held = 0n;
  for (let id = 1n; id <= count; id += 1n) {
    const collateral = world.collateral(id);
    const policy = world.policy(id);
    expect(policy.payout as bigint, "no policy pays more than its collateral").toBeLessThanOrEqual(
      policy.collateral as bigint,
    );
    if (policy.status === "active") expect(collateral, "a live policy is covered").toBe(policy.collateral);
    if (policy.status === "settled") expect(collateral, "a settled policy holds nothing").toBe(0n);
    held += collateral;
  }
  const flow = ["deposited", "premiums"].reduce((sum, name) => sum + (totals[name] ?? 0n), 0n);
  const out = ["withdrawn", "payouts", "escaped"].reduce((sum, name) => sum + (totals[name] ?? 0n), 0n);

  expect(world.chain.balance(POOL), "the balance is the buckets").toBe(vault + world.donated);
  expect(totals.locked, "locked is the sum of the collateral held").toBe(held);
  expect(vault, "the buckets are what came in less what went out").toBe(flow - out);
  const told = world.chain.printed.findLast((fields) => "totals" in fields);
  if (told !== undefined) expect(told.totals, "the last event tells the totals").toEqual(totals);
}

/** Compares every map and variable of both contracts with what the events tell of them. */
export function expectToldBy({ chain, deployed, tried }: World): void {
  expect(differences(chain, rebuild(deployed, chain.printed), tried)).toEqual([]);
}
