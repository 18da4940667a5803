/** The price, its history, and the tip of the chain. */

import { computed, signal } from "@preact/signals";
import { get } from "../api/client";
import type { Block, Candle, Oracle } from "../api/schema";
import type { EventFrame } from "../stream/frames";

export const oracle = signal<Oracle | null>(null);
export const tip = signal<Block | null>(null);
export const dailyCandles = signal<Candle[] | null>(null);
/** Set when a block reorganised the chain, until the next one. */
export const reorganised = signal<{ fork_height: number; depth: number } | null>(null);

export const spot = computed(() => oracle.value?.spot_usd_e8 ?? null);
export const burnHeight = computed(() => tip.value?.burn_height ?? null);

export const oracleFold = {
  snapshot(data: unknown): void {
    oracle.value = data as Oracle;
  },
};

export const blocksFold = {
  snapshot(data: unknown): void {
    if (data) {
      tip.value = data as Block;
    }
  },
  event(frame: EventFrame): void {
    const { block } = frame.data as { block?: Block };
    if (block && !block.orphaned) {
      tip.value = block;
    }
    if (frame.name === "ChainReorganised") {
      reorganised.value = frame.data as { fork_height: number; depth: number };
    }
  },
};

const DAYS = 90;

export async function loadDailyCandles(): Promise<void> {
  const from = new Date(Date.now() - DAYS * 86_400_000).toISOString();
  const page = await get<{ items: Candle[] }>("/v1/oracle/history", { interval: "1d", from });
  dailyCandles.value = page.items;
}

export async function loadCandles(from: number, to: number, signal?: AbortSignal): Promise<Candle[]> {
  const span = to - from;
  const interval = span > 60 * 86_400_000 ? "1d" : span > 3 * 86_400_000 ? "1h" : "5m";
  const page = await get<{ items: Candle[] }>(
    "/v1/oracle/history",
    { interval, from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    signal,
  );
  return page.items;
}
