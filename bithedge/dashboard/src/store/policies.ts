/** Policies by quote id, the name that outlives a reorganisation: one signal each. */

import { batch, type Signal, signal } from "@preact/signals";
import { get, getAll } from "../api/client";
import { type Problem, problemOf } from "../api/problems";
import type { HistoryEvent, Page, Policy } from "../api/schema";
import type { Fold } from "../stream/channels";
import type { EventFrame, Notice } from "../stream/frames";

const byQuote = new Map<string, Signal<Policy>>();

/** The quote ids had so far; changes only when one comes. */
export const quoteIds = signal<readonly string[]>([]);
export const listed = signal<{ owner: string; loading: boolean; problem: Problem | null } | null>(null);
/** History by quote id, oldest first, of the policies that were looked at. */
export const histories = signal<ReadonlyMap<string, readonly HistoryEvent[]>>(new Map());
/** The last crossing told, for the announcer. */
export const lastNotice = signal<Notice | null>(null);

/** Return the newer of two states of one policy; equal positions take the incoming, which has newer prices. */
export function newer(current: Policy | undefined, incoming: Policy): Policy {
  return current && current.updated_seq > incoming.updated_seq ? current : incoming;
}

export function putPolicy(policy: Policy): void {
  const entry = byQuote.get(policy.quote_id);
  if (entry) {
    entry.value = newer(entry.peek(), policy);
    return;
  }
  byQuote.set(policy.quote_id, signal(policy));
  quoteIds.value = [...quoteIds.peek(), policy.quote_id];
}

export function policyOf(quoteId: string): Policy | undefined {
  return quoteIds.value.includes(quoteId) ? byQuote.get(quoteId)?.value : undefined;
}

/** Return the policy that a route names, by number or by quote id. */
export function policyNamed(name: string): Policy | undefined {
  for (const id of quoteIds.value) {
    const policy = byQuote.get(id)?.value;
    if (policy && (policy.quote_id === name || String(policy.policy_id) === name)) {
      return policy;
    }
  }
  return undefined;
}

export function policiesOf(owner: string): Policy[] {
  const found: Policy[] = [];
  for (const id of quoteIds.value) {
    const policy = byQuote.get(id)?.value;
    if (policy?.owner === owner) {
      found.push(policy);
    }
  }
  return found;
}

/** Return `events` with `incoming` in its place by seq; a repeat replaces, so `undone` can change. */
export function withEvent(events: readonly HistoryEvent[], incoming: HistoryEvent): readonly HistoryEvent[] {
  return [...events.filter((event) => event.seq !== incoming.seq), incoming].sort((a, b) => a.seq - b.seq);
}

function fromFrame(frame: EventFrame): HistoryEvent {
  const { block_height, burn_height, txid } = frame.data as Partial<HistoryEvent>;
  return {
    seq: frame.seq,
    name: frame.name,
    at: frame.at,
    block_height: block_height ?? null,
    burn_height: burn_height ?? null,
    txid: txid ?? null,
    data: frame.data,
    undone: false,
  };
}

function takePolicy(frame: EventFrame): void {
  const { policy } = frame.data as { policy?: Policy | null };
  if (policy) {
    putPolicy(policy);
  }
}

function takeNotice(frame: Notice): void {
  lastNotice.value = frame;
  const { policy } = frame.data as { policy?: Policy };
  if (policy) {
    putPolicy(policy);
  }
}

export function ownerFold(owner: string): Fold {
  return {
    snapshot(data) {
      const items = (data as { items: Policy[] } | null)?.items ?? [];
      batch(() => items.forEach(putPolicy));
      void loadPolicies(owner);
    },
    event: takePolicy,
    notice: takeNotice,
  };
}

export function policyFold(quoteId: string): Fold {
  return {
    snapshot(data) {
      if (data) {
        putPolicy(data as Policy);
      }
      void loadHistory(quoteId).catch(() => undefined);
    },
    event(frame) {
      takePolicy(frame);
      const known = histories.peek().get(quoteId) ?? [];
      histories.value = new Map(histories.peek()).set(quoteId, withEvent(known, fromFrame(frame)));
      loadHistorySoon(quoteId);
    },
    notice: takeNotice,
  };
}

export async function loadPolicies(owner: string): Promise<void> {
  listed.value = { owner, loading: true, problem: null };
  try {
    const policies = await getAll<Policy>("/v1/policies", { owner });
    batch(() => policies.forEach(putPolicy));
    listed.value = { owner, loading: false, problem: null };
  } catch (error) {
    listed.value = { owner, loading: false, problem: problemOf(error) };
  }
}

export async function loadPolicy(name: string): Promise<Policy> {
  const policy = await get<Policy>(`/v1/policies/${encodeURIComponent(name)}`);
  putPolicy(policy);
  return policy;
}

const SETTLE_MS = 250;
const waiting = new Map<string, ReturnType<typeof setTimeout>>();

/** Read the history again once its events have come: blocks, transactions and what was undone stand there. */
function loadHistorySoon(quoteId: string): void {
  clearTimeout(waiting.get(quoteId));
  waiting.set(
    quoteId,
    setTimeout(() => void loadHistory(quoteId).catch(() => undefined), SETTLE_MS),
  );
}

export async function loadHistory(quoteId: string): Promise<void> {
  const page = await get<Page<HistoryEvent>>(`/v1/policies/${quoteId}/events`);
  const events = [...page.items].sort((a, b) => a.seq - b.seq);
  histories.value = new Map(histories.peek()).set(quoteId, events);
}
