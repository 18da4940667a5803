/** What the pool may owe, by strike and expiry, and the policies behind each cell. */

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { getAll } from "../api/client";
import type { Kind, Liabilities, Policy } from "../api/schema";
import { HeatMap, type Measure } from "../charts/heat";
import type { Band } from "../charts/heat-bands";
import { payout } from "../domain/payout";
import { blocksTo } from "../domain/schedule";
import { LIVE_STATES } from "../domain/solvency";
import { btcPlain, count, plainUsd } from "../format";
import { Sats } from "../parts/amount";
import { Refusal } from "../parts/refusal";
import { Segment } from "../parts/segment";
import { Skeleton } from "../parts/skeleton";
import { StatusTag } from "../parts/tag";
import { spot, tip } from "../store/oracle";
import { liabilities, liabilitiesKind } from "../store/pool";

interface Opened {
  band: Band;
  week: Liabilities["weeks"][number];
}

const measure = signal<Measure>("max_payout_sats");

function useCell(opened: Opened | null, kind: Kind): Policy[] | null {
  const [found, setFound] = useState<Policy[] | null>(null);
  useEffect(() => {
    setFound(null);
    if (opened === null) {
      return undefined;
    }
    const stop = new AbortController();
    const { band, week } = opened;
    const query = { kind, status: LIVE_STATES, expiry_from: week.from_height, expiry_to: week.to_height };
    void getAll<Policy>("/v1/policies", query, stop.signal)
      .then((policies) =>
        setFound(
          policies.filter(
            ({ strike_usd_e8 }) =>
              strike_usd_e8 >= band.from &&
              (band.to === null ? strike_usd_e8 === band.from : strike_usd_e8 < band.to),
          ),
        ),
      )
      .catch(() => setFound([]));
    return () => stop.abort();
  }, [opened, kind]);
  return found;
}

function CellPolicies({ opened, kind, onClose }: { opened: Opened; kind: Kind; onClose: () => void }) {
  const policies = useCell(opened, kind);
  const price = spot.value;
  return (
    <section class="cell-policies" aria-label="Policies of the cell">
      <div class="card-head">
        <h3>
          Strike {opened.band.label}: {policies === null ? "…" : count(policies.length, "policy", "policies")}
        </h3>
        <button class="link" type="button" onClick={onClose}>
          Close
        </button>
      </div>
      {policies === null ? (
        <Skeleton height={60} />
      ) : (
        <ul class="rows">
          {policies.map((policy) => (
            <li key={policy.quote_id}>
              <span>
                <a class="link" href={`#/policies/${policy.quote_id}`}>
                  #{policy.policy_id}
                </a>{" "}
                {btcPlain(policy.amount_sats)} BTC · {plainUsd(policy.strike_usd_e8)}{" "}
                {policy.status !== "active" && <StatusTag status={policy.status} />}
              </span>
              <span class="ink-3">
                at most <Sats value={policy.max_payout_sats} />
                {price !== null && (
                  <>
                    {" "}
                    · now <Sats value={policy.settlement?.payout_sats ?? payout(policy, price)} />
                  </>
                )}
                {tip.value && ` · ${count(blocksTo(policy.expiry_height, tip.value), "block")}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function LiabilitiesCard() {
  const { data, problem } = liabilities.state.value;
  const kind = liabilitiesKind.value;
  const [opened, setOpened] = useState<Opened | null>(null);
  return (
    <section class="card pad" aria-label="Liabilities">
      <div class="card-head">
        <h2>Liabilities by strike and expiry</h2>
        <div class="heat-tools">
          <Segment
            class="short"
            label="Kind"
            options={[
              { value: "put", label: "Puts" },
              { value: "call", label: "Calls" },
            ]}
            value={kind}
            onChange={(next) => {
              setOpened(null);
              liabilitiesKind.value = next;
              void liabilities.load();
            }}
          />
          <Segment
            class="short"
            label="Measure, sBTC"
            options={[
              { value: "max_payout_sats", label: "Max payout" },
              { value: "owed_now_sats", label: "Owed now" },
            ]}
            value={measure.value}
            onChange={(next) => {
              measure.value = next;
            }}
          />
        </div>
      </div>
      {problem ? (
        <Refusal problem={problem} />
      ) : data === null ? (
        <Skeleton height={240} />
      ) : data.cells.length === 0 ? (
        <p class="ink-3">No live {kind}: nothing is owed.</p>
      ) : (
        <div class="table-scroll">
          <HeatMap data={data} measure={measure.value} onOpen={(band, week) => setOpened({ band, week })} />
        </div>
      )}
      {opened && <CellPolicies opened={opened} kind={kind} onClose={() => setOpened(null)} />}
    </section>
  );
}
