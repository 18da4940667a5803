/** The daemon's own word about itself, read once. */

import { signal } from "@preact/signals";
import { get } from "../api/client";
import { type Problem, problemOf } from "../api/problems";
import type { Config, TierParameters } from "../api/schema";

export const config = signal<Config | null>(null);
export const configProblem = signal<Problem | null>(null);

export async function loadConfig(): Promise<Config | null> {
  try {
    config.value = await get<Config>("/v1/config");
    configProblem.value = null;
  } catch (error) {
    configProblem.value = problemOf(error);
  }
  return config.value;
}

export function tierParameters(name: string): TierParameters | undefined {
  return config.value?.tiers.find((tier) => tier.name === name);
}
