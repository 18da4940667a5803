/** The life of a policy and of a transaction as steps. It shows what is, so it may step back. */

import type { Config, HistoryEvent, Policy, Transaction } from "../api/schema";
import { clockTime, dayTime, height, shortId } from "../format";
import { blocksTo, type Clock, timeOf } from "./schedule";

export interface Step {
  name: string;
  state: "done" | "now" | "ahead" | "failed";
  /** What stands under the name: time, then height or txid. */
  lines?: string[];
  /** Words over the line at this step. */
  marker?: string;
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
    lines: [...timed(eventAt(events, "TransactionSent", "PolicyPending")), ...sold],
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
  };
}

function finalStep(policy: Policy, events: readonly HistoryEvent[]): Step {
  const isFinal = HAS_ENDED.has(policy.status) || (rank(policy) >= 2 && policy.final);
  if (isFinal) {
    return { name: "Final", state: "done", lines: timed(eventAt(events, "TransactionFinal")) };
  }
  const lines = policy.final_height === null ? [] : [`at ${height(policy.final_height)}`];
  return { name: "Final", state: "ahead", lines };
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
      lines: paid && settlement ? [dayTime(settlement.at), height(settlement.height)] : [],
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

function stepsAhead(policy: Policy, clock: Clock, expires: number): Step[] {
  const left = blocksTo(policy.expiry_height, clock);
  const active = policy.status === "active";
  const release = policy.expiry_height + REQUEST_LIFE;
  return [
    {
      name: policy.in_the_money ? "In the money" : "Covered",
      state: active ? "now" : "ahead",
      ...(active ? { marker: `now · ${height(left)} blocks left` } : {}),
    },
    { name: "Expiry", state: "ahead", lines: [`≈ ${dayTime(expires)}`, height(policy.expiry_height)] },
    { name: "Released", state: "ahead", lines: [`≈ ${dayTime(timeOf(release, clock))}`, height(release)] },
  ];
}

function ending(policy: Policy, events: readonly HistoryEvent[], clock: Clock): Step[] {
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
      return stepsAhead(policy, clock, expires);
  }
}

/** Return the steps of a policy's life, in order. */
export function policySteps(
  policy: Policy,
  events: readonly HistoryEvent[],
  clock: Clock,
  config: Config,
): Step[] {
  if (policy.status === "lapsed") {
    return [{ ...reserved(policy, events), state: "done" }, ...ending(policy, events, clock)];
  }
  return [
    reserved(policy, events),
    inMempool(policy, events),
    activeStep(policy, events, config),
    finalStep(policy, events),
    ...ending(policy, events, clock),
  ];
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
