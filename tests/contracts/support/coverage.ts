/** What the suite has run of the contracts, line by line and branch by branch, over all its chains. */
import { basename } from "node:path";

import type { Simnet } from "@stacks/clarinet-sdk";

/** Times that each line or branch ran, by contract and place. */
type Hits = Map<string, number>;

// Each test file has its own copy of this module; the process has one count.
const shared = globalThis as { contractHits?: Hits; contractTestFiles?: Set<string> };
shared.contractHits ??= new Map();
shared.contractTestFiles ??= new Set();
const hits: Hits = shared.contractHits;
const files: Set<string> = shared.contractTestFiles;

/** Adds what a session's contracts have run. Called before the session ends, because its counts end with it. */
export function harvest(simnet: Simnet): void {
  let contract = "";
  for (const line of simnet.collectReport(false, "").coverage.split("\n")) {
    const [tag, rest = ""] = line.split(/:(.*)/s) as [string, string?];
    if (tag === "SF") contract = basename(rest, ".clar");
    if (tag === "DA") count(`${contract}:${rest.split(",")[0]}`, rest.split(",")[1]);
    if (tag === "BRDA") count(`${contract}:${rest.split(",").slice(0, 3).join(":")}`, rest.split(",")[3]);
  }
}

function count(place: string, times = "0"): void {
  hits.set(place, (hits.get(place) ?? 0) + Number(times));
}

/** Every line (`contract:line`) and branch (`contract:line:block:branch`) that nothing ran. */
export const missed = (): string[] => [...hits].filter(([, times]) => times === 0).map(([place]) => place);

/** How many lines and branches there are. */
export const watched = (): number => hits.size;

/** The lines (`contract:line`) run since the last time of asking. */
export function takeLines(): string[] {
  const lines = [...hits].filter(([place, times]) => times > 0 && place.split(":").length === 2);
  hits.clear();
  return lines.map(([place]) => place);
}

export const hasRun = (file: string): Set<string> => files.add(file);
export const filesRun = (): number => files.size;
