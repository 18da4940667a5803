/** Hash routes: all that matters of a view is in the address. */

import { computed, signal } from "@preact/signals";

export interface Route {
  /** The path's parts after `#/`, decoded. */
  parts: string[];
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter((part) => part !== "");
  return { parts: parts.map(decodeURIComponent), query: new URLSearchParams(query) };
}

export const route = signal<Route>(parseHash(location.hash));
export const view = computed(() => route.value.parts[0] ?? "protect");

export function startRouter(): void {
  addEventListener("hashchange", () => {
    route.value = parseHash(location.hash);
    scrollTo(0, 0);
  });
}

export function navigate(path: string): void {
  location.hash = `#/${path}`;
}

/** Write the query without a step in the history: the back button leaves the view, not the last drag. */
export function replaceQuery(path: string, query: Record<string, string | number | null>): void {
  const pairs = Object.entries(query).filter(([, value]) => value !== null);
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]));
  history.replaceState(null, "", `#/${path}?${search}`);
}
