/** My policies: the list, what all of them pay together, and one beside them. */

import { useEffect } from "preact/hooks";
import { getText } from "../api/client";
import type { Policy } from "../api/schema";
import { Strip, stripScale } from "../charts/strip";
import { moved, payout, worth } from "../domain/payout";
import { BLOCKS_PER_DAY, blocksTo } from "../domain/schedule";
import { btcPlain, btcShort, count, dayShort, height, percent, plainUsd, usd } from "../format";
import { accountMenu } from "../frame";
import { Short } from "../parts/amount";
import { Refusal } from "../parts/refusal";
import { Segment } from "../parts/segment";
import { SkeletonCard } from "../parts/skeleton";
import { StatusTag } from "../parts/tag";
import { useChannel } from "../parts/use-channel";
import { navigate, route } from "../router";
import { account } from "../store/account";
import { spot, tip } from "../store/oracle";
import { listed, loadPolicy, ownerFold, policiesOf } from "../store/policies";
import { forgetPurchase, purchasesOf } from "../store/purchases";
import { PolicyDetail } from "./policy";

const ENDED = new Set(["settled", "expired", "lapsed"]);

type Filter = "active" | "ended" | "all";

export function isEnded(policy: Policy): boolean {
  return ENDED.has(policy.status);
}

export function policyName(policy: Policy): string {
  return policy.policy_id === null ? `${policy.quote_id.slice(0, 8)}…` : `#${policy.policy_id}`;
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
          {when} {dayShort(policy.settlement.at)}
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
        <Short value={Math.max(policy.value_now_sats, now)} />
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

function Together({ policies, price }: { policies: readonly Policy[]; price: number }) {
  const live = policies.filter((policy) => policy.status === "active");
  if (live.length === 0) {
    return null;
  }
  const most = live.reduce((sum, policy) => sum + policy.max_payout_sats, 0);
  const shades = ["fill-hedge", "fill-4", "fill-3", "fill-2"];
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>
          {live.length === 1 ? "If Bitcoin goes to" : `All ${live.length} together, if Bitcoin goes to`}
        </h2>
        <span class="note">sBTC</span>
      </div>
      <div class="together">
        {[0, -1_000, -3_000, -5_000].map((change) => {
          const at = moved(price, change);
          const pays = live.map((policy) => payout(policy, at));
          const sum = pays.reduce((total, sats) => total + sats, 0);
          return [
            <b key={`c${change}`}>{change === 0 ? "today" : percent(change, 0)}</b>,
            <span key={`p${change}`} class="ink-3">
              {usd(at, 0)}
            </span>,
            <span key={`b${change}`} class="meter" aria-hidden="true">
              {pays.map((sats, index) =>
                sats > 0 ? (
                  <i
                    key={live[index]?.quote_id}
                    class={shades[Math.min(index, shades.length - 1)]}
                    style={{ width: `${(sats / most) * 100}%` }}
                  />
                ) : null,
              )}
            </span>,
            <span key={`s${change}`} class="right">
              <b>{sum > 0 ? btcShort(sum) : "0"}</b> <span class="ink-3">{usd(worth(sum, at), 0)}</span>
            </span>,
          ];
        })}
      </div>
    </section>
  );
}

function WithoutUs() {
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>Exercise without us</h2>
      </div>
      <p class="ink-2">
        The contract pays you on signed prices alone. You can ask on chain with{" "}
        <code class="mono">request-exercise</code> and settle with the next block's public price, also if this
        daemon were gone.{" "}
        <a class="link sky" href="#/help">
          How that works
        </a>
      </p>
    </section>
  );
}

function Empty({ signedIn }: { signedIn: boolean }) {
  const example = { kind: "put", strike_usd_e8: 60, floor_usd_e8: 40, ceiling_usd_e8: null } as const;
  return (
    <div class="empty card">
      <div class="strip-example">
        <Strip policy={example} spot={66} scale={{ lo: 30, hi: 80 }} />
      </div>
      <h1 class="sentence small">{signedIn ? "No policy yet." : "Your policies stand here."}</h1>
      <p class="ink-2">
        A policy is a strip like this one: paid below the green line, down to the red one. The triangle is
        today's price.
      </p>
      {signedIn ? (
        <a class="button primary" href="#/protect">
          Protect some Bitcoin
        </a>
      ) : (
        <button
          class="button primary"
          type="button"
          onClick={(event) => {
            event.stopPropagation();
            accountMenu.value = true;
          }}
        >
          Connect wallet
        </button>
      )}
    </div>
  );
}

async function saveCsv(owner: string): Promise<void> {
  const text = await getText("/v1/policies", "text/csv", { owner });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "policies.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Purchases begun here that no list shows yet: they are known by their quote id only. */
function useBegun(owner: string | undefined): void {
  useEffect(() => {
    for (const id of owner === undefined ? [] : purchasesOf(owner)) {
      void loadPolicy(id)
        .then((policy) => {
          if (policy.status !== "pending_signature" && owner !== undefined) {
            forgetPurchase(owner, id);
          }
        })
        .catch(() => undefined);
    }
  }, [owner]);
}

function List({
  policies,
  price,
  opened,
}: {
  policies: readonly Policy[];
  price: number;
  opened: string | undefined;
}) {
  const filter = (route.value.query.get("status") ?? "active") as Filter;
  const shown = policies
    .filter((policy) => matches(policy, filter))
    .sort((a, b) => Number(isEnded(a)) - Number(isEnded(b)) || a.expiry_height - b.expiry_height);
  const scale = stripScale(policies, price);
  const totals = { active: 0, ended: 0, all: policies.length };
  for (const policy of policies) {
    totals[isEnded(policy) ? "ended" : "active"] += 1;
  }
  return (
    <>
      <Segment
        class="short"
        label="Which policies"
        options={[
          { value: "active", label: `Active ${totals.active}` },
          { value: "ended", label: `Ended ${totals.ended}` },
          { value: "all", label: `All ${totals.all}` },
        ]}
        value={filter}
        onChange={(next) => navigate(`policies${opened ? `/${opened}` : ""}?status=${next}`)}
      />
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
            open={policy.quote_id === opened || String(policy.policy_id) === opened}
          />
        ))}
        {shown.length === 0 && <p class="empty ink-3">None of these.</p>}
      </div>
    </>
  );
}

/** Where list and detail stand side by side, the first policy is open without being asked for. */
function hasRoom(): boolean {
  return matchMedia("(min-width: 1100px)").matches;
}

function Side({ policies, price, opened }: { policies: readonly Policy[]; price: number; opened?: string }) {
  const owner = account.value?.address;
  const live = policies.filter((policy) => !isEnded(policy));
  const covered = live.reduce((sum, policy) => sum + policy.amount_sats, 0);
  return (
    <div class="policies-side">
      <div class="policies-head">
        <h1 class="sentence small">
          {live.length === 0
            ? "None active"
            : `${height(live.length)} active, covering ${btcPlain(covered)} BTC`}
        </h1>
        <button class="link" type="button" onClick={() => owner && void saveCsv(owner)}>
          CSV
        </button>
      </div>
      <List policies={policies} price={price} opened={opened} />
      <Together policies={policies} price={price} />
      <WithoutUs />
    </div>
  );
}

function NothingListed() {
  const signedIn = account.value !== null;
  const state = listed.value;
  if (state?.problem) {
    return <Refusal problem={state.problem} />;
  }
  if (signedIn && (state === null || state.loading)) {
    return <SkeletonCard label="My policies" />;
  }
  return <Empty signedIn={signedIn} />;
}

export function Policies() {
  const owner = account.value?.address;
  const price = spot.value;
  const named = route.value.parts[1];
  useChannel(owner === undefined ? null : `owner:${owner}`, () => ownerFold(owner ?? ""));
  useBegun(owner);

  const policies = owner === undefined ? [] : policiesOf(owner);
  if (named === undefined && policies.length === 0) {
    return <NothingListed />;
  }
  if (price === null) {
    return <SkeletonCard label="My policies" />;
  }
  const first = policies.find((policy) => !isEnded(policy)) ?? policies[0];
  const opened = named ?? (hasRoom() ? first?.quote_id : undefined);
  const both = opened !== undefined && policies.length > 0;
  return (
    <div class={`policies ${named ? "open" : ""} ${both ? "" : "alone"}`}>
      {policies.length > 0 && (
        <Side policies={policies} price={price} {...(opened === undefined ? {} : { opened })} />
      )}
      {opened !== undefined && <PolicyDetail key={opened} name={opened} />}
    </div>
  );
}
