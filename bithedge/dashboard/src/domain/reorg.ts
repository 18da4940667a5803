/** What a reorganisation took back of a policy, read from its history. */

import type { HistoryEvent, Policy } from "../api/schema";

export interface StepBack {
  was: string;
  is: string;
  /** The last Stacks block that both branches share; null where it is not told. */
  forkHeight: number | null;
  /** What it means for the holder. */
  words: string;
}

/** Each fact that a reorganisation may undo, as the state it stood for, the latest state first. */
const STATES: readonly (readonly [string, string])[] = [
  ["PolicySettled", "settled"],
  ["PolicyExpired", "expired"],
  ["PolicyCreated", "active"],
  ["PolicyPending", "in mempool"],
];

const MEANING: Partial<Record<Policy["status"], string>> = {
  pending_signature:
    "Your purchase is not on the chain any more. You have not paid; sign again if you want it.",
  pending_confirmation:
    "Your purchase is waiting again; the same transaction will be mined, with the same terms. You need do nothing.",
  active: "Your policy stands as before. You need do nothing.",
  settling: "Your payout is sent again, at the same price. You need do nothing.",
  expiring: "The end of your policy is sent again. You need do nothing.",
};

function named(events: readonly HistoryEvent[], name: string): HistoryEvent | undefined {
  return events.findLast((event) => event.name === name);
}

/** Return what the last reorganisation took back and has not come again; null where all stands. */
export function stepBack(policy: Policy, events: readonly HistoryEvent[]): StepBack | null {
  const reverted = named(events, "PolicyReverted");
  if (!reverted) {
    return null;
  }
  const lost = STATES.find(([name]) =>
    events.some((event) => event.name === name && event.undone && event.seq < reverted.seq),
  );
  if (!lost) {
    return null;
  }
  const [name, was] = lost;
  const isBack = events.some((event) => event.name === name && !event.undone && event.seq > reverted.seq);
  const words = MEANING[policy.status];
  if (isBack || words === undefined) {
    return null;
  }
  const fork = reverted.data.fork_height;
  const is = policy.status === "pending_confirmation" ? "in mempool" : policy.status.replaceAll("_", " ");
  return { was, is, forkHeight: typeof fork === "number" ? fork : null, words };
}
