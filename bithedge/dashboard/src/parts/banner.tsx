/** At most two banners, the worst first. */

import type { JSX } from "preact";
import { age, btc, clockTime, exactTime, usd } from "../format";
import { config } from "../store/config";
import { now } from "../store/freshness";
import { oracle } from "../store/oracle";
import { pool } from "../store/pool";
import { connection, stream } from "../stream/connection";

const PAUSED: Record<string, string> = {
  sales: "Selling and deposits are paused. Policies are exercised and settled as always.",
  withdrawals: "Withdrawals are paused. Policies are sold, exercised and settled as always.",
  settlements: "Settlements are paused. What is owed stays locked for its holders.",
};

function Offline() {
  const state = connection.value;
  if (state.kind === "stopped") {
    return (
      <div class="banner bad">
        <b>Stopped.</b>
        <span>The daemon closed the line ({state.code}) and does not want it tried again by itself.</span>
        <button class="link end" type="button" onClick={() => stream.retryNow()}>
          Try again
        </button>
      </div>
    );
  }
  if (state.kind !== "offline") {
    return null;
  }
  const wait = state.retryAt === null ? 0 : Math.max(0, Math.ceil((state.retryAt - now.value) / 1000));
  return (
    <div class="banner">
      <b>
        <span aria-hidden="true">○ </span>Offline.
      </b>
      <span>
        Shown as of {exactTime(state.since)}, {age((now.value - state.since) / 1000)} ago. Trying again in{" "}
        {wait} s; nothing will be lost.
      </span>
      <button class="link end" type="button" onClick={() => stream.retryNow()}>
        Try now
      </button>
    </div>
  );
}

function StalePrice() {
  const price = oracle.value;
  if (!price || (!price.stale && !price.suspended)) {
    return null;
  }
  const seconds = (now.value - Date.parse(price.observed_at)) / 1000;
  return (
    <div class={`banner ${price.suspended ? "bad" : "warn"}`}>
      <b>{price.suspended ? "The price is suspended." : "The price is stale."}</b>
      <span>
        {price.reason ??
          `No reading for ${age(seconds)}, the limit is ${config.value?.oracle.staleness_s ?? 60} s.`}{" "}
        Nothing is sold or settled until it is back. Your policies stand.
      </span>
      <span class="end">
        last {usd(price.spot_usd_e8)} at {exactTime(price.observed_at)}
      </span>
    </div>
  );
}

function Pauses() {
  const state = pool.value;
  if (!state) {
    return null;
  }
  if (state.closed) {
    return (
      <div class="banner bad">
        <b>The pool is closed.</b>
        <span>Policies are settled and released; nothing new is sold.</span>
      </div>
    );
  }
  const [first] = state.pauses;
  return first ? (
    <div class="banner bad">
      <b>{PAUSED[first.what] ?? first.message}</b>
      <span>
        {first.message} Since {clockTime(first.since_at)}.
      </span>
      {state.reconciled ? null : (
        <span class="end">{btc(state.locked_sats)} sBTC stays locked for holders</span>
      )}
    </div>
  ) : null;
}

export function Banners(): JSX.Element {
  const shown = [<Offline key="offline" />, <Pauses key="pauses" />, <StalePrice key="price" />];
  return <div class="banners">{shown}</div>;
}
