/** An amount of sats: grouped for the eye, whole for a copy. */

import { btc, btcGroups, btcShort } from "../format";

interface SatsProps {
  value: number;
  unit?: string;
  class?: string;
  sign?: boolean;
}

export function Sats({ value, unit, class: extra = "", sign = false }: SatsProps) {
  const [head, middle, tail] = btcGroups(value);
  return (
    <span class={`sats ${extra}`}>
      {sign && value > 0 ? "+" : ""}
      {head}
      <span class="g">{middle}</span>
      <span class="g">{tail}</span>
      {unit && <span class="unit"> {unit}</span>}
    </span>
  );
}

interface ShortProps {
  value: number;
  digits?: number;
  /** Round up: for what the reader pays. */
  up?: boolean;
}

/** A short amount for dense lists, rounded against the reader; the exact one is its title. */
export function Short({ value, digits = 4, up = false }: ShortProps) {
  return <span title={`${btc(value)} sBTC`}>{value === 0 ? "0" : btcShort(value, digits, up)}</span>;
}
