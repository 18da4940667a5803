/** Two readings of one thing, and every difference between them. */

import { ClarityType, type ClarityValue } from "@stacks/transactions";
import { bare } from "./hex";

export interface Difference {
  what: string;
  shown: string;
  found: string;
}

export type Wanted = string | bigint | boolean;

export class Comparison {
  readonly differences: Difference[] = [];

  same(what: string, shown: Wanted, found: Wanted | null): void {
    if (shown !== found) {
      this.differences.push({
        what,
        shown: String(shown),
        found: found === null ? "missing" : String(found),
      });
    }
  }

  isTrue(what: string, holds: boolean, shown: string, found: string): void {
    if (!holds) {
      this.differences.push({ what, shown, found });
    }
  }
}

/** Return a simple Clarity value as a JavaScript one; null for what terms never hold. */
export function simple(value: ClarityValue | undefined): Wanted | null {
  switch (value?.type) {
    case ClarityType.UInt:
      return BigInt(value.value);
    case ClarityType.Buffer:
      return bare(value.value);
    case ClarityType.StringASCII:
    case ClarityType.PrincipalStandard:
    case ClarityType.PrincipalContract:
      return value.value;
    case ClarityType.BoolTrue:
      return true;
    case ClarityType.BoolFalse:
      return false;
    default:
      return null;
  }
}

function fieldsOf(value: ClarityValue | undefined): Record<string, ClarityValue> | null {
  return value?.type === ClarityType.Tuple ? value.value : null;
}

/** Compare a tuple's fields, all of them and no other. */
export function compareTuple(
  comparison: Comparison,
  name: string,
  value: ClarityValue | undefined,
  wanted: Readonly<Record<string, Wanted>>,
): void {
  const fields = fieldsOf(value);
  if (fields === null) {
    comparison.isTrue(name, false, "a tuple", "something else");
    return;
  }
  for (const [key, shown] of Object.entries(wanted)) {
    comparison.same(`${name}: ${key}`, shown, simple(fields[key]));
  }
  for (const key of Object.keys(fields)) {
    comparison.isTrue(`${name}: ${key}`, key in wanted, "no such field", "a field more");
  }
}

/** Return the 16 bytes in an id such as `q_…`, as hex. */
export function idBytes(id: string): string {
  return id.slice(2).toLowerCase();
}
