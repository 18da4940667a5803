/** A policy as a strip: floor to strike, today's price as a triangle, all on one scale. */

import type { Kind } from "../api/schema";

export interface StripScale {
  lo: number;
  hi: number;
}

interface Covered {
  kind: Kind;
  strike_usd_e8: number;
  floor_usd_e8: number | null;
  ceiling_usd_e8: number | null;
}

const WIDTH = 160;

/** Return the scale that holds every policy of a list and the price. */
export function stripScale(policies: readonly Covered[], spot: number): StripScale {
  const prices = policies.flatMap((policy) => [
    policy.strike_usd_e8,
    policy.floor_usd_e8 ?? policy.strike_usd_e8,
    policy.ceiling_usd_e8 ?? policy.strike_usd_e8,
  ]);
  return { lo: Math.min(spot, ...prices), hi: Math.max(spot, ...prices) };
}

interface Props {
  policy: Covered;
  spot: number;
  scale: StripScale;
}

export function Strip({ policy, spot, scale }: Props) {
  const span = Math.max(1, scale.hi - scale.lo);
  const x = (price: number) => 3 + ((price - scale.lo) / span) * (WIDTH - 6);
  const put = policy.kind === "put";
  const edge = (put ? policy.floor_usd_e8 : policy.ceiling_usd_e8) ?? (put ? scale.lo : scale.hi);
  const [left, right] = [
    Math.min(x(edge), x(policy.strike_usd_e8)),
    Math.max(x(edge), x(policy.strike_usd_e8)),
  ];
  const inside = Math.min(right, Math.max(left, x(spot)));
  const strikeX = x(policy.strike_usd_e8);
  const paid = put ? Math.max(0, strikeX - inside) : Math.max(0, inside - strikeX);
  return (
    <svg class="strip" viewBox={`0 0 ${WIDTH} 22`} preserveAspectRatio="none" aria-hidden="true">
      <path class="rail" d={`M0 10H${WIDTH}`} />
      <rect class="cover-box" x={left} y={5} width={Math.max(0, right - left)} height={10} />
      {paid > 0 && <rect class="paid" x={Math.min(strikeX, inside)} y={5} width={paid} height={10} />}
      <path class="f" d={`M${x(edge)} 2V18`} />
      <path class="k" d={`M${strikeX} 2V18`} />
      <path class="s" d={`M${x(spot)} 15.5l3.8 6.5h-7.6z`} />
    </svg>
  );
}
