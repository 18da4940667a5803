/** A figure to type: keeps the text while it is edited, tells only what can be read. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

interface Props {
  label: string;
  value: number;
  show: (value: number) => string;
  parse: (text: string) => number | null;
  onChange: (value: number) => void;
  suffix?: ComponentChildren;
  id: string;
  /** What is wrong with the value as it stands. */
  error?: string | null;
}

export function Field({ label, value, show, parse, onChange, suffix, id, error }: Props) {
  const [text, setText] = useState<string | null>(null);
  const invalid = text !== null && parse(text) === null;

  // A value that changed elsewhere (a handle, a stepper) replaces what was typed.
  useEffect(() => {
    setText((current) => (current !== null && parse(current) === value ? current : null));
  }, [value, parse]);

  function edit(next: string): void {
    setText(next);
    const parsed = parse(next);
    if (parsed !== null && parsed > 0) {
      onChange(parsed);
    }
  }

  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class="field-box" data-invalid={invalid || Boolean(error)}>
        <input
          id={id}
          type="text"
          inputMode="decimal"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={invalid || Boolean(error)}
          aria-describedby={error ? `${id}-error` : undefined}
          value={text ?? show(value)}
          onInput={(event) => edit(event.currentTarget.value)}
          onBlur={() => setText(null)}
        />
        {suffix}
      </div>
      {error && (
        <span class="note clay" id={`${id}-error`}>
          {error}
        </span>
      )}
    </div>
  );
}

interface StepperProps {
  label: string;
  onStep: (direction: 1 | -1) => void;
}

export function Stepper({ label, onStep }: StepperProps) {
  return (
    <span class="stepper">
      <button type="button" aria-label={`${label}: less`} onClick={() => onStep(-1)}>
        −
      </button>
      <button type="button" aria-label={`${label}: more`} onClick={() => onStep(1)}>
        +
      </button>
    </span>
  );
}
