/** A tier side by side with the others: what it earns, what it risks, how full it is. */

import type { ProviderTier, Tier } from "../api/schema";
import { UseMeter } from "../charts/meter";
import { daysOf } from "../domain/schedule";
import { count, percent, title } from "../format";
import { navigate } from "../router";
import { Sats } from "./amount";

function rate(bps: number | null) {
  return bps === null ? (
    <span class="figure ink-3">not yet</span>
  ) : (
    <b class={`figure ${bps < 0 ? "clay" : ""}`}>{percent(bps)}</b>
  );
}

export function TierCard({ tier, mine }: { tier: Tier; mine: ProviderTier | undefined }) {
  const rules = tier.parameters;
  const isIn = mine !== undefined && mine.deposited_sats + mine.free_sats + mine.locked_sats > 0;
  const full = rules.capacity_limit_sats !== null && tier.total_sats >= rules.capacity_limit_sats;
  return (
    <section class={`card tier ${isIn ? "mine" : ""}`} aria-label={`${title(tier.tier)} tier`}>
      <div class="tier-head">
        <h2>{title(tier.tier)}</h2>
        <span class={`tag ${isIn ? "good" : ""}`}>
          {mine?.exit ? "exit mode" : isIn ? "you are in" : full ? "full" : "open"}
        </span>
      </div>
      <div class="pair">
        <div>
          <span class="label">Yield, last 90 days, a year</span>
          <br />
          {rate(tier.yield_bps)}
        </div>
        <div>
          <span class="label">Worst 30 days since start</span>
          <br />
          {rate(tier.worst_30d_bps)}
        </div>
      </div>
      <div>
        <div class="meter-label">
          <span>Used {percent(tier.utilisation_bps)}</span>
          <span>cap {percent(rules.utilisation_cap_bps, 0)}</span>
        </div>
        <UseMeter
          bps={tier.utilisation_bps}
          kink={rules.utilisation_kink_bps}
          cap={rules.utilisation_cap_bps}
          label={`Use of ${tier.tier}`}
          text={`${percent(tier.utilisation_bps)} used, cap ${percent(rules.utilisation_cap_bps, 0)}`}
        />
      </div>
      <dl class="rows">
        <div>
          <dt>Backs strikes</dt>
          <dd class="strong">
            {rules.put.min_moneyness_bps / 100}–{rules.put.max_moneyness_bps / 100} % of spot
          </dd>
        </div>
        <div>
          <dt>For</dt>
          <dd class="strong">
            {daysOf(rules.put.min_tenor_blocks)}–{daysOf(rules.put.max_tenor_blocks)} days
          </dd>
        </div>
        <div>
          <dt>A 30 % fall at once would cost it</dt>
          <dd>
            <b>{percent(tier.crash_bps)}</b>{" "}
            <span class="ink-3">limit {percent(rules.crash_limit_bps, 0)}</span>
          </dd>
        </div>
        <div>
          <dt>Money in it</dt>
          <dd class="strong">
            <Sats value={tier.total_sats} /> · {count(tier.providers, "provider")}
          </dd>
        </div>
      </dl>
      <div class="button-row">
        <button
          class="button"
          type="button"
          aria-label={`Deposit into ${title(tier.tier)}`}
          disabled={full}
          onClick={() => navigate(`earn/${tier.tier}/deposit`)}
        >
          Deposit
        </button>
        {isIn && (
          <button
            class="button"
            type="button"
            aria-label={`Withdraw from ${title(tier.tier)}`}
            onClick={() => navigate(`earn/${tier.tier}/withdraw`)}
          >
            Withdraw
          </button>
        )}
      </div>
    </section>
  );
}
