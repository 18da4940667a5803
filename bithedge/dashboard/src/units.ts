/** In what amounts are shown: sBTC until chosen. */

import { signal } from "@preact/signals";

type Unit = "sbtc" | "sats";

const KEPT = "bithedge.unit";

export const unit = signal<Unit>(localStorage.getItem(KEPT) === "sats" ? "sats" : "sbtc");

export function chooseUnit(next: Unit): void {
  unit.value = next;
  localStorage.setItem(KEPT, next);
}
