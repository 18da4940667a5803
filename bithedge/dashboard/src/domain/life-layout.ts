/** Where the steps of a life stand on its line: what the chain dates in proportion, the rest in order. */

export interface Placed {
  /** Of each step, 0 to 1. */
  at: number[];
  /** Of the marker, 0 to 1; null where there is none. */
  now: number | null;
}

/** The least part of the line between two steps, so that their words do not touch. */
const GAP = 0.125;

function evenly(count: number): number[] {
  return Array.from({ length: count }, (_, index) => (count === 1 ? 0 : index / (count - 1)));
}

/** Push steps apart to `gap`, first forwards, then back from the end of the line. */
function spread(wanted: readonly number[], gap: number): number[] {
  const forward: number[] = [];
  for (const at of wanted) {
    forward.push(Math.max(at, (forward.at(-1) ?? -gap) + gap));
  }
  const last = forward.length - 1;
  return forward.map((at, index) => Math.min(at, 1 - (last - index) * gap));
}

/** Return where `height` falls among dated steps, between the two that it lies between. */
function between(height: number, dated: readonly { height: number; at: number }[]): number {
  const after = dated.findIndex((step) => step.height > height);
  const right = dated[after];
  const left = dated[after - 1];
  if (!right) {
    return dated.at(-1)?.at ?? 1;
  }
  if (!left) {
    return right.at;
  }
  return left.at + ((height - left.height) / (right.height - left.height)) * (right.at - left.at);
}

/**
 * Return the places of steps whose burn heights are `heights`, null where a step has none.
 *
 * The steps before the first height stand side by side; from it to the last the line is in proportion to
 * blocks, as far as the words allow.
 */
export function placeSteps(heights: readonly (number | null)[], now: number | null): Placed {
  const count = heights.length;
  const first = heights.findIndex((height) => height !== null);
  const start = heights[first] ?? null;
  const end = heights.at(-1) ?? null;
  if (start === null || end === null || end <= start) {
    return { at: evenly(count), now: null };
  }
  const gap = Math.min(GAP, 1 / (count - 1));
  const origin = first * gap;
  const wanted = heights.map((height, index) =>
    index < first || height === null
      ? index * gap
      : origin + ((height - start) / (end - start)) * (1 - origin),
  );
  const at = spread(wanted, gap);
  const dated = heights.flatMap((height, index) => (height === null ? [] : [{ height, at: at[index] ?? 0 }]));
  return { at, now: now === null ? null : between(now, dated) };
}
