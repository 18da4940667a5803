/** Light or dark: the system's until chosen. */

import { computed, effect, signal } from "@preact/signals";

type Choice = "system" | "light" | "dark";

const KEPT = "bithedge.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function kept(): Choice {
  const word = localStorage.getItem(KEPT);
  return word === "light" || word === "dark" ? word : "system";
}

const systemIsDark = signal(system.matches);
export const themeChoice = signal<Choice>(kept());
export const theme = computed(() => {
  const choice = themeChoice.value;
  return choice === "system" ? (systemIsDark.value ? "dark" : "light") : choice;
});

export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
  system.addEventListener("change", () => {
    systemIsDark.value = system.matches;
  });
}

export function chooseTheme(next: Choice): void {
  themeChoice.value = next;
  if (next === "system") {
    localStorage.removeItem(KEPT);
  } else {
    localStorage.setItem(KEPT, next);
  }
}

export function switchTheme(): void {
  chooseTheme(theme.peek() === "dark" ? "light" : "dark");
}
