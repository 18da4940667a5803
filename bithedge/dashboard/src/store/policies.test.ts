import { describe, expect, it } from "vitest";
import type { HistoryEvent, Policy } from "../api/schema";
import { newer, withEvent } from "./policies";

function at(updated_seq: number, status: Policy["status"] = "active"): Policy {
  return { quote_id: "q_1", updated_seq, status } as Policy;
}

function happened(seq: number, undone = false): HistoryEvent {
  return {
    seq,
    name: "PolicyCreated",
    at: "",
    block_height: null,
    burn_height: null,
    txid: null,
    data: {},
    undone,
  };
}

describe("folding policies", () => {
  it("lets the higher position win, whichever way it came", () => {
    expect(newer(at(5, "settled"), at(4, "active")).status).toBe("settled");
    expect(newer(at(4, "active"), at(5, "settled")).status).toBe("settled");
    expect(newer(undefined, at(1)).updated_seq).toBe(1);
  });

  it("takes the incoming at an equal position, since prices move without events", () => {
    const fresh = { ...at(5), payout_now_sats: 7 };
    expect(newer(at(5), fresh)).toBe(fresh);
  });

  it("keeps history in order and lets a repeat mark what was undone", () => {
    const events = withEvent(withEvent([happened(3)], happened(1)), happened(3, true));
    expect(events.map((event) => [event.seq, event.undone])).toEqual([
      [1, false],
      [3, true],
    ]);
  });
});
