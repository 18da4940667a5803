interface Props {
  label: string;
  on: boolean;
  disabled?: boolean;
  onToggle: () => void;
}

export function Switch({ label, on, disabled = false, onToggle }: Props) {
  return (
    <button
      class="switch"
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      disabled={disabled}
      onClick={onToggle}
    />
  );
}
