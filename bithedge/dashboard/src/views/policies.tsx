/** My policies: the list, what all of them pay together, and one beside them. */

import { useEffect } from "preact/hooks";
import type { Policy } from "../api/schema";
import { Strip } from "../charts/strip";
import { moved, payout, worth } from "../domain/payout";
import { btcPlain, btcShort, height, percent, usd } from "../format";
import { accountMenu } from "../frame";
import { saveCsv } from "../parts/csv";
import { Refusal } from "../parts/refusal";
import { SkeletonCard } from "../parts/skeleton";
import { useChannel } from "../parts/use-channel";
import { route } from "../router";
import { account } from "../store/account";
import { spot } from "../store/oracle";
import { listed, loadPolicy, ownerFold, policiesOf } from "../store/policies";
import { forgetPurchase, purchasesOf } from "../store/purchases";
import { OwnWay } from "./own-way";
import { PolicyDetail } from "./policy";
import { inOrder, isEnded, isNamed, PolicyList } from "./policy-list";

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
        <button
          class="link"
          type="button"
          onClick={() => owner && void saveCsv("/v1/policies", "policies.csv", { owner })}
        >
          CSV
        </button>
      </div>
      <PolicyList policies={policies} price={price} opened={opened} />
      <Together policies={policies} price={price} />
      <OwnWay policy={policies.find((policy) => isNamed(policy, opened))} />
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
  const [first] = inOrder(policies, "time", price);
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
