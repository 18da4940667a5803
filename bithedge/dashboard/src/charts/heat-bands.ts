/** The rows of the heat map: bands of strikes, the highest on top, and where the price falls among them. */

export interface Band {
  /** Into the answer's strikes. */
  index: number;
  /** The lowest strike of the band, USD x 1e8. */
  from: number;
  /** Where the next band begins; null where that is not known. */
  to: number | null;
  label: string;
}

const THOUSAND = 100_000_000_000;

function thousands(e8: number): string {
  return String(Math.round((e8 / THOUSAND) * 10) / 10);
}

/** Return the width of the bands: the least distance between strikes; null for fewer than two. */
function widthOf(ascending: readonly number[]): number | null {
  const steps = ascending.slice(1).map((strike, index) => strike - (ascending[index] ?? 0));
  return steps.length === 0 ? null : Math.min(...steps);
}

/** Return a band a strike, the highest first. */
export function bandsOf(strikes: readonly number[]): Band[] {
  const width = widthOf([...strikes].sort((a, b) => a - b));
  return strikes
    .map((from, index) => {
      const to = width === null ? null : from + width;
      const label = to === null ? `${thousands(from)}k` : `${thousands(from)}–${thousands(to)}k`;
      return { index, from, to, label };
    })
    .sort((a, b) => b.from - a.from);
}

/** Return how many rows from the top the price lies; null where it lies beyond them. */
export function spotOffset(bands: readonly Band[], price: number): number | null {
  const row = bands.findIndex((band) => price >= band.from);
  const band = bands[row];
  if (!band) {
    return null;
  }
  if (band.to === null || price >= band.to) {
    return row === 0 ? null : row;
  }
  return row + (band.to - price) / (band.to - band.from);
}

/** Return the shade 0 to 6 of an amount: square root of its share of the largest. */
export function shade(sats: number, most: number): number {
  return sats === 0 || most === 0 ? 0 : Math.max(1, Math.round(Math.sqrt(sats / most) * 6));
}
