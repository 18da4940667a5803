/** One component for everything that takes time: an ordered list of steps, and where now is. */

import type { Step } from "../domain/life";
import { placeSteps } from "../domain/life-layout";

const SHAPES: Record<Step["state"], string> = { done: "✓", now: "●", ahead: "", failed: "×" };

/** How much of the line is behind: to the marker, else to the last step that was reached. */
function reached(steps: readonly Step[], at: readonly number[], now: number | null): number {
  const last = steps.findLastIndex((step) => step.state === "done" || step.state === "now");
  return now ?? at[last] ?? 0;
}

function percentOf(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}

interface Props {
  steps: readonly Step[];
  label: string;
  /** Where the chain stands among the steps' heights, and what to say there. */
  now?: { height: number; words: string } | null;
}

export function LifeSteps({ steps, label, now = null }: Props) {
  const heights = steps.map((step) => step.height ?? null);
  const placed = placeSteps(heights, now?.height ?? null);
  const from = heights.findLastIndex((height) => height !== null && now !== null && height <= now.height);
  return (
    <div class={`life-box ${steps.length > 4 ? "many" : ""}`}>
      <ol class="life" aria-label={label}>
        <li class="track" aria-hidden="true">
          <i style={{ width: percentOf(reached(steps, placed.at, placed.now)) }} />
        </li>
        {steps.map((step, index) => (
          <li
            key={step.name}
            class={index === steps.length - 1 ? "end" : ""}
            data-state={step.state}
            aria-current={step.state === "now" ? "step" : undefined}
            style={{ "--at": String(placed.at[index] ?? 0) }}
          >
            {step.marker && <span class="marker">{step.marker}</span>}
            <span class="dot" aria-hidden="true">
              {SHAPES[step.state]}
            </span>
            <span class="name">{step.name}</span>
            {step.lines
              ?.filter((line) => line !== "")
              .map((line) => (
                <span key={line}>
                  {line}
                  <br />
                </span>
              ))}
            {now && index === from && <span class="marker-here">{now.words}</span>}
          </li>
        ))}
        {now && placed.now !== null && (
          <li class="now" aria-hidden="true" style={{ "--at": String(placed.now) }}>
            <span class="marker">{now.words}</span>
            <i />
          </li>
        )}
      </ol>
    </div>
  );
}
