import { describe, expect, it } from "vitest";
import type { HistoryEvent, Policy } from "../api/schema";
import { stepBack } from "./reorg";

let seq = 0;
function an_event(name: string, change: Partial<HistoryEvent> = {}): HistoryEvent {
  seq += 1;
  return {
    seq,
    name,
    at: "",
    block_height: null,
    burn_height: null,
    txid: null,
    data: {},
    undone: false,
    ...change,
  };
}

const waiting = { status: "pending_confirmation" } as Policy;

describe("a reorganisation", () => {
  const taken = [
    an_event("PolicyPending"),
    an_event("PolicyCreated", { undone: true }),
    an_event("PolicyReverted", { data: { fork_height: 976_413 } }),
  ];

  it("is told while what it took back has not come again", () => {
    const back = stepBack(waiting, taken);
    expect(back).toMatchObject({ was: "active", is: "in mempool", forkHeight: 976_413 });
    expect(back?.words).toContain("You need do nothing");
  });

  it("is told no more once the purchase is mined again", () => {
    expect(stepBack({ status: "active" } as Policy, [...taken, an_event("PolicyCreated")])).toBeNull();
  });

  it("asks for a signature where the purchase is gone", () => {
    expect(stepBack({ status: "pending_signature" } as Policy, taken)?.words).toContain("sign again");
  });

  it("names the latest state that was lost", () => {
    const paid = [
      an_event("PolicyCreated"),
      an_event("PolicySettled", { undone: true }),
      an_event("PolicyReverted"),
    ];
    expect(stepBack({ status: "settling" } as Policy, paid)).toMatchObject({
      was: "settled",
      is: "settling",
    });
  });

  it("says nothing of a policy that it did not touch", () => {
    expect(stepBack(waiting, [an_event("PolicyPending")])).toBeNull();
  });
});
