/** The life of a policy and of a transaction as steps. It shows what is, so it may step back. */

import type { Config, HistoryEvent, Policy, Transaction } from "../api/schema";
import { clockTime, count, dayShort, dayTime, height, shortId } from "../format";
import { BLOCKS_PER_DAY, blocksTo, type Clock, timeOf } from "./schedule";

export interface Step {
  name: string;
  state: "done" | "now" | "ahead" | "failed";
  /** What stands under the name: time, then height or txid. */
  lines?: string[];
  /** Words over the line at this step. */
  marker?: string;
  /** The burn height at which it stands on the line; none for what the chain does not date. */
  height?: number;
}

/** When a policy last began to pay, as far as prices tell. */
export interface Crossing {
  height: number;
  words: string;
}

/** Blocks after expiry before a policy that owes nothing is released. */
const REQUEST_LIFE = 12;
const HAS_ENDED: ReadonlySet<string> = new Set(["settled", "expired"]);
const ORDER = ["pending_signature", "pending_confirmation", "active", "settling", "settled"];

function eventAt(events: readonly HistoryEvent[], ...names: string[]): HistoryEvent | undefined {
  return events.findLast((event) => names.includes(event.name) && !event.undone);
}

function timed(event: HistoryEvent | undefined): string[] {
  return event ? [dayTime(event.at)] : [];
}

/** Return the time of `event`, without its day where that is the day of `before`. */
function timedAfter(event: HistoryEvent | undefined, before: HistoryEvent | undefined): string[] {
  const sameDay = event && before && dayShort(event.at) === dayShort(before.at);
  return sameDay ? [clockTime(event.at)] : timed(event);
}

function rank(policy: Policy): number {
  const index = ORDER.indexOf(policy.status);
  return index >= 0 ? index : 2;
}

function reserved(policy: Policy, events: readonly HistoryEvent[]): Step {
  return {
    name: "Reserved",
    state: rank(policy) === 0 ? "now" : "done",
    lines: [...timed(eventAt(events, "QuoteIssued")), `to ${height(policy.valid_until_height)}`],
    ...(policy.status_detail === "creation_aborted" ? { marker: "Not paid for yet. Sign again" } : {}),
  };
}

function inMempool(policy: Policy, events: readonly HistoryEvent[]): Step {
  const at = rank(policy);
  if (at === 0) {
    return { name: "In mempool", state: "ahead" };
  }
  const sold = policy.created_txid === null ? [] : [shortId(policy.created_txid, 6)];
  return {
    name: "In mempool",
    state: at > 1 ? "done" : "now",
    lines: [...timedAfter(eventAt(events, "PolicyPending"), eventAt(events, "QuoteIssued")), ...sold],
    ...(at === 1 ? { marker: "usually 1 to 10 minutes" } : {}),
  };
}

function activeStep(policy: Policy, events: readonly HistoryEvent[], config: Config): Step {
  if (rank(policy) < 2) {
    return { name: "Active", state: "ahead" };
  }
  const created = eventAt(events, "PolicyCreated");
  const depth = `confirmed ${policy.confirmations} of ${config.confirmations.confirmed}`;
  const when = created ? `${clockTime(created.at)}, confirmed` : depth;
  return {
    name: "Active",
    state: "done",
    lines: [when, policy.start_height === null ? "" : height(policy.start_height)],
    ...(policy.start_height === null ? {} : { height: policy.start_height }),
  };
}

function finalStep(policy: Policy, events: readonly HistoryEvent[]): Step {
  const reached = policy.final_height === null ? {} : { height: policy.final_height };
  const isFinal = HAS_ENDED.has(policy.status) || (rank(policy) >= 2 && policy.final);
  if (isFinal) {
    return {
      name: "Final",
      state: "done",
      lines: timedAfter(eventAt(events, "TransactionFinal"), eventAt(events, "PolicyCreated")),
      ...reached,
    };
  }
  const lines = policy.final_height === null ? [] : [`at ${height(policy.final_height)}`];
  return { name: "Final", state: "ahead", lines, ...reached };
}

function settlingSteps(policy: Policy, events: readonly HistoryEvent[]): Step[] {
  const paid = policy.status === "settled";
  const { settlement } = policy;
  const begun = eventAt(events, "PolicySettling", "PolicyActivationRequested");
  return [
    { name: "Settling", state: paid ? "done" : "now", lines: timed(begun) },
    {
      name: "Settled",
      state: paid ? "done" : "ahead",
      lines: paid && settlement?.at ? [dayTime(settlement.at), height(settlement.height)] : [],
    },
  ];
}

function expiredSteps(policy: Policy, events: readonly HistoryEvent[], expires: number): Step[] {
  const over = policy.status === "expired";
  return [
    { name: "Expiry", state: "done", lines: [dayTime(expires), height(policy.expiry_height)] },
    { name: "Released", state: over ? "done" : "now", lines: timed(eventAt(events, "PolicyExpired")) },
  ];
}

function stepsAhead(policy: Policy, clock: Clock, expires: number, crossing: Crossing | null): Step[] {
  const release = policy.expiry_height + REQUEST_LIFE;
  const released = timeOf(release, clock);
  const paying: Step[] =
    policy.status === "active" && crossing
      ? [{ name: "In the money", state: "done", lines: [crossing.words], height: crossing.height }]
      : [];
  return [
    ...paying,
    {
      name: "Expiry",
      state: "ahead",
      lines: [`≈ ${dayTime(expires)}`, height(policy.expiry_height)],
      height: policy.expiry_height,
    },
    {
      name: "Released",
      state: "ahead",
      lines: [
        `≈ ${dayShort(released) === dayShort(expires) ? clockTime(released) : dayTime(released)}`,
        height(release),
      ],
      height: release,
    },
  ];
}

function ending(
  policy: Policy,
  events: readonly HistoryEvent[],
  clock: Clock,
  crossing: Crossing | null,
): Step[] {
  const expires = timeOf(policy.expiry_height, clock);
  switch (policy.status) {
    case "lapsed":
      return [{ name: "Lapsed", state: "failed", lines: ["never paid for"] }];
    case "settling":
    case "settled":
      return settlingSteps(policy, events);
    case "expiring":
    case "expired":
      return expiredSteps(policy, events, expires);
    default:
      return stepsAhead(policy, clock, expires, crossing);
  }
}

/** Mark the last step that is done as the one the policy stands at, unless another is already. */
function withCurrent(steps: Step[]): Step[] {
  if (steps.some((step) => step.state === "now" || step.state === "failed")) {
    return steps;
  }
  const last = steps.findLastIndex((step) => step.state === "done");
  return steps.map((step, index) => (index === last ? { ...step, state: "now" } : step));
}

/** Return the steps of a policy's life, in order. */
export function policySteps(
  policy: Policy,
  events: readonly HistoryEvent[],
  clock: Clock,
  config: Config,
  crossing: Crossing | null = null,
): Step[] {
  if (policy.status === "lapsed") {
    return [{ ...reserved(policy, events), state: "done" }, ...ending(policy, events, clock, null)];
  }
  const steps = [
    reserved(policy, events),
    inMempool(policy, events),
    activeStep(policy, events, config),
    finalStep(policy, events),
    ...ending(policy, events, clock, crossing),
  ];
  return HAS_ENDED.has(policy.status) ? steps : withCurrent(inOrder(steps));
}

/** Put what the chain dates in its order: a young policy may pay before its purchase is final. */
function inOrder(steps: readonly Step[]): Step[] {
  const first = steps.findIndex((step) => step.height !== undefined);
  if (first < 0 || steps.slice(first).some((step) => step.height === undefined)) {
    return [...steps];
  }
  const dated = steps.slice(first).sort((a, b) => (a.height ?? 0) - (b.height ?? 0));
  return [...steps.slice(0, first), ...dated];
}

/** Return what stands over the line while a policy runs: how long it still has. */
export function timeLeft(policy: Policy, clock: Clock): { height: number; words: string } | null {
  if (policy.status !== "active") {
    return null;
  }
  const left = blocksTo(policy.expiry_height, clock);
  const words =
    left >= BLOCKS_PER_DAY ? count(Math.floor(left / BLOCKS_PER_DAY), "day") : count(left, "block");
  return { height: clock.burn_height, words: `now · ${words} left` };
}

const ENDED: Partial<Record<Transaction["status"], Step>> = {
  aborted: { name: "Aborted", state: "failed", lines: ["mined and refused"] },
  replaced: { name: "Replaced", state: "failed", lines: ["by another"] },
};

/** Return the steps of a transaction's life, in order. */
export function transactionSteps(transaction: Transaction, config: Config): Step[] {
  const { status } = transaction;
  const mined = status === "confirmed" || status === "final";
  const mempool: Step = {
    name: "In mempool",
    state: mined || status === "aborted" ? "done" : status === "replaced" ? "done" : "now",
    lines: [dayTime(transaction.seen_at)],
    ...(status === "dropped" ? { marker: "The node forgot it; we sent it again" } : {}),
    ...(status === "pending" ? { marker: "usually 1 to 10 minutes" } : {}),
  };
  const end = ENDED[status];
  if (end) {
    return [{ name: "Signed", state: "done" }, mempool, end];
  }
  return [
    { name: "Signed", state: "done" },
    mempool,
    {
      name: "Confirmed",
      state: status === "final" ? "done" : mined ? "now" : "ahead",
      lines: mined
        ? [
            `${transaction.confirmations} of ${config.confirmations.confirmed}`,
            height(transaction.burn_height ?? 0),
          ]
        : [],
    },
    {
      name: "Final",
      state: status === "final" ? "done" : "ahead",
      lines: [`${config.confirmations.final} burn blocks deep`],
    },
  ];
}
