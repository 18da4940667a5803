/** The list of one's policies: a strip each on one scale, what each is worth and pays, how long it runs. */

import type { Policy } from "../api/schema";
import { Strip, stripScale } from "../charts/strip";
import { payout } from "../domain/payout";
import { BLOCKS_PER_DAY, blocksTo } from "../domain/schedule";
import { btcPlain, btcShort, count, dayShort, plainUsd } from "../format";
import { Short } from "../parts/amount";
import { Segment } from "../parts/segment";
import { StatusTag } from "../parts/tag";
import { navigate, route } from "../router";
import { tip } from "../store/oracle";

const ENDED = new Set(["settled", "expired", "lapsed"]);

type Filter = "active" | "ended" | "all";
type Order = "time" | "value" | "payout";

const ORDERS: readonly (readonly [Order, string])[] = [
  ["time", "time left"],
  ["value", "value now"],
  ["payout", "pays now"],
];

export function isEnded(policy: Policy): boolean {
  return ENDED.has(policy.status);
}

export function policyName(policy: Policy): string {
  return policy.policy_id === null ? `${policy.quote_id.slice(0, 8)}…` : `#${policy.policy_id}`;
}

/** Return whether an address names this policy, by number or by quote id. */
export function isNamed(policy: Policy, name: string | undefined): boolean {
  return policy.quote_id === name || String(policy.policy_id) === name;
}

function matches(policy: Policy, filter: Filter): boolean {
  return filter === "all" || isEnded(policy) === (filter === "ended");
}

function timeLeft(policy: Policy) {
  const at = tip.value;
  if (isEnded(policy) || policy.status !== "active" || !at) {
    return <StatusTag status={policy.status} />;
  }
  const left = blocksTo(policy.expiry_height, at);
  return (
    <>
      {left >= BLOCKS_PER_DAY ? `${Math.floor(left / BLOCKS_PER_DAY)} d` : `${Math.ceil(left / 6)} h`}
      <span class="sub">{count(left, "block")}</span>
    </>
  );
}

function value(policy: Policy, price: number) {
  if (policy.settlement) {
    const when = policy.status === "settled" ? "paid" : "fixed";
    return (
      <>
        <b>
          <Short value={policy.settlement.payout_sats} />
        </b>
        <span class="sub">
          {when} {policy.settlement.at === null ? "" : dayShort(policy.settlement.at)}
        </span>
      </>
    );
  }
  if (isEnded(policy)) {
    return (
      <>
        <b>0</b>
        <span class="sub">{policy.status === "lapsed" ? "never paid for" : "ended"}</span>
      </>
    );
  }
  const now = payout(policy, price);
  return (
    <>
      <b>
        <Short value={Math.max(policy.value_now_sats ?? 0, now)} />
      </b>
      <span class={`sub ${now > 0 ? "pays" : ""}`}>pays {now > 0 ? btcShort(now) : "0"} now</span>
    </>
  );
}

function Row({
  policy,
  price,
  scale,
  open,
}: {
  policy: Policy;
  price: number;
  scale: ReturnType<typeof stripScale>;
  open: boolean;
}) {
  return (
    <a class="policy-row" href={`#/policies/${policy.quote_id}`} aria-current={open ? "true" : undefined}>
      <span>
        <b>{policyName(policy)}</b>
        <span class="sub">
          {btcPlain(policy.amount_sats)} BTC · {policy.kind === "call" ? "above " : ""}
          {plainUsd(policy.strike_usd_e8)}
        </span>
      </span>
      <Strip policy={policy} spot={price} scale={scale} />
      <span class="right">{value(policy, price)}</span>
      <span class="right">{timeLeft(policy)}</span>
    </a>
  );
}

function arrowKeys(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) {
    return;
  }
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("a.policy-row")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
  event.preventDefault();
}

function address(opened: string | undefined, filter: Filter, order: Order): string {
  return `policies${opened ? `/${opened}` : ""}?status=${filter}&sort=${order}`;
}

/** Return the policies with the live ones first, then by time left, or by the larger value or payout. */
export function inOrder(policies: readonly Policy[], order: Order, price: number): Policy[] {
  const size: Record<Order, (policy: Policy) => number> = {
    time: (policy) => -policy.expiry_height,
    value: (policy) => policy.settlement?.payout_sats ?? policy.value_now_sats ?? 0,
    payout: (policy) => policy.settlement?.payout_sats ?? payout(policy, price),
  };
  return [...policies].sort(
    (a, b) => Number(isEnded(a)) - Number(isEnded(b)) || size[order](b) - size[order](a),
  );
}

/** Show the policies of one filter, in the order that the address names. */
export function PolicyList({
  policies,
  price,
  opened,
}: {
  policies: readonly Policy[];
  price: number;
  opened: string | undefined;
}) {
  const filter = (route.value.query.get("status") ?? "active") as Filter;
  const order = (route.value.query.get("sort") ?? "time") as Order;
  const shown = inOrder(
    policies.filter((policy) => matches(policy, filter)),
    order,
    price,
  );
  const scale = stripScale(policies, price);
  const totals = { active: 0, ended: 0, all: policies.length };
  for (const policy of policies) {
    totals[isEnded(policy) ? "ended" : "active"] += 1;
  }
  return (
    <>
      <div class="list-tools">
        <Segment
          class="short"
          label="Which policies"
          options={[
            { value: "active", label: `Active ${totals.active}` },
            { value: "ended", label: `Ended ${totals.ended}` },
            { value: "all", label: `All ${totals.all}` },
          ]}
          value={filter}
          onChange={(next) => navigate(address(opened, next, order))}
        />
        <label class="sort note">
          Sort by{" "}
          <select
            value={order}
            onChange={(event) => navigate(address(opened, filter, event.currentTarget.value as Order))}
          >
            {ORDERS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys walk the links inside; each is reachable by Tab too. */}
      <div class="card policy-list" onKeyDown={arrowKeys}>
        <div class="policy-row head" aria-hidden="true">
          <span>Policy</span>
          <span>Floor to strike, spot ▲</span>
          <span class="right">Value now, sBTC</span>
          <span class="right">Time left</span>
        </div>
        {shown.map((policy) => (
          <Row
            key={policy.quote_id}
            policy={policy}
            price={price}
            scale={scale}
            open={isNamed(policy, opened)}
          />
        ))}
        {shown.length === 0 && <p class="empty ink-3">None of these.</p>}
      </div>
    </>
  );
}
