/**
 * Stands in for Vitest while mutants run: it keeps the tests of all files in one list, so that the ones most likely to
 * kill a mutant run first, in the VM that is booted already. A mutant then takes a tenth of a second, not a boot.
 */
import { isDeepStrictEqual } from "node:util";

type Hook = () => unknown;
export interface Test {
  readonly file: string;
  readonly name: string;
  /** The test's own text. */
  readonly text: string;
  readonly run: () => Promise<void>;
}

interface Group {
  readonly name: string;
  readonly before: Hook[];
  readonly outer: Group | undefined;
}

export const tests: Test[] = [];
const after: Hook[] = [];
let group: Group | undefined;
let file = "";

/** Says which file the tests declared from now on stand in. */
export function inFile(path: string): void {
  file = path;
  group = { name: "", before: [], outer: undefined };
}

const chain = (of: Group | undefined): Group[] => (of === undefined ? [] : [...chain(of.outer), of]);

function describing(name: string, body: () => void): void {
  group = { name, before: [], outer: group };
  body();
  group = group.outer;
}

function declaring(name: string, body: () => unknown): void {
  const groups = chain(group);
  const run = async (): Promise<void> => {
    for (const hook of groups.flatMap(({ before }) => before)) await hook();
    await body();
    for (const hook of after) await hook();
  };
  tests.push({
    file,
    text: body.toString(),
    name: [...groups.slice(1).map((one) => one.name), name].join(" > "),
    run,
  });
}

const named = (name: string, row: unknown): string =>
  name.replace(/%[si]/, String(Array.isArray(row) ? row[0] : row));
const spread = (row: unknown): unknown[] => (Array.isArray(row) ? row : [row]);

export const describe = Object.assign(describing, {
  each: (rows: readonly unknown[]) => (name: string, body: (...row: unknown[]) => void) => {
    for (const row of rows) describing(named(name, row), () => body(...spread(row)));
  },
});
export const it = Object.assign(declaring, {
  each: (rows: readonly unknown[]) => (name: string, body: (...row: unknown[]) => unknown) => {
    for (const row of rows) declaring(named(name, row), () => body(...spread(row)));
  },
});
export const beforeAll = (hook: Hook): void => {
  group?.before.push(hook);
};
export const afterEach = (hook: Hook): void => {
  after.push(hook);
};

type Checks = Record<string, (...wanted: never[]) => boolean>;

function matches(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted))
    return isDeepStrictEqual(value, wanted);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(wanted).every(([name, field]) =>
    matches((value as Record<string, unknown>)[name], field),
  );
}

function throws(body: () => unknown): boolean {
  try {
    body();
    return false;
  } catch {
    return true;
  }
}

const checks = (value: unknown): Checks => ({
  toBe: (wanted: unknown) => Object.is(value, wanted),
  toEqual: (wanted: unknown) => isDeepStrictEqual(value, wanted),
  toMatchObject: (wanted: unknown) => matches(value, wanted),
  toHaveProperty: (name: string) => typeof value === "object" && value !== null && name in value,
  toHaveLength: (length: number) => (value as unknown[]).length === length,
  toContain: (part: unknown) => (value as unknown[]).includes(part),
  toBeGreaterThan: (bound: bigint) => (value as bigint) > bound,
  toBeLessThanOrEqual: (bound: bigint) => (value as bigint) <= bound,
  toBeNull: () => value === null,
  toThrow: () => throws(value as () => unknown),
});

/** Refuses what Vitest would refuse; how it would put it is of no interest here. */
export function expect(value: unknown, message = ""): Checks & { not: Checks } {
  const judged = (wanted: boolean): Checks =>
    Object.fromEntries(
      Object.entries(checks(value)).map(([name, check]) => [
        name,
        (...args: never[]) => {
          if (check(...args) !== wanted) throw new Error(`${message} ${wanted ? "" : "not "}${name}`);
          return true;
        },
      ]),
    );
  return Object.assign(judged(true), { not: judged(false) });
}
