/** One clock for the page, and how old each source may be. */

import { computed, signal } from "@preact/signals";
import { connection } from "../stream/connection";
import { oracle } from "./oracle";

export type Freshness = "fresh" | "stale" | "offline";

/** The time, once a second. */
export const now = signal(Date.now());

export function startClock(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 1_000);
}

/** Whether figures that follow from the price may be acted on. */
export const priceFreshness = computed<Freshness>(() => {
  const { kind } = connection.value;
  if (kind === "offline" || kind === "stopped") {
    return "offline";
  }
  const price = oracle.value;
  return price && (price.stale || price.suspended) ? "stale" : "fresh";
});

export const isOffline = computed(() => priceFreshness.value === "offline");
