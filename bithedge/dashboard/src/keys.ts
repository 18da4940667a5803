/** Keys for the whole page: `?` opens help, `g` then a letter opens a view. */

import { navigate } from "./router";

const GOTO: Readonly<Record<string, string>> = { p: "protect", m: "policies", e: "earn", o: "pool" };
const PAIR_MS = 1_200;
const OFF = "bithedge.single-keys-off";

export function singleKeysOff(): boolean {
  return localStorage.getItem(OFF) !== null;
}

export function setSingleKeys(on: boolean): void {
  if (on) {
    localStorage.removeItem(OFF);
  } else {
    localStorage.setItem(OFF, "1");
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [role=slider]") !== null
  );
}

export function startKeys(): void {
  let waitingSince = 0;
  document.addEventListener("keydown", (event) => {
    if (singleKeysOff() || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      return;
    }
    const view = GOTO[event.key];
    if (event.key === "g") {
      waitingSince = event.timeStamp;
    } else if (event.key === "?") {
      navigate("help");
    } else if (view && event.timeStamp - waitingSince < PAIR_MS) {
      waitingSince = 0;
      navigate(view);
    }
  });
}
