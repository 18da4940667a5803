/** Light or dark: the system's until chosen. */

import { signal } from "@preact/signals";

type Theme = "light" | "dark";

const KEPT = "bithedge.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function initial(): Theme {
  const kept = localStorage.getItem(KEPT);
  return kept === "light" || kept === "dark" ? kept : system.matches ? "dark" : "light";
}

export const theme = signal<Theme>(initial());

function apply(): void {
  document.documentElement.dataset.theme = theme.value;
}

export function startTheme(): void {
  apply();
  system.addEventListener("change", () => {
    if (localStorage.getItem(KEPT) === null) {
      theme.value = system.matches ? "dark" : "light";
      apply();
    }
  });
}

export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEPT, theme.value);
  apply();
}
