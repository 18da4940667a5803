/** The fewest moves that break a law still, so that a person can read what went wrong. */
import { LawBrokenError, Life, type Move } from "./life";

/** Whether these moves, on a chain of their own, break a law. */
async function breaks(seed: number, moves: readonly Move[]): Promise<boolean> {
  const life = new Life(seed);
  await life.begin();
  try {
    for (const move of moves) life.apply(move);
    return false;
  } catch (error) {
    if (error instanceof LawBrokenError) return true;
    throw error;
  }
}

/**
 * Leaves out halves, then quarters, then ever smaller parts, as long as a law is broken still. All moves are given back
 * if they break none: the fault then lies in what a check of the whole chain found.
 */
export async function shortest(seed: number, moves: readonly Move[]): Promise<readonly Move[]> {
  if (!(await breaks(seed, moves))) return moves;
  let left = moves;
  for (let size = Math.ceil(left.length / 2); ; size = Math.ceil(size / 2)) {
    for (let at = 0; at < left.length; ) {
      const without = [...left.slice(0, at), ...left.slice(at + size)];
      if (await breaks(seed, without)) left = without;
      else at += size;
    }
    if (size === 1) return left;
  }
}
