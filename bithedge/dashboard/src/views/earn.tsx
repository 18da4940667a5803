/** Earn: three tiers, your money, what it backs, and how to put in and take out. */

import { useEffect } from "preact/hooks";
import { getText } from "../api/client";
import type { Backing, LedgerLine, Provider } from "../api/schema";
import { Strip, stripScale } from "../charts/strip";
import { blocksTo, daysOf } from "../domain/schedule";
import { btcPlain, btcShort, count, dayTime, height, percent, ratioBps, title } from "../format";
import { Sats } from "../parts/amount";
import { TxLink } from "../parts/hash";
import { Refusal } from "../parts/refusal";
import { SkeletonCard } from "../parts/skeleton";
import { TierCard } from "../parts/tier-card";
import { useChannel } from "../parts/use-channel";
import { route } from "../router";
import { account } from "../store/account";
import { config } from "../store/config";
import { spot, tip } from "../store/oracle";
import { tiers } from "../store/pool";
import {
  backing,
  clearProvider,
  EMPTY_PROVIDER,
  isUnknownProvider,
  ledger,
  provider,
  providerFold,
} from "../store/provider";
import { DepositPanel } from "./deposit";
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

const BUCKETS = [
  ["locked_sats", "Locked behind policies", "fill-4"],
  ["pending_sats", "Pending, a voucher is out", "fill-spot"],
  ["earned_sats", "Earned", "fill-3"],
  ["free_sats", "Free", "fill-2"],
] as const;

function Money({ portfolio }: { portfolio: Provider }) {
  const held = portfolio.tiers.filter(
    (tier) => tier.deposited_sats > 0 || tier.free_sats + tier.locked_sats > 0,
  );
  const at = tip.value;
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>Your money by tier</h2>
        <span class="note">sBTC{at && ` · at block ${height(at.burn_height)}`}</span>
      </div>
      <div class="table-scroll">
        <table class="dense">
          <thead>
            <tr>
              {["Tier", "Locked", "Pending", "Earned", "Free", "Unearned", "Losses"].map((head, index) => (
                <th key={head} scope="col" class={index > 0 ? "right" : ""}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {held.map((tier) => [
              <tr key={tier.tier}>
                <td class="strong">{title(tier.tier)}</td>
                {[
                  tier.locked_sats,
                  tier.pending_sats,
                  tier.earned_sats,
                  tier.free_sats,
                  tier.unearned_sats,
                ].map((sats, index) => (
                  <td key={BUCKETS[index]?.[0] ?? "unearned"} class="right">
                    {sats === 0 ? "0" : <Sats value={sats} />}
                  </td>
                ))}
                <td class={`right ${tier.losses_sats > 0 ? "clay" : ""}`}>
                  {tier.losses_sats === 0 ? "0" : <Sats value={-tier.losses_sats} />}
                </td>
              </tr>,
              <tr key={`${tier.tier}-bar`}>
                <td class="bar-cell" colSpan={7}>
                  <div class="meter" aria-hidden="true">
                    {BUCKETS.filter(([key]) => tier[key] > 0).map(([key, , fill]) => (
                      <i key={key} class={fill} style={{ flexGrow: tier[key], flexBasis: 0 }} />
                    ))}
                  </div>
                </td>
              </tr>,
            ])}
          </tbody>
        </table>
      </div>
      <p class="legend" aria-hidden="true">
        {BUCKETS.map(([key, words, fill]) => (
          <span key={key}>
            <i class={fill} />
            {words}
          </span>
        ))}
      </p>
    </section>
  );
}

function BackingTable({ items }: { items: readonly Backing[] }) {
  const price = spot.value;
  const at = tip.value;
  if (items.length === 0 || price === null) {
    return null;
  }
  const scale = stripScale(items, price);
  const largest = [...items].sort((a, b) => b.share_sats - a.share_sats);
  return (
    <section class="card pad">
      <div class="card-head">
        <h2>What your money backs</h2>
        <span class="note">{count(items.length, "policy", "policies")} · largest first</span>
      </div>
      <div class="table-scroll">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col">Floor to strike, spot ▲</th>
              <th scope="col" class="right">
                Your share
              </th>
              <th scope="col" class="right">
                Most you can lose
              </th>
              <th scope="col" class="right">
                Owed today
              </th>
              <th scope="col" class="right">
                Your premium
              </th>
              <th scope="col" class="right">
                Ends in
              </th>
            </tr>
          </thead>
          <tbody>
            {largest.map((item) => (
              <tr key={item.quote_id}>
                <td>
                  <b>{item.policy_id === null ? "–" : `#${item.policy_id}`}</b>
                  <br />
                  <span class="note">{item.tier}</span>
                </td>
                <td class="strip-cell">
                  <Strip policy={item} spot={price} scale={scale} />
                </td>
                <td class="right">{percent(item.share_bps)}</td>
                <td class="right">
                  <Sats value={item.share_sats} />
                </td>
                <td class={`right ${item.owed_now_sats > 0 ? "clay" : ""}`}>
                  {item.owed_now_sats > 0 ? <Sats value={-item.owed_now_sats} /> : "0"}
                </td>
                <td class="right">
                  <Sats value={item.premium_sats} />
                </td>
                <td class="right">{at ? `${daysOf(blocksTo(item.expiry_height, at))} d` : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

async function saveLedger(address: string): Promise<void> {
  const text = await getText(`/v1/providers/${address}/ledger`, "text/csv");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "ledger.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

function cause(line: LedgerLine): string {
  const words = title(line.cause.replaceAll("_", " "));
  return line.policy_id === null ? words : `${words}, #${line.policy_id}`;
}

function Ledger({ items, address }: { items: readonly LedgerLine[]; address: string }) {
  return (
    <section class="card pad" id="ledger">
      <div class="card-head">
        <h2>Ledger</h2>
        <button class="link" type="button" onClick={() => void saveLedger(address)}>
          CSV
        </button>
      </div>
      <div class="table-scroll">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Cause</th>
              <th scope="col">Tier and bucket</th>
              <th scope="col" class="right">
                Change, sBTC
              </th>
              <th scope="col" class="right">
                Balance after
              </th>
              <th scope="col" class="right">
                Transaction
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((line) => (
              <tr key={`${line.seq}.${line.tier}.${line.bucket}`} class={line.undone ? "undone" : ""}>
                <td class="ink-2 nowrap">{dayTime(line.at)}</td>
                <td class="strong">{cause(line)}</td>
                <td class="ink-2">
                  {line.tier} · {line.bucket}
                </td>
                <td class={`right ${line.change_sats < 0 ? "clay" : ""}`}>
                  <Sats value={line.change_sats} sign />
                </td>
                <td class="right">
                  <Sats value={line.balance_sats} />
                </td>
                <td class="right">{line.txid ? <TxLink txid={line.txid} /> : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {items.length === 0 && <p class="ink-3">Nothing yet.</p>}
    </section>
  );
}

function Side({ portfolio, address }: { portfolio: Provider; address: string | undefined }) {
  const [, tier, action] = route.value.parts;
  if (tier !== undefined && action === "deposit") {
    return <DepositPanel key={tier} tier={tier} />;
  }
  const held = portfolio.tiers.find((item) =>
    tier === undefined ? item.withdrawable_sats > 0 : item.tier === tier,
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

export function Earn() {
  const address = account.value?.address;
  const state = provider.state.value;
  const list = tiers.value;

  // another address is another portfolio.
  useEffect(() => {
    clearProvider();
    if (address !== undefined) {
      void provider.load();
    }
  }, [address]);
  useChannel(address === undefined ? null : `provider:${address}`, providerFold);

  if (!list) {
    return <SkeletonCard label="Tiers" lines={6} />;
  }
  const unknown = isUnknownProvider(state.problem?.code);
  const portfolio: Provider = state.data ?? { ...EMPTY_PROVIDER, address: address ?? "" };
  const hasMoney = portfolio.tiers.length > 0 && address !== undefined;
  return (
    <div class="page">
      <Sentence portfolio={portfolio} />
      {state.problem && !unknown && <Refusal problem={state.problem} />}
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
          {!hasMoney && (
            <section class="card empty">
              <h2 class="sentence small">
                {address === undefined
                  ? "Your money would stand here."
                  : "You have no money in the pool yet."}
              </h2>
              <p class="ink-2">
                Locked, pending, earned and free, tier by tier; what it backs; and each change with its cause.
                A deposit starts at {btcPlain(config.value?.limits.min_deposit_sats ?? 0)} sBTC.
              </p>
            </section>
          )}
        </div>
        <div class="column">
          <Side portfolio={portfolio} address={address} />
        </div>
      </div>
    </div>
  );
}
