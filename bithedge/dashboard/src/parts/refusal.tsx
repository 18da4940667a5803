/** A typed no: what was wrong, the limit, and what passes as buttons that do it. */

import type { Problem } from "../api/problems";
import { age } from "../format";

export interface Way {
  label: string;
  go: () => void;
}

interface Props {
  problem: Problem;
  ways?: readonly Way[];
}

const WORDS: Readonly<Record<string, string>> = {
  rate_limited: "Too many requests for now.",
  unreachable: "The daemon cannot be reached. Nothing was sent.",
  oracle_stale: "The price is stale. Nothing is sold or settled until it is back.",
  uneconomic: "This costs as much as it can pay.",
  selling_paused: "Selling is paused. Your policies stand.",
};

export function Refusal({ problem, ways = [] }: Props) {
  return (
    <section class="refusal" aria-label="Refused">
      <h3>
        <span aria-hidden="true">◆ </span>
        {problem.title}
      </h3>
      <p>{WORDS[problem.code] ?? problem.detail}</p>
      {problem.errors.map((error) => (
        <p key={`${error.field}${error.code}`} class="note">
          {error.message}
        </p>
      ))}
      {problem.reason && <p class="note">The node says: {problem.reason}</p>}
      {problem.retry_after_s !== null && <p class="note">Try again in {age(problem.retry_after_s)}.</p>}
      {ways.length > 0 && (
        <div class="button-row">
          {ways.map((way) => (
            <button key={way.label} class="button" type="button" onClick={way.go}>
              {way.label}
            </button>
          ))}
        </div>
      )}
      <p class="note mono">
        {problem.code}
        {problem.request_id && ` · request ${problem.request_id}`}
      </p>
    </section>
  );
}
