import { describe, expect, it } from "vitest";
import type { LedgerLine } from "../api/schema";
import { movements } from "./ledger";

function a_line(change: Partial<LedgerLine>): LedgerLine {
  return {
    seq: 9,
    at: "",
    tier: "balanced",
    bucket: "free",
    change_sats: -500,
    balance_sats: 1_500,
    cause: "sale",
    policy_id: 7,
    txid: null,
    undone: false,
    ...change,
  };
}

describe("a ledger", () => {
  it("tells a move between buckets as one line, whichever side comes first", () => {
    const out = a_line({});
    const into = a_line({ bucket: "locked", change_sats: 500, balance_sats: 500 });
    for (const lines of [
      [out, into],
      [into, out],
    ]) {
      const [move, ...rest] = movements(lines);
      expect(rest).toEqual([]);
      expect(move).toMatchObject({ bucket: "free", to: "locked", change_sats: 500, balance_sats: 500 });
    }
  });

  it("leaves alone what came from outside, and what only looks alike", () => {
    const deposit = a_line({ seq: 1, change_sats: 2_000, cause: "deposit" });
    const other = a_line({ seq: 2, change_sats: -2_000, cause: "deposit" });
    expect(movements([deposit, other]).map((line) => line.to)).toEqual([null, null]);
    expect(movements([])).toEqual([]);
  });

  it("pairs only neighbours of one cause and tier", () => {
    const lines = [a_line({}), a_line({ tier: "aggressive", change_sats: 500 })];
    expect(movements(lines)).toHaveLength(2);
  });
});
