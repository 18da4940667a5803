/** A provider's ledger for the eye: what left one bucket for another is one line. */

import type { LedgerLine } from "../api/schema";

export interface Movement extends LedgerLine {
  /** Where it went; null where money came from outside or left. */
  to: string | null;
}

function isCounterpart(line: LedgerLine, other: LedgerLine | undefined): other is LedgerLine {
  return (
    other !== undefined &&
    other.seq === line.seq &&
    other.tier === line.tier &&
    other.cause === line.cause &&
    other.change_sats === -line.change_sats
  );
}

/** Return lines with each pair of neighbours that cancel out told as one move, in the same order. */
export function movements(lines: readonly LedgerLine[]): Movement[] {
  const told: Movement[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    const next = lines[index + 1];
    if (line === undefined) {
      continue;
    }
    if (!isCounterpart(line, next)) {
      told.push({ ...line, to: null });
      continue;
    }
    const [from, to] = line.change_sats < 0 ? [line, next] : [next, line];
    told.push({ ...to, bucket: from.bucket, to: to.bucket });
    index += 1;
  }
  return told;
}
