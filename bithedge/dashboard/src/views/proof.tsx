/** The solvency proof: the pool's equations in numbers, and how to check them without us. */

import { useState } from "preact/hooks";
import { getAll } from "../api/client";
import { type Problem, problemOf } from "../api/problems";
import type { Policy, Proof } from "../api/schema";
import { LIVE_STATES, type Sums, sumsOf } from "../domain/solvency";
import { count, dayTime, height, shortId } from "../format";
import { Sats } from "../parts/amount";
import { Copy } from "../parts/hash";
import { Refusal } from "../parts/refusal";
import { Skeleton } from "../parts/skeleton";
import { route } from "../router";
import { spot } from "../store/oracle";
import { pool, proof } from "../store/pool";

function Reads({ data }: { data: Proof }) {
  return (
    <>
      <p class="note">Ask any node for these read-only calls; the results are what it must answer.</p>
      <ul class="rows">
        {data.reads.map((read) => (
          <li key={`${read.contract_id}.${read.function}.${read.arguments.join()}`}>
            <span class="mono">
              {read.contract_id.split(".")[1]}.{read.function}
            </span>
            <Copy
              id={`/v2/contracts/call-read/${read.contract_id.replace(".", "/")}/${read.function} ${JSON.stringify({ arguments: read.arguments })}`}
              label="call"
              head={10}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

interface Counted extends Sums {
  /** What the pool said was locked when the policies were read. */
  lockedSats: number;
}

function Result({ sums }: { sums: Counted }) {
  const holds = sums.lockedSats === sums.maxPayoutSats;
  const covered = sums.owedNowSats <= sums.lockedSats;
  return (
    <ul class="proofs" role="status">
      <li>
        <span class={`tick-mark ${holds ? "" : "bad"}`} aria-hidden="true">
          {holds ? "✓" : "×"}
        </span>
        <span>
          <b>locked {holds ? "=" : "≠"} sum of max payouts</b>
          <br />
          <span class="ink-3">
            <Sats value={sums.lockedSats} /> {holds ? "=" : "≠"} <Sats value={sums.maxPayoutSats} /> over{" "}
            {count(sums.policies, "live policy", "live policies")}
          </span>
        </span>
      </li>
      <li>
        <span class={`tick-mark ${covered ? "" : "bad"}`} aria-hidden="true">
          {covered ? "✓" : "×"}
        </span>
        <span>
          <b>owed now {covered ? "is at most" : "is more than"} what is locked</b>
          <br />
          <span class="ink-3">
            <Sats value={sums.owedNowSats} /> of <Sats value={sums.lockedSats} />
          </span>
        </span>
      </li>
    </ul>
  );
}

/** Read every live policy and add up in this browser: no figure of the daemon's own sums is used. */
function OwnSums() {
  const [sums, setSums] = useState<Counted | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const price = spot.value;

  async function add(): Promise<void> {
    try {
      const policies = await getAll<Policy>("/v1/policies", { status: LIVE_STATES });
      setSums({ ...sumsOf(policies, price ?? 1), lockedSats: pool.peek()?.locked_sats ?? 0 });
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    }
  }

  return (
    <>
      <button class="button" type="button" disabled={price === null} onClick={() => void add()}>
        Add up all policies here
      </button>
      {problem && <Refusal problem={problem} />}
      {sums && <Result sums={sums} />}
    </>
  );
}

function Equations({ data }: { data: Proof }) {
  return (
    <>
      <p class="ink-2">
        Read from the chain at block {height(data.burn_height)}, compared to the sat with our own books.
        Checked every block; the last break:{" "}
        {data.last_break_at === null ? "never" : dayTime(data.last_break_at)}.
      </p>
      <ul class="proofs">
        {data.equations.map((equation) => (
          <li key={equation.name}>
            <span class={`tick-mark ${equation.holds ? "" : "bad"}`} aria-hidden="true">
              {equation.holds ? "✓" : "×"}
            </span>
            <span>
              <b>{equation.name}</b>
              <br />
              <span class="ink-3">
                <Sats value={equation.left_sats} /> {equation.holds ? "=" : "≠"}{" "}
                <Sats value={equation.right_sats} />
              </span>
            </span>
          </li>
        ))}
      </ul>
      <p class="mono ink-3">block {shortId(data.block_hash, 10)}</p>
    </>
  );
}

export function ProofCard() {
  const { data, problem } = proof.state.value;
  const holds = data?.equations.every((equation) => equation.holds) ?? false;
  return (
    <section class="card pad" aria-label="Solvency proof">
      <div class="card-head">
        <h2>Solvency proof</h2>
        {data && <span class={`tag ${holds ? "good" : "bad"}`}>{holds ? "✓ holds" : "◆ broken"}</span>}
      </div>
      {problem && <Refusal problem={problem} />}
      {data ? <Equations data={data} /> : !problem && <Skeleton height={260} />}
      <details open={route.value.parts[1] === "proof"}>
        <summary class="button">Check it yourself</summary>
        <div class="own-check">
          <OwnSums />
          {data && <Reads data={data} />}
        </div>
      </details>
    </section>
  );
}
