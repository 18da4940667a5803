/** One policy: sentence, life line, price against its band, history, exercise. */

import { useEffect, useState } from "preact/hooks";
import { type Problem, problemOf } from "../api/problems";
import type { Candle, HistoryEvent, Policy } from "../api/schema";
import { LifeChart } from "../charts/life-chart";
import { bound } from "../domain/floor";
import { policySteps } from "../domain/life";
import { payout, worth } from "../domain/payout";
import { BLOCKS_PER_DAY, blocksTo, timeOf } from "../domain/schedule";
import {
  btcPlain,
  btcShort,
  count,
  dayTime,
  exactTime,
  height,
  percent,
  ratioBps,
  strike,
  title,
  usd,
} from "../format";
import { Sats } from "../parts/amount";
import { announce } from "../parts/announcer";
import { Copy, TxLink } from "../parts/hash";
import { LifeSteps } from "../parts/life-line";
import { Refusal } from "../parts/refusal";
import { SkeletonCard } from "../parts/skeleton";
import { Switch } from "../parts/switch";
import { StatusTag } from "../parts/tag";
import { useChannel } from "../parts/use-channel";
import { account } from "../store/account";
import { config } from "../store/config";
import { now, priceFreshness } from "../store/freshness";
import { loadCandles, oracle, spot, tip } from "../store/oracle";
import { histories, loadPolicy, policyFold, policyNamed } from "../store/policies";
import { openSheet } from "../store/sheet";
import { EVENT_TITLES } from "../stream/names";

function Sentence({ policy, pays }: { policy: Policy; pays: number }) {
  const put = policy.kind === "put";
  const edge = bound(policy);
  const settled = policy.settlement;
  return (
    <h1 class="sentence small">
      {btcPlain(policy.amount_sats)} BTC protected {put ? "below" : "above"}{" "}
      <b class="hedge">{strike(policy.strike_usd_e8)}</b>
      {edge === null ? (
        ", uncapped"
      ) : (
        <>
          , {put ? "down" : "up"} to <b class="clay">{strike(edge)}</b>
        </>
      )}
      .{" "}
      {settled ? (
        <>
          It {policy.status === "settled" ? "paid" : "will pay"}{" "}
          <b class="hedge">{btcPlain(settled.payout_sats)} sBTC</b> at {usd(settled.price_usd_e8)}.
        </>
      ) : policy.status === "active" || policy.status === "expiring" ? (
        pays > 0 ? (
          <>
            It pays <b class="hedge">{btcShort(pays)} sBTC</b> today.
          </>
        ) : (
          "It pays nothing at today's price."
        )
      ) : null}
    </h1>
  );
}

function keepOrTake(policy: Policy, pays: number, left: number): string {
  if (pays >= policy.max_payout_sats) {
    return "It can gain no more. Exercise now.";
  }
  if (policy.value_now_sats > pays) {
    const days = Math.floor(left / BLOCKS_PER_DAY);
    const time = days > 0 ? count(days, "day") : count(left, "block");
    return `Keeping it is worth more today: it can still gain for ${time}. Exercise if you want the sBTC now.`;
  }
  return "Keeping it is worth no more than exercising it today.";
}

function reasonOff(policy: Policy, pays: number): string | null {
  if (account.value?.address !== policy.owner) {
    return "Only its holder can exercise it.";
  }
  if (policy.status !== "active") {
    return policy.status === "settling" ? "It is being settled." : "It is not active.";
  }
  if (priceFreshness.value !== "fresh") {
    return priceFreshness.value === "offline" ? "Waits for the connection." : "Waits for a fresh price.";
  }
  return pays > 0
    ? null
    : `It pays only ${policy.kind === "put" ? "below" : "above"} ${strike(policy.strike_usd_e8)}.`;
}

function ExercisePanel({ policy, pays, price }: { policy: Policy; pays: number; price: number }) {
  const at = tip.value;
  const off = reasonOff(policy, pays);
  const stale = priceFreshness.value !== "fresh" && oracle.value;
  const left = at ? blocksTo(policy.expiry_height, at) : 0;
  return (
    <section class="exercise" aria-label="Exercise">
      <span class="label">Exercise now pays</span>
      <p class={`figure ${stale ? "stale-figure" : ""}`} data-testid="pays-now">
        <Sats value={pays} unit="sBTC" />
      </p>
      <span class="note">
        {stale ? (
          <span class="spot">at the price of {exactTime(stale.observed_at)}</span>
        ) : (
          usd(worth(pays, price))
        )}
      </span>
      <dl class="rows">
        <div>
          <dt>Value if kept</dt>
          <dd class="strong">
            <Sats value={policy.value_now_sats} />
          </dd>
        </div>
        <div>
          <dt>Given up by exercising</dt>
          <dd class="strong clay">
            <Sats value={Math.max(0, policy.value_now_sats - pays)} />
          </dd>
        </div>
      </dl>
      {pays > 0 && policy.status === "active" && <p class="ink-2">{keepOrTake(policy, pays, left)}</p>}
      <button
        class="button big"
        type="button"
        disabled={off !== null}
        onClick={() => openSheet({ kind: "exercise", policy, payout: pays })}
      >
        Exercise…
      </button>
      {off && <p class="note">{off}</p>}
      <AutoExercise policy={policy} />
    </section>
  );
}

function AutoExercise({ policy }: { policy: Policy }) {
  const edge = bound(policy);
  const mine = account.value?.address === policy.owner;
  return (
    <div class="with-switch">
      <Switch
        label="Exercise it for me"
        on={policy.auto_exercise}
        disabled={!mine || policy.status !== "active"}
        onToggle={() => openSheet({ kind: "auto-exercise", policy, enabled: !policy.auto_exercise })}
      />
      <p>
        <b>Exercise it for me</b>
        <br />
        <span class="note">
          {edge === null ? "" : `At ${strike(edge)}, from where it can gain no more, and, `}
          {edge === null ? "If it pays, after expiry." : "if it pays, after expiry."} No fee to you.
        </span>
      </p>
    </div>
  );
}

const RULES = {
  touch: "the price reached the end of its cover",
  expiry: "the public price of its last block",
  request: "the public price after your request on chain",
  daemon: "the first price made after your exercise was accepted",
} as const;

function SettledPanel({ policy }: { policy: Policy }) {
  const { settlement } = policy;
  if (!settlement) {
    return null;
  }
  return (
    <section class="exercise" aria-label="Settlement">
      <span class="label">{policy.status === "settled" ? "Paid" : "Being paid"}</span>
      <p class="figure" data-testid="paid">
        <Sats value={settlement.payout_sats} unit="sBTC" />
      </p>
      <dl class="rows">
        <div>
          <dt>Price</dt>
          <dd class="strong">{usd(settlement.price_usd_e8)}</dd>
        </div>
        <div>
          <dt>Of block</dt>
          <dd class="strong">{height(settlement.height)}</dd>
        </div>
        {settlement.txid && (
          <div>
            <dt>Transaction</dt>
            <dd>
              <TxLink txid={settlement.txid} />
            </dd>
          </div>
        )}
      </dl>
      <p class="ink-2">It is {RULES[settlement.rule]}.</p>
    </section>
  );
}

function ReservedPanel({ policy }: { policy: Policy }) {
  const at = tip.value;
  const over =
    now.value >= Date.parse(policy.valid_until_at) ||
    (at !== null && at.burn_height > policy.valid_until_height);
  const mine = account.value?.address === policy.owner;
  return (
    <section class="exercise" aria-label="Reservation">
      <span class="label">Not paid for yet</span>
      <p class="figure">
        <Sats value={policy.premium_sats} unit="sBTC" />
      </p>
      <p class="ink-2">
        {over
          ? "The reservation is over; it lapses once that is final."
          : `Reserved to block ${height(policy.valid_until_height)} or ${exactTime(policy.valid_until_at)}, whichever is first.`}
      </p>
      <button
        class="button big"
        type="button"
        disabled={over || !mine}
        onClick={() => openSheet({ kind: "buy", offer: policy })}
      >
        Sign again
      </button>
    </section>
  );
}

function Panel({ policy, pays, price }: { policy: Policy; pays: number; price: number }) {
  if (policy.settlement) {
    return <SettledPanel policy={policy} />;
  }
  switch (policy.status) {
    case "pending_signature":
      return <ReservedPanel policy={policy} />;
    case "pending_confirmation":
      return (
        <p class="ink-2">
          The purchase waits in the mempool. It is active once its block is mined; until then nothing can be
          exercised and nothing need be done.
        </p>
      );
    case "expired":
    case "lapsed":
      return (
        <p class="ink-2">
          {policy.status === "expired"
            ? "It ended unpaid; its collateral is free again."
            : "It was never paid for."}
        </p>
      );
    default:
      return <ExercisePanel policy={policy} pays={pays} price={price} />;
  }
}

function HistoryList({ events }: { events: readonly HistoryEvent[] }) {
  return (
    <section aria-label="History">
      <h2>History</h2>
      <ul class="history">
        {[...events].reverse().map((event) => (
          <li key={event.seq} class={event.undone ? "undone" : ""}>
            <span class="ink-3">{dayTime(event.at)}</span>
            <span>
              {EVENT_TITLES[event.name] ?? event.name}
              <br />
              <span class="note">
                {event.name}
                {event.burn_height !== null && ` · block ${height(event.burn_height)}`}
                {event.undone && " · taken back by a reorganisation"}
              </span>
            </span>
            {event.txid ? <TxLink txid={event.txid} /> : <span />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function useLife(policy: Policy | undefined): Candle[] {
  const [candles, setCandles] = useState<Candle[]>([]);
  const from = policy ? Date.parse(policy.created_at) : null;
  useEffect(() => {
    if (from === null) {
      return undefined;
    }
    const stop = new AbortController();
    void loadCandles(from, Date.now(), stop.signal)
      .then(setCandles)
      .catch(() => undefined);
    return () => stop.abort();
  }, [from]);
  return candles;
}

export function PolicyDetail({ name }: { name: string }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const policy = policyNamed(name);
  const price = spot.value;
  const at = tip.value;
  const settings = config.value;
  const candles = useLife(policy);
  const burn = at?.burn_height;
  useChannel(policy ? `policy:${policy.quote_id}` : null, () => policyFold(policy?.quote_id ?? ""));

  // Values move with the price and events do not tell them: asked again at each burn block.
  // `burn` is the trigger.
  useEffect(() => {
    loadPolicy(name).then(
      () => setProblem(null),
      (error: unknown) => setProblem(problemOf(error)),
    );
  }, [name, burn]);
  useEffect(() => {
    if (policy) {
      announce(`Policy ${policy.policy_id ?? "reserved"} is ${policy.status.replaceAll("_", " ")}.`);
    }
  }, [policy?.status]);

  if (!policy) {
    return problem ? (
      <div class="card pad">
        <Refusal problem={problem} />
      </div>
    ) : (
      <SkeletonCard label="Policy" lines={7} />
    );
  }
  if (price === null || !at || !settings) {
    return <SkeletonCard label="Policy" lines={7} />;
  }
  const pays = payout(policy, price);
  const events = histories.value.get(policy.quote_id) ?? [];
  const share = ratioBps(policy.premium_sats, policy.amount_sats);
  return (
    <article class="card policy-detail" aria-label={`Policy ${policy.policy_id ?? policy.quote_id}`}>
      <div class="detail-top">
        <a class="link back" href="#/policies">
          All policies
        </a>
        <StatusTag status={policy.status} />
        {pays > 0 && policy.status === "active" && <span class="tag warn">in the money</span>}
        <span class="mono ink-2">policy {policy.policy_id ?? "–"}</span>
        <Copy id={policy.quote_id} label="quote id" />
        <span class="end">
          {title(policy.tier)} · premium <Sats value={policy.premium_sats} unit="sBTC" /> ·{" "}
          {percent(share, 2)}
        </span>
      </div>
      <Sentence policy={policy} pays={pays} />
      {policy.status_reason && <p class="banner">{policy.status_reason}</p>}
      <LifeSteps label="Life of the policy" steps={policySteps(policy, events, at, settings)} />
      <LifeChart
        policy={policy}
        candles={candles}
        spot={price}
        payout={policy.status === "active" ? pays : 0}
        from={Date.parse(policy.created_at)}
        to={timeOf(policy.expiry_height, at)}
        nowMs={now.value}
      />
      <div class="detail-bottom">
        <HistoryList events={events} />
        <Panel policy={policy} pays={pays} price={price} />
      </div>
    </article>
  );
}
