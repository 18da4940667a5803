/** The pool and its tiers, as their state channels carry them. */

import { signal } from "@preact/signals";
import { get } from "../api/client";
import type { Kind, Liabilities, Page, Pool, PoolHistory, Proof, Stress, Tier } from "../api/schema";
import { resource } from "./resource";

export const pool = signal<Pool | null>(null);
export const tiers = signal<Tier[] | null>(null);

export const poolFold = {
  snapshot(data: unknown): void {
    pool.value = data as Pool;
  },
};

export const tiersFold = {
  snapshot(data: unknown): void {
    tiers.value = (data as { items: Tier[] }).items;
  },
};

export const liabilitiesKind = signal<Kind>("put");
export const liabilities = resource((abort) =>
  get<Liabilities>("/v1/pool/liabilities", { kind: liabilitiesKind.peek() }, abort),
);
export const stress = resource((signal) => get<Stress>("/v1/pool/stress", undefined, signal));
export const poolHistory = resource((signal) =>
  get<Page<PoolHistory>>("/v1/pool/history", { interval: "1w" }, signal),
);
export const proof = resource((signal) => get<Proof>("/v1/pool/proof", undefined, signal));

export function tierNamed(name: string): Tier | undefined {
  return tiers.value?.find((tier) => tier.tier === name);
}
