/** Beside a policy's history: exercise, settlement, or the purchase that is not paid for yet. */

import type { Policy } from "../api/schema";
import { bound } from "../domain/floor";
import { worth } from "../domain/payout";
import { BLOCKS_PER_DAY, blocksTo } from "../domain/schedule";
import { count, exactTime, height, strike, usd } from "../format";
import { Sats } from "../parts/amount";
import { TxLink } from "../parts/hash";
import { Switch } from "../parts/switch";
import { account } from "../store/account";
import { now, priceFreshness } from "../store/freshness";
import { oracle, tip } from "../store/oracle";
import { openSheet } from "../store/sheet";

function keepOrTake(policy: Policy, pays: number, left: number): string {
  if (pays >= policy.max_payout_sats) {
    return "It can gain no more. Exercise now.";
  }
  if ((policy.value_now_sats ?? 0) > pays) {
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
            {policy.value_now_sats === null ? "–" : <Sats value={policy.value_now_sats} />}
          </dd>
        </div>
        <div>
          <dt>Given up by exercising</dt>
          <dd class="strong clay">
            <Sats value={Math.max(0, (policy.value_now_sats ?? pays) - pays)} />
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

/** What can be done with a policy as it stands, and what came of it. */
export function PolicyPanel({ policy, pays, price }: { policy: Policy; pays: number; price: number }) {
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
