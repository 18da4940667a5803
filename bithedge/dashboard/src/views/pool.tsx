/** Pool: whether every policy can be paid, in figures and in equations. */

import { useEffect } from "preact/hooks";
import type { Pool } from "../api/schema";
import { FlowsChart } from "../charts/flows";
import { UseMeter } from "../charts/meter";
import { StressChart } from "../charts/stress";
import { worth } from "../domain/payout";
import { btcShort, count, height, percent, title, usd } from "../format";
import { Sats } from "../parts/amount";
import { Skeleton, SkeletonCard } from "../parts/skeleton";
import { config } from "../store/config";
import { spot, tip } from "../store/oracle";
import { liabilities, pool, poolHistory, proof, stress, tiers } from "../store/pool";
import { LiabilitiesCard } from "./liabilities";
import { ProofCard } from "./proof";

function Sentence({ state }: { state: Pool }) {
  const held = proof.state.value.data?.equations.every((equation) => equation.holds) ?? state.reconciled;
  return (
    <h1 class="sentence small">
      {held ? "Every policy can be paid in full" : "The books and the chain do not agree; all has stopped"}:{" "}
      <b class="hedge">{btcShort(state.locked_sats, 3)} sBTC</b> is locked for{" "}
      {count(state.active_policies, "policy", "policies")}, out of{" "}
      <b class="hedge">{btcShort(state.vault_sats, 3)} sBTC</b> in the vault.
    </h1>
  );
}

function Figure({ label, sats, note }: { label: string; sats: number; note: string }) {
  return (
    <div>
      <span class="label">{label}</span>
      <p class="figure">
        <Sats value={sats} unit="sBTC" />
      </p>
      <span class="note">{note}</span>
    </div>
  );
}

function Figures({ state }: { state: Pool }) {
  const price = spot.value;
  const cap = config.value?.pool_utilisation_cap_bps;
  return (
    <section class="card figures" aria-label="Figures">
      <Figure
        label="In the vault"
        sats={state.vault_sats}
        note={price === null ? "" : usd(worth(state.vault_sats, price), 0)}
      />
      <Figure
        label="Locked"
        sats={state.locked_sats}
        note={`${percent(state.utilisation_bps)} used${cap === undefined ? "" : ` · cap ${percent(cap, 0)}`}`}
      />
      <Figure
        label="Available"
        sats={state.available_sats}
        note={`${btcShort(state.reserved_sats)} of it reserved for quotes`}
      />
      <Figure
        label="Premiums"
        sats={state.premiums_sats}
        note={count(state.policies_sold, "policy sold", "policies sold")}
      />
      <Figure
        label="Payouts"
        sats={state.payouts_sats}
        note={`${height(state.policies_settled)} settled · ${height(state.policies_expired)} expired`}
      />
    </section>
  );
}

function StressCard() {
  const { data } = stress.state.value;
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>Owed if the price fell at once</h2>
        <span class="note">sBTC</span>
      </div>
      {data ? <StressChart data={data} /> : <Skeleton height={190} />}
    </section>
  );
}

function FlowsCard() {
  const { data } = poolHistory.state.value;
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>Premiums and payouts</h2>
        <span class="note">weekly, sBTC</span>
      </div>
      {data === null ? (
        <Skeleton height={190} />
      ) : data.items.length === 0 ? (
        <p class="ink-3">Nothing sold yet.</p>
      ) : (
        <FlowsChart items={data.items} />
      )}
    </section>
  );
}

function TierUse() {
  const list = tiers.value ?? [];
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>Utilisation by tier</h2>
      </div>
      <div class="tier-bars">
        {list.map((tier) => {
          const rules = tier.parameters;
          const used = tier.locked_sats + tier.reserved_sats;
          const room = Math.max(0, Math.floor((tier.total_sats * rules.utilisation_cap_bps) / 10_000) - used);
          const text = `${percent(tier.utilisation_bps)} of ${percent(rules.utilisation_cap_bps, 0)}`;
          return (
            <div key={tier.tier}>
              <div class="meter-label">
                <b>{title(tier.tier)}</b>
                <span>
                  <b>{percent(tier.utilisation_bps)}</b> of {percent(rules.utilisation_cap_bps, 0)} ·{" "}
                  <Sats value={room} /> left to sell
                </span>
              </div>
              <UseMeter
                bps={tier.utilisation_bps}
                kink={rules.utilisation_kink_bps}
                cap={rules.utilisation_cap_bps}
                label={`Use of ${tier.tier}`}
                text={text}
              />
            </div>
          );
        })}
      </div>
      <p class="note">Amber: past two thirds of the cap, where each sale costs the buyer more.</p>
    </section>
  );
}

export function PoolView() {
  const state = pool.value;
  const block = tip.value?.burn_height;
  // asked again at each block while looked at.
  useEffect(() => {
    for (const reading of [liabilities, stress, poolHistory, proof]) {
      void reading.load();
    }
  }, [block]);
  if (!state) {
    return <SkeletonCard label="Pool" lines={6} />;
  }
  return (
    <div class="page">
      <Sentence state={state} />
      <Figures state={state} />
      <div class="pool-grid">
        <div class="column">
          <LiabilitiesCard />
          <div class="pool-pair">
            <StressCard />
            <FlowsCard />
          </div>
        </div>
        <div class="column">
          <ProofCard />
          <TierUse />
        </div>
      </div>
    </div>
  );
}
