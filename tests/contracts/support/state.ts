/** The state as the VM stores it, map by map, beside what the events told. */
import { isDeepStrictEqual } from "node:util";

import { Cl, type ClarityValue } from "@stacks/transactions";

import { type Chain, type Contract, DEPLOYER, type Fields, POOL, plain, REGISTRY } from "./chain";
import type { Deployment, MapName, Told } from "./rebuild";

export const ROLES = ["owner", "guardian", "treasury", "backend", "pool"];
export const SIGNING_ROLES = ["quote", "voucher", "attestor"];
export const PAUSED = ["sales", "withdrawals", "settlements"];
export const PARAMETERS = [
  ...SIGNING_ROLES,
  ...["sale-age", "max-age", "grace", "request-life", "timelock", "max-tenor", "min-amount", "max-amount"],
  ...["min-collateral", "max-fee", "min-deposit", "window", "window-floor", "sale-share", "outflow-share"],
  ...["profit-share", "yield-cap", "buffer-share", "silence"],
];

/** Names that a run has used without knowing whether they left a trace; a map tells its keys to nobody. */
export interface Tried {
  readonly quotes: Iterable<string>;
  readonly serials: Iterable<string>;
  readonly providers: Iterable<string>;
  readonly keys: Iterable<string>;
}

const VARIABLES = {
  "policy-registry": ["policy-count", "change-count", "voided"],
  "liquidity-pool": ["totals", "window", "liabilities", "closed-at"],
} as const;

/** Reads the parameters as a deployment left them; call it before anything else. */
export function deployment(chain: Chain): Deployment {
  const parameters = PARAMETERS.map(
    (name) => [name, entry(chain, "policy-registry", "parameters", Cl.stringAscii(name)) as Fields] as const,
  );
  return { deployer: DEPLOYER, height: chain.height, parameters: new Map(parameters) };
}

/** What stands in a map, null if nothing does: the SDK throws these words for a key never written. */
function entry(chain: Chain, contract: Contract, map: string, key: ClarityValue): unknown {
  try {
    return plain(chain.simnet.getMapEntry(contract === "policy-registry" ? REGISTRY : POOL, map, key));
  } catch (error) {
    if (error === "value not found") return null;
    throw error;
  }
}

/** Every place where the chain's state is not what was told; none if the events tell it all. */
export function differences(chain: Chain, told: Told, tried: Tried): string[] {
  const found: string[] = [];
  const compare = (name: string, actual: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(actual, expected)) found.push(`${name}: ${show(actual)}, told ${show(expected)}`);
  };
  for (const [contract, names] of Object.entries(VARIABLES)) {
    for (const name of names)
      compare(name, plain(chain.simnet.getDataVar(`${DEPLOYER}.${contract}`, name)), told[name]);
  }
  for (const { contract, map, keys } of places(told, tried)) {
    for (const [key, value] of keys) {
      compare(`${map} ${key}`, entry(chain, contract, map, value), told[map].get(key) ?? null);
    }
  }
  return found;
}

interface Place {
  readonly contract: Contract;
  readonly map: MapName;
  readonly keys: readonly (readonly [string, ClarityValue])[];
}

/** Every key of every map that could have been written. */
function places(told: Told, tried: Tried): Place[] {
  const numbers = (count: bigint): [string, ClarityValue][] =>
    Array.from({ length: Number(count) + 3 }, (_, id) => [`${id}`, Cl.uint(id)]);
  const words = (list: Iterable<string>): [string, ClarityValue][] =>
    [...list].map((word) => [word, Cl.stringAscii(word)]);
  const buffers = (list: Iterable<string>): [string, ClarityValue][] =>
    [...new Set(list)].map((hex) => [hex, Cl.bufferFromHex(hex)]);
  const keys = [...new Set(tried.keys)];
  const signers = SIGNING_ROLES.flatMap((role) =>
    keys.map((hex): [string, ClarityValue] => [
      `${role} ${hex}`,
      Cl.tuple({ role: Cl.stringAscii(role), key: Cl.bufferFromHex(hex) }),
    ]),
  );
  const people = [...new Set([...tried.providers, ...told.providers.keys()])];
  const policies = numbers(told["policy-count"]);
  const registry = {
    policies,
    requests: policies,
    quotes: buffers([...tried.quotes, ...told.quotes.keys()]),
    principals: words(ROLES),
    signers,
    "signer-counts": words(SIGNING_ROLES),
    parameters: words(PARAMETERS),
    changes: numbers(told["change-count"]),
    pauses: words(PAUSED),
  };
  const pool = {
    collaterals: policies,
    serials: buffers([...tried.serials, ...told.serials.keys()]),
    providers: people.map((who): [string, ClarityValue] => [who, Cl.principal(who)]),
  };
  const of = (contract: Contract, maps: Partial<Record<MapName, [string, ClarityValue][]>>): Place[] =>
    Object.entries(maps).map(([map, all]) => ({ contract, map: map as MapName, keys: all }));
  return [...of("policy-registry", registry), ...of("liquidity-pool", pool)];
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, field) => (typeof field === "bigint" ? `${field}` : field));
