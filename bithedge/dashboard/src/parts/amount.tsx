/** An amount of sats: grouped for the eye, whole for a copy. */

import { btc, btcGroups, btcShort, height } from "../format";
import { unit as chosen } from "../units";

interface SatsProps {
  value: number;
  unit?: string;
  class?: string;
  sign?: boolean;
}

function Digits({ value }: { value: number }) {
  if (chosen.value === "sats") {
    return <>{value < 0 ? `−${height(-value)}` : height(value)}</>;
  }
  const [head, middle, tail] = btcGroups(value);
  return (
    <>
      {head}
      <span class="g">{middle}</span>
      <span class="g">{tail}</span>
    </>
  );
}

export function Sats({ value, unit, class: extra = "", sign = false }: SatsProps) {
  return (
    <span class={`sats ${extra}`}>
      {sign && value > 0 ? "+" : ""}
      <Digits value={value} />
      {unit && <span class="unit"> {chosen.value === "sats" ? "sats" : unit}</span>}
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
