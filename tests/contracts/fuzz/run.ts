/** Many games, one after the other, until enough calls have been made. */
import { LawBrokenError, Life, type Report, wordsOf } from "./life";
import { shortest } from "./shrink";

export const empty = (): Report => ({ calls: 0, succeeded: 0, forks: 0, closed: 0, acts: {} });

export function add(sum: Report, more: Report): Report {
  const acts = { ...sum.acts };
  for (const [name, times] of Object.entries(more.acts)) acts[name] = (acts[name] ?? 0) + times;
  const { calls, succeeded, forks, closed } = more;
  return {
    calls: sum.calls + calls,
    succeeded: sum.succeeded + succeeded,
    forks: sum.forks + forks,
    closed: sum.closed + closed,
    acts,
  };
}

/** Plays games of `steps` acts from seed `first` on, every `stride`th; throws at the first broken law. */
export async function run(
  { calls, steps, first, stride = 1 }: { calls: number; steps: number; first: number; stride?: number },
  heard: (seed: number, report: Report) => void = () => undefined,
): Promise<Report> {
  let sum = empty();
  for (let seed = first; sum.calls < calls; seed += stride) {
    const report = await new Life(seed).play(steps);
    sum = add(sum, report);
    heard(seed, report);
  }
  return sum;
}

/** A broken law in words, with the fewest moves that break it. */
export async function explain(error: unknown): Promise<string> {
  if (!(error instanceof LawBrokenError)) return error instanceof Error ? `${error.stack}` : String(error);
  const moves = await shortest(error.seed, error.moves);
  return [error.message, `the ${moves.length} moves that matter:`, ...moves.map(wordsOf)].join("\n");
}
