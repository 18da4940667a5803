/** The one sheet that may be open. Never a route: a link must not open a signature. */

import { signal } from "@preact/signals";
import type { Policy } from "../api/schema";
import type { Offer } from "../domain/offer";
import { sheetOpen } from "./quote";

export type Sheet =
  | { kind: "buy"; offer: Offer }
  | { kind: "deposit"; tier: string; amount: number }
  | { kind: "withdraw"; tier: string; amount: number }
  | { kind: "exercise"; policy: Policy; payout: number }
  | { kind: "own-way"; policy: Policy; asked: boolean }
  | { kind: "auto-exercise"; policy: Policy; enabled: boolean }
  | { kind: "exit"; tier: string; enabled: boolean };

export const sheet = signal<Sheet | null>(null);

/** What had the focus before the sheet, and gets it back. */
let opener: Element | null = null;

export function openSheet(next: Sheet): void {
  opener = document.activeElement;
  sheetOpen.value = true;
  sheet.value = next;
}

export function closeSheet(): void {
  sheet.value = null;
  sheetOpen.value = false;
  const back = opener;
  // The page can be focused only once the dialog has gone.
  setTimeout(() => {
    if (back instanceof HTMLElement) {
      back.focus();
    }
  });
}
