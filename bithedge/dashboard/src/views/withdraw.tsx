/** Taking money out: six checks, each with its figure, and the largest amount that passes. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../api/client";
import { Refused } from "../api/problems";
import type { Health, HealthCheck, ProviderTier } from "../api/schema";
import { Gauge } from "../charts/gauge";
import { moved, worth } from "../domain/payout";
import { btcPlain, btcShort, parseBtc, percent, title, usd } from "../format";
import { Field } from "../parts/field";
import { Refusal } from "../parts/refusal";
import { Switch } from "../parts/switch";
import { replaceQuery, route } from "../router";
import { isOffline } from "../store/freshness";
import { spot, tip } from "../store/oracle";
import { tierNamed } from "../store/pool";
import { resource } from "../store/resource";
import { openSheet } from "../store/sheet";

const REST_MS = 200;

const NAMES: Readonly<Record<string, string>> = {
  reservations: "Reservations",
  tier_utilisation: "Tier utilisation",
  pool_utilisation: "Pool utilisation",
  outflow_window: "Outflow window",
  yield_cap: "Yield cap",
  profit_window: "Profit window",
};

const TOO_MUCH: Readonly<Record<string, (check: HealthCheck) => string>> = {
  reservations: () => "Prepared policies and other vouchers hold the rest.",
  tier_utilisation: (check) =>
    `It would leave the tier ${percent(check.value)} used; the cap is ${percent(check.limit)}.`,
  pool_utilisation: (check) =>
    `It would leave the pool ${percent(check.value)} used; the cap is ${percent(check.limit)}.`,
  outflow_window: () => "The chain lets out only so much in this window of blocks.",
  yield_cap: () => "The chain bounds what one provider may take out in all.",
  profit_window: () => "The chain lets out only so much profit in this window of blocks.",
};

function figure(check: HealthCheck, value: number): string {
  return check.unit === "bps" ? percent(value) : `${btcShort(value)} sBTC`;
}

/** What is reserved is a floor, not a cap: it is covered by what stays, or it is not. */
function Reading({ check }: { check: HealthCheck }) {
  if (check.name === "reservations" && check.ok) {
    return (
      <span class="value">
        {check.limit === 0 ? "none open" : `${figure(check, check.limit)}, all covered`}
      </span>
    );
  }
  return (
    <span>
      <span class={`value ${check.ok ? "" : "clay"}`}>{figure(check, check.value)}</span>{" "}
      <span class="ink-3">of {figure(check, check.limit)}</span>
    </span>
  );
}

function Checks({ health }: { health: Health }) {
  return (
    <ul class="rows" aria-label="Health checks">
      {health.checks.map((check) => (
        <li key={check.name} class={`check ${check.ok ? "" : "bad"}`}>
          <span class="name">
            <span aria-hidden="true">{check.ok ? "✓ " : "◆ "}</span>
            {NAMES[check.name] ?? check.name}
            <span class="visually-hidden">{check.ok ? " passes" : " fails"}</span>
          </span>
          <Reading check={check} />
        </li>
      ))}
    </ul>
  );
}

function Stress({ health, tier, amount }: { health: Health; tier: ProviderTier; amount: number }) {
  const price = spot.value;
  const left = Math.max(0, tier.free_sats + tier.locked_sats + tier.earned_sats - amount);
  return (
    <div>
      <p class="label">What stays in {title(tier.tier)}, if Bitcoin falls at once</p>
      <ul class="rows">
        {health.stress.map((step) => (
          <li key={step.change_bps}>
            <span>
              <b>{percent(step.change_bps, 0)}</b>{" "}
              <span class="clay">
                lose {btcShort(step.loss_sats, 4, true)} · {percent(step.loss_bps)}
              </span>
            </span>
            <span class="ink-3">
              {price !== null &&
                `worth ${usd(worth(Math.max(0, left - step.loss_sats), moved(price, step.change_bps)), 0)}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function useCheck(address: string, tier: string, amount: number) {
  const block = tip.value?.block_height;
  const checked = useMemo(() => {
    let wanted = amount;
    const state = resource(async (abort) => {
      try {
        return await get<Health>(
          `/v1/providers/${address}/withdrawal-check`,
          { tier, amount_sats: wanted },
          abort,
        );
      } catch (error) {
        if (error instanceof Refused && error.problem.health) {
          return error.problem.health;
        }
        throw error;
      }
    });
    return {
      ...state,
      ask: (next: number) => {
        wanted = next;
        return state.load();
      },
    };
    // one reader a provider and tier; the amount is passed on.
  }, [address, tier]);
  // a new block may change the answer.
  useEffect(() => {
    const timer = setTimeout(() => void checked.ask(amount), REST_MS);
    return () => clearTimeout(timer);
  }, [checked, amount, block]);
  return checked.state.value;
}

interface VerdictProps {
  health: Health;
  /** Whether it is more than what is free and earned. */
  isMore: boolean;
  onLargest: () => void;
}

function Verdict({ health, isMore, onLargest }: VerdictProps) {
  const failed = health.checks.find((check) => !check.ok);
  const why = failed
    ? TOO_MUCH[failed.name]?.(failed)
    : isMore
      ? "It is more than is free and earned."
      : null;
  if (!why) {
    return null;
  }
  return (
    <section class="refusal" aria-label="Refused">
      <p>
        <b class="clay">Too much for now.</b> {why} {btcPlain(health.largest_sats)} sBTC passes today, more as
        policies end.
      </p>
      <button class="link" type="button" onClick={onLargest}>
        Take {btcPlain(health.largest_sats)}
      </button>
    </section>
  );
}

/** A voucher holds its amount until it is used or lapses; another is not signed meanwhile. */
function OpenVoucher({ tier }: { tier: ProviderTier }) {
  if (tier.pending_sats === 0) {
    return null;
  }
  return (
    <section class="banner" aria-label="Voucher">
      <span>
        A voucher over <b>{btcPlain(tier.pending_sats)} sBTC</b> is out, until it is used or lapses.
      </span>
      <button
        class="link end"
        type="button"
        disabled={isOffline.value}
        onClick={() => openSheet({ kind: "withdraw", tier: tier.tier, amount: tier.pending_sats })}
      >
        Sign its use
      </button>
    </section>
  );
}

export function WithdrawPanel({ tier, address }: { tier: ProviderTier; address: string }) {
  const asked = Number(route.value.query.get("amount_sats"));
  const [amount, setAmount] = useState(
    asked > 0 ? asked : Math.max(1, Math.floor(tier.withdrawable_sats / 4)),
  );
  const { data: health, problem, loading } = useCheck(address, tier.tier, amount);
  const state = tierNamed(tier.tier);
  const price = spot.value;
  const after = health?.checks.find((check) => check.name === "tier_utilisation")?.value ?? null;
  const part = (share: number) => Math.floor((tier.withdrawable_sats * share) / 100);

  function choose(next: number): void {
    setAmount(next);
    replaceQuery(`earn/${tier.tier}/withdraw`, { amount_sats: next });
  }

  return (
    <section class="card pad panel" aria-label={`Withdraw from ${title(tier.tier)}`}>
      <div class="card-head">
        <h2>Withdraw from {title(tier.tier)}</h2>
        <span class="note">health check</span>
      </div>
      <OpenVoucher tier={tier} />
      <Field
        id="withdraw-amount"
        label="Amount"
        value={amount}
        show={btcPlain}
        parse={parseBtc}
        onChange={choose}
        error={
          amount > tier.withdrawable_sats ? `Free and earned: ${btcPlain(tier.withdrawable_sats)} sBTC` : null
        }
        suffix={<span class="suffix">sBTC{price !== null && ` ≈ ${usd(worth(amount, price), 0)}`}</span>}
      />
      <div class="quick">
        <button class="button" type="button" onClick={() => choose(part(25))}>
          25 %
        </button>
        <button class="button" type="button" onClick={() => choose(part(50))}>
          50 %
        </button>
        {health && (
          <button class="button end" type="button" onClick={() => choose(health.largest_sats)}>
            Largest that passes: {btcPlain(health.largest_sats)}
          </button>
        )}
      </div>
      {state && (
        <Gauge
          now={state.utilisation_bps}
          after={after}
          kink={state.parameters.utilisation_kink_bps}
          cap={state.parameters.utilisation_cap_bps}
        />
      )}
      {problem && <Refusal problem={problem} />}
      {health && (
        <div class={loading ? "dim" : ""}>
          <Checks health={health} />
          <Verdict
            health={health}
            isMore={amount > tier.withdrawable_sats}
            onLargest={() => choose(health.largest_sats)}
          />
        </div>
      )}
      <button
        class="button primary big"
        type="button"
        disabled={!health?.ok || loading || isOffline.value || amount > tier.withdrawable_sats}
        onClick={() => openSheet({ kind: "withdraw", tier: tier.tier, amount })}
      >
        Review and sign
      </button>
      {health && <Stress health={health} tier={tier} amount={amount} />}
      <div class="with-switch">
        <Switch
          label="Exit mode"
          on={tier.exit}
          onToggle={() => openSheet({ kind: "exit", tier: tier.tier, enabled: !tier.exit })}
        />
        <p>
          <b>Exit mode</b>
          <br />
          <span class="note">
            Back nothing new. After 144 blocks the two utilisation checks no longer hold you; locked money
            comes free as policies end.
          </span>
        </p>
      </div>
    </section>
  );
}
