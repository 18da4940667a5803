import { describe, expect, it } from "vitest";
import type { Config, Policy, Transaction } from "../api/schema";
import { type Crossing, policySteps, timeLeft, transactionSteps } from "./life";
import { blocksTo, heightOf, timeOf } from "./schedule";

const config = { confirmations: { confirmed: 1, final: 6 } } as Config;
const tip = { burn_height: 1_000, at: "2026-11-24T12:00:00.000Z", mean_burn_block_s: 30 };

function a_policy(change: Partial<Policy>): Policy {
  return {
    status: "active",
    status_detail: null,
    created_txid: "0xaa",
    start_height: 990,
    expiry_height: 1_100,
    valid_until_height: 995,
    confirmations: 3,
    final: false,
    final_height: 1_006,
    in_the_money: false,
    settlement: null,
    ...change,
  } as Policy;
}

function states(policy: Policy): string[] {
  return policySteps(policy, [], tip, config).map((step) => `${step.name} ${step.state}`);
}

describe("a policy's life", () => {
  it("shows what is, step by step", () => {
    expect(states(a_policy({ status: "pending_confirmation" }))).toEqual([
      "Reserved done",
      "In mempool now",
      "Active ahead",
      "Final ahead",
      "Expiry ahead",
      "Released ahead",
    ]);
    expect(states(a_policy({ final: true })).slice(2, 5)).toEqual([
      "Active done",
      "Final now",
      "Expiry ahead",
    ]);
  });

  it("says since when it pays, while it pays", () => {
    const crossing = { height: 995, words: "since about noon" };
    const paying = a_policy({ final: true });
    const names = (since: Crossing | null) =>
      policySteps(paying, [], tip, config, since).map((step) => step.name);
    expect(names(crossing)).toContain("In the money");
    expect(names(null)).not.toContain("In the money");
    const young = policySteps(a_policy({}), [], tip, config, crossing).map(
      ({ name, state }) => `${name} ${state}`,
    );
    expect(young.slice(2, 5)).toEqual(["Active done", "In the money now", "Final ahead"]);
  });

  it("dates on the chain what the line shows in proportion", () => {
    const steps = policySteps(a_policy({}), [], tip, config);
    expect(steps.map((step) => step.height)).toEqual([undefined, undefined, 990, 1_006, 1_100, 1_112]);
    expect(timeLeft(a_policy({}), tip)).toEqual({ height: 1_000, words: "now · 100 blocks left" });
    expect(timeLeft(a_policy({ status: "settled" }), tip)).toBeNull();
  });

  it("steps back when a reorganisation took the purchase back", () => {
    const before = states(a_policy({}));
    const after = states(a_policy({ status: "pending_confirmation" }));
    expect(before[2]).toBe("Active now");
    expect(after[2]).toBe("Active ahead");
  });

  it("asks for a new signature when the purchase was aborted", () => {
    const policy = a_policy({ status: "pending_signature", status_detail: "creation_aborted" });
    expect(policySteps(policy, [], tip, config)[0]?.marker).toBe("Not paid for yet. Sign again");
  });

  it("ends settled, released or lapsed", () => {
    expect(states(a_policy({ status: "settled" })).at(-1)).toBe("Settled done");
    expect(states(a_policy({ status: "expired" })).at(-1)).toBe("Released done");
    expect(states(a_policy({ status: "lapsed" }))).toEqual(["Reserved done", "Lapsed failed"]);
  });
});

describe("a transaction's life", () => {
  const mined = { status: "confirmed", seen_at: tip.at, confirmations: 2, burn_height: 999 } as Transaction;

  it("does not end when the node forgot it", () => {
    const steps = transactionSteps({ ...mined, status: "dropped" }, config);
    expect(steps[1]).toMatchObject({ state: "now", marker: "The node forgot it; we sent it again" });
    expect(steps.map((step) => step.name)).not.toContain("Aborted");
  });

  it("ends where it was mined and refused", () => {
    expect(transactionSteps({ ...mined, status: "aborted" }, config).at(-1)).toMatchObject({
      state: "failed",
    });
  });
});

describe("heights and times", () => {
  it("estimates by the mean of the last blocks", () => {
    expect(timeOf(1_100, tip) - Date.parse(tip.at)).toBe(100 * 30_000);
    expect(timeOf(990, tip) - Date.parse(tip.at)).toBe(-10 * 30_000);
    expect(blocksTo(990, tip)).toBe(0);
    expect(heightOf(timeOf(1_040, tip), tip)).toBe(1_040);
  });
});
