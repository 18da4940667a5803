/** The premium and why it is what it is: four lines that add up. */

import type { Quote, Tier } from "../api/schema";
import { BLOCKS_PER_DAY } from "../domain/schedule";
import { percent, title } from "../format";
import { tierParameters } from "../store/config";
import { Sats } from "./amount";

interface Line {
  name: string;
  sats: number;
  fill: string;
  why: string;
}

function marginReason(quote: Quote): string {
  const rate = tierParameters(quote.tier)?.margin_bps;
  const who = `paid to the liquidity providers of the ${quote.tier} tier`;
  switch (quote.margin_basis) {
    case "buffer":
      return `Set by the buffer against a move while the quote may be used, ${who}`;
    case "minimum":
      return `Set by the least premium a policy costs, ${who}`;
    default:
      return rate === undefined ? title(who) : `${percent(rate, 0)}, ${who}`;
  }
}

function utilisationReason(quote: Quote, tier: Tier | undefined): string {
  const kink = percent(tierParameters(quote.tier)?.utilisation_kink_bps ?? 0, 0);
  const used = tier
    ? `The tier is ${percent(tier.utilisation_bps)} used`
    : `The tier will be ${percent(quote.utilisation_after_bps)} used`;
  return `${used}; from ${kink} each sale costs more`;
}

export function premiumLines(quote: Quote, tenorBlocks: number, tier: Tier | undefined): Line[] {
  const { premium } = quote;
  const days = Math.round(tenorBlocks / BLOCKS_PER_DAY);
  const below = premium.total_sats - premium.fee_sats;
  const feeBps = below === 0 ? 0 : Math.floor((premium.fee_sats * 10_000) / below);
  return [
    {
      name: "Fair value",
      sats: premium.fair_value_sats,
      fill: "fill-hedge",
      why: `What the cover is worth at ${percent(Math.round(quote.volatility * 10_000), 0)} volatility over ${days} days`,
    },
    { name: "Margin", sats: premium.margin_sats, fill: "fill-3", why: marginReason(quote) },
    {
      name: "Utilisation",
      sats: premium.utilisation_sats,
      fill: "fill-spot",
      why: utilisationReason(quote, tier),
    },
    {
      name: "Fee",
      sats: premium.fee_sats,
      fill: "fill-grey",
      why: `${percent(feeBps, 0)} of the lines above, to the treasury`,
    },
  ];
}

export function PremiumLines({
  quote,
  tenor,
  tier,
}: {
  quote: Quote;
  tenor: number;
  tier: Tier | undefined;
}) {
  const lines = premiumLines(quote, tenor, tier);
  return (
    <>
      <div class="meter" aria-hidden="true">
        {lines
          .filter((line) => line.sats > 0)
          .map((line) => (
            <i key={line.name} class={line.fill} style={{ flexGrow: line.sats, flexBasis: 0 }} />
          ))}
      </div>
      <dl class="premium-lines">
        {lines.map((line) => (
          <div key={line.name}>
            <dt>
              <i class={line.fill} aria-hidden="true" />
              {line.name}
            </dt>
            <dd>
              <Sats value={line.sats} />
            </dd>
            <dd class="note why">{line.why}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
