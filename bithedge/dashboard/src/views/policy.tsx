/** One policy: sentence, life line, price against its band, history, exercise. */

import { useEffect, useState } from "preact/hooks";
import { type Problem, problemOf } from "../api/problems";
import type { Candle, HistoryEvent, Policy } from "../api/schema";
import { LifeChart } from "../charts/life-chart";
import { bound } from "../domain/floor";
import { type Crossing, policySteps, timeLeft } from "../domain/life";
import { payout } from "../domain/payout";
import { stepBack } from "../domain/reorg";
import { type Clock, heightOf, timeOf } from "../domain/schedule";
import {
  btcPlain,
  btcShort,
  clockTime,
  dayShort,
  dayTime,
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
import { ReorgNote } from "../parts/reorg-note";
import { SkeletonCard } from "../parts/skeleton";
import { StatusTag } from "../parts/tag";
import { useChannel } from "../parts/use-channel";
import { config } from "../store/config";
import { now } from "../store/freshness";
import { loadCandles, spot, tip } from "../store/oracle";
import { histories, loadPolicy, policyFold, policyNamed } from "../store/policies";
import { EVENT_TITLES } from "../stream/names";
import { PolicyPanel } from "./policy-panels";

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

/** Since when it pays without a break, by the candles: about, since a candle has no finer time. */
function lastCrossing(policy: Policy, candles: readonly Candle[], clock: Clock): Crossing {
  const out = candles.findLastIndex((candle) => payout(policy, candle.close_usd_e8) === 0);
  const first = candles[out + 1];
  const sold = policy.start_height ?? clock.burn_height;
  const since = first ? Date.parse(first.at) : Date.parse(clock.at);
  const height = Math.min(clock.burn_height, Math.max(sold, heightOf(since, clock)));
  return { height, words: `since ${dayShort(since)}, about ${clockTime(since)}` };
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
  const back = stepBack(policy, events);
  const crossing = pays > 0 ? lastCrossing(policy, candles, at) : null;
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
      {back && <ReorgNote back={back} />}
      <LifeSteps
        label="Life of the policy"
        steps={policySteps(policy, events, at, settings, crossing)}
        now={timeLeft(policy, at)}
      />
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
        <PolicyPanel policy={policy} pays={pays} price={price} />
      </div>
    </article>
  );
}
