/** What a reorganisation took back, what comes of it, and that nothing need be done. */

import type { StepBack } from "../domain/reorg";
import { height } from "../format";

export function ReorgNote({ back }: { back: StepBack }) {
  return (
    <section class="reorg-note" aria-label="Reorganisation" role="status">
      <span class="tag sky">
        {back.was} <span aria-hidden="true">→ </span>
        <span class="visually-hidden">is now </span>
        {back.is}
      </span>
      <p class="ink-2">
        {back.forkHeight === null
          ? "The chain replaced its last blocks."
          : `The chain replaced what came after block ${height(back.forkHeight)}.`}{" "}
        {back.words}
      </p>
    </section>
  );
}
