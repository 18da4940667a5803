/** One component for everything that takes time: an ordered list of steps. */

import type { Step } from "../domain/life";

const SHAPES: Record<Step["state"], string> = { done: "✓", now: "●", ahead: "", failed: "×" };

export function LifeSteps({ steps, label }: { steps: readonly Step[]; label: string }) {
  return (
    <ol class="life" aria-label={label}>
      {steps.map((step) => (
        <li key={step.name} data-state={step.state} aria-current={step.state === "now" ? "step" : undefined}>
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
        </li>
      ))}
    </ol>
  );
}
