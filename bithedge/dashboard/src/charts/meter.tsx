/** A bar of use with its kink and cap marked. */

interface Props {
  bps: number;
  kink: number;
  cap: number;
  label: string;
  text: string;
}

export function UseMeter({ bps, kink, cap, label, text }: Props) {
  const tone = bps > kink ? "fill-spot" : "fill-hedge";
  return (
    // biome-ignore lint/a11y/useSemanticElements: the meter element cannot hold a drawing with marks.
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={bps / 100}
      aria-valuetext={text}
    >
      <div class="meter">
        <i class={tone} style={{ width: `${Math.min(100, bps / 100)}%` }} />
      </div>
      <div class="marks" aria-hidden="true">
        <i class={bps > kink ? "kink passed" : "kink"} style={{ left: `${kink / 100}%` }} />
        <i style={{ left: `${cap / 100}%` }} />
      </div>
    </div>
  );
}
