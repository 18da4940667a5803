/** A choice of one among few: a radio group with arrow keys. */

export interface Option<T> {
  value: T;
  label: string;
  disabled?: boolean;
}

interface Props<T> {
  label: string;
  options: readonly Option<T>[];
  value: T | null;
  onChange: (value: T) => void;
  class?: string;
}

const STEP: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export function Segment<T extends string | number>(props: Props<T>) {
  const { label, options, value, onChange } = props;
  const chosen = options.findIndex((option) => option.value === value);

  function onKeyDown(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
    const step = STEP[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const index = (Math.max(chosen, 0) + step + options.length) % options.length;
    const next = options[index];
    if (next && !next.disabled) {
      onChange(next.value);
      event.currentTarget.querySelectorAll<HTMLElement>('[role="radio"]')[index]?.focus();
    }
  }

  return (
    <div class={`segment ${props.class ?? ""}`} role="radiogroup" aria-label={label} onKeyDown={onKeyDown}>
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio input cannot hold this look with one tab stop in every browser.
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={index === chosen}
          tabIndex={index === Math.max(chosen, 0) ? 0 : -1}
          disabled={option.disabled ?? false}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
