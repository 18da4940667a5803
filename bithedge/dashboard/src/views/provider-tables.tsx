/** A provider's money by tier, what it backs, and each change with its cause. */

import { useState } from "preact/hooks";
import type { Backing, LedgerLine, Provider } from "../api/schema";
import { Strip, stripScale } from "../charts/strip";
import { movements } from "../domain/ledger";
import { blocksTo, daysOf } from "../domain/schedule";
import { count, dayTime, height, percent, title } from "../format";
import { Sats } from "../parts/amount";
import { saveCsv } from "../parts/csv";
import { TxLink } from "../parts/hash";
import { spot, tip } from "../store/oracle";

const FIRST_ROWS = 8;

function More({ left, onMore }: { left: number; onMore: () => void }) {
  return (
    <button class="link" type="button" onClick={onMore}>
      Show {left} more
    </button>
  );
}

const BUCKETS = [
  ["locked_sats", "Locked behind policies", "fill-4"],
  ["pending_sats", "Pending, a voucher is out", "fill-spot"],
  ["earned_sats", "Earned", "fill-3"],
  ["free_sats", "Free", "fill-2"],
] as const;

export function Money({ portfolio }: { portfolio: Provider }) {
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

export function BackingTable({ items }: { items: readonly Backing[] }) {
  const [whole, setWhole] = useState(false);
  const price = spot.value;
  const at = tip.value;
  if (items.length === 0 || price === null) {
    return null;
  }
  const scale = stripScale(items, price);
  const largest = [...items].sort((a, b) => b.share_sats - a.share_sats);
  const shown = largest.slice(0, whole ? largest.length : FIRST_ROWS);
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
            {shown.map((item) => (
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
      {!whole && largest.length > FIRST_ROWS && (
        <More left={largest.length - FIRST_ROWS} onMore={() => setWhole(true)} />
      )}
    </section>
  );
}

function cause(line: LedgerLine): string {
  const words = title(line.cause.replaceAll("_", " "));
  return line.policy_id === null ? words : `${words}, #${line.policy_id}`;
}

export function Ledger({ items, address }: { items: readonly LedgerLine[]; address: string }) {
  const [whole, setWhole] = useState(false);
  const lines = movements(items);
  const shown = lines.slice(0, whole ? lines.length : FIRST_ROWS);
  return (
    <section class="card pad" id="ledger">
      <div class="card-head">
        <h2>Ledger</h2>
        <button
          class="link"
          type="button"
          onClick={() => void saveCsv(`/v1/providers/${address}/ledger`, "ledger.csv")}
        >
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
            {shown.map((line) => (
              <tr
                key={`${line.seq}.${line.tier}.${line.bucket}.${line.to ?? ""}`}
                class={line.undone ? "undone" : ""}
              >
                <td class="ink-2 nowrap">{dayTime(line.at)}</td>
                <td class="strong">{cause(line)}</td>
                <td class="ink-2">
                  {line.tier} · {line.bucket}
                  {line.to && ` → ${line.to}`}
                </td>
                <td class={`right ${line.change_sats < 0 ? "clay" : ""}`}>
                  <Sats value={line.change_sats} sign={line.to === null} />
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
      {!whole && lines.length > FIRST_ROWS && (
        <More left={lines.length - FIRST_ROWS} onMore={() => setWhole(true)} />
      )}
      {items.length === 0 && <p class="ink-3">Nothing yet.</p>}
    </section>
  );
}
