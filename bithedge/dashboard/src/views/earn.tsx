/** Earn: three tiers, your money, what it backs, and how to put in and take out. */

import { useEffect, useRef } from "preact/hooks";
import type { Provider } from "../api/schema";
import { btcPlain, btcShort, count, percent, ratioBps } from "../format";
import { Refusal } from "../parts/refusal";
import { SkeletonCard } from "../parts/skeleton";
import { TierCard } from "../parts/tier-card";
import { route } from "../router";
import { account } from "../store/account";
import { config } from "../store/config";
import { tiers } from "../store/pool";
import { backing, EMPTY_PROVIDER, heard, ledger, loadDetails, provider } from "../store/provider";
import { DepositPanel } from "./deposit";
import { BackingTable, Ledger, Money } from "./provider-tables";
import { WithdrawPanel } from "./withdraw";

function behind(portfolio: Pick<Provider, "tiers">): number {
  return portfolio.tiers.reduce((sum, tier) => sum + tier.locked_sats, 0);
}

function Sentence({ portfolio }: { portfolio: Pick<Provider, "tiers" | "total_sats"> }) {
  if (portfolio.total_sats === 0) {
    return (
      <h1 class="sentence small">
        Put sBTC behind policies and earn their premiums. It can be locked while they run; it can lose.
      </h1>
    );
  }
  const earned = portfolio.tiers.reduce((sum, tier) => sum + tier.earned_sats, 0);
  const policies = portfolio.tiers.reduce((sum, tier) => sum + tier.active_policies, 0);
  const share = ratioBps(behind(portfolio), portfolio.total_sats);
  return (
    <h1 class="sentence small">
      You have <b class="hedge">{btcShort(portfolio.total_sats)} sBTC</b> in the pool,{" "}
      <b class="hedge">{btcShort(earned)}</b> of it earned and not yet withdrawn. {percent(share, 0)} of it
      stands behind {count(policies, "policy", "policies")}.
    </h1>
  );
}

function Side({ portfolio, address }: { portfolio: Provider; address: string | undefined }) {
  const [, tier, action] = route.value.parts;
  if (tier !== undefined && action === "deposit") {
    return <DepositPanel key={tier} tier={tier} />;
  }
  const held = portfolio.tiers.find((item) =>
    tier === undefined ? item.withdrawable_sats + item.pending_sats > 0 : item.tier === tier,
  );
  if (address !== undefined && held) {
    return <WithdrawPanel key={held.tier} tier={held} address={address} />;
  }
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>How it works</h2>
      </div>
      <p class="ink-2">
        A tier says which policies your money may stand behind. For each one it backs, you earn your share of
        the premium as time passes, and you bear your share of a payout. What is free can be taken out at any
        time, as long as the tier stays healthy for the others.
      </p>
    </section>
  );
}

/** Bring the panel that the address asks for into sight where all stands in one column. */
function useAskedPanel(ready: boolean) {
  const panel = useRef<HTMLDivElement>(null);
  const asked = route.value.parts.slice(1).join(" ");
  useEffect(() => {
    if (asked && ready && !matchMedia("(min-width: 1100px)").matches) {
      panel.current?.scrollIntoView();
    }
  }, [asked, ready]);
  return [panel, asked !== ""] as const;
}

function NoMoney({ signedIn }: { signedIn: boolean }) {
  return (
    <section class="card empty">
      <h2 class="sentence small">
        {signedIn ? "You have no money in the pool yet." : "Your money would stand here."}
      </h2>
      <p class="ink-2">
        Locked, pending, earned and free, tier by tier; what it backs; and each change with its cause. A
        deposit starts at {btcPlain(config.value?.limits.min_deposit_sats ?? 0)} sBTC.
      </p>
    </section>
  );
}

export function Earn() {
  const address = account.value?.address;
  const state = provider.state.value;
  const list = tiers.value;
  const ready = list !== null && (address === undefined || heard.value);

  const [panel, isActing] = useAskedPanel(ready);
  useEffect(loadDetails, [address]);

  if (!ready) {
    return <SkeletonCard label="Tiers" lines={6} />;
  }
  const portfolio: Provider = state.data ?? { ...EMPTY_PROVIDER, address: address ?? "" };
  const hasMoney = portfolio.tiers.length > 0 && address !== undefined;
  return (
    <div class="page">
      <Sentence portfolio={portfolio} />
      {state.problem && <Refusal problem={state.problem} />}
      <div class="tiers">
        {list.map((tier) => (
          <TierCard
            key={tier.tier}
            tier={tier}
            mine={portfolio.tiers.find((item) => item.tier === tier.tier)}
          />
        ))}
      </div>
      <div class="earn-grid">
        <div class="column">
          {hasMoney && <Money portfolio={portfolio} />}
          {hasMoney && <BackingTable items={backing.state.value.data?.items ?? []} />}
          {hasMoney && <Ledger items={ledger.state.value.data?.items ?? []} address={portfolio.address} />}
          {!hasMoney && <NoMoney signedIn={address !== undefined} />}
        </div>
        <div class={`column ${isActing ? "acting" : ""}`} ref={panel}>
          <Side portfolio={portfolio} address={address} />
        </div>
      </div>
    </div>
  );
}
