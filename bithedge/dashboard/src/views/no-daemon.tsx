/** Before the daemon has said what it is: the shape of a view, or why there is none. */

import { Refusal } from "../parts/refusal";
import { SkeletonCard } from "../parts/skeleton";
import { configProblem, loadConfig } from "../store/config";

export function NoDaemon() {
  const problem = configProblem.value;
  return problem ? (
    <div class="card pad prose">
      <Refusal problem={problem} ways={[{ label: "Try again", go: () => void loadConfig() }]} />
      <p class="note">It is tried again every 3 seconds.</p>
    </div>
  ) : (
    <SkeletonCard label="BitHedge" lines={6} />
  );
}
