/** One transaction's life. */

import { useEffect, useState } from "preact/hooks";
import { type Problem, problemOf } from "../api/problems";
import { transactionSteps } from "../domain/life";
import { height, stx } from "../format";
import { Copy, TxLink } from "../parts/hash";
import { LifeSteps } from "../parts/life-line";
import { Refusal } from "../parts/refusal";
import { SkeletonCard } from "../parts/skeleton";
import { route } from "../router";
import { config } from "../store/config";
import { tip } from "../store/oracle";
import { loadTransaction, transactions } from "../store/transactions";

const SENTENCES: Record<string, string> = {
  "buy-policy": "A purchase of cover",
  "deposit-funds": "A deposit into the pool",
  "withdraw-funds": "A withdrawal from the pool",
  "settle-policy": "A settlement of a policy",
  "request-exercise": "An exercise asked for on chain",
};

const STATUS: Record<string, string> = {
  pending: "waits in the mempool.",
  confirmed: "is mined.",
  final: "is final.",
  aborted: "was mined and refused: only the network fee was paid.",
  dropped: "was forgotten by the node and sent again.",
  replaced: "was replaced: its nonce went to another.",
};

export function TransactionView() {
  const txid = route.value.parts[1] ?? "";
  const found = transactions.value.get(txid);
  const [problem, setProblem] = useState<Problem | null>(null);
  const block = tip.value?.block_height;
  const settled = found?.status === "final" || found?.status === "aborted";

  // depth grows with each block.
  useEffect(() => {
    if (!settled) {
      loadTransaction(txid).then(
        () => setProblem(null),
        (error: unknown) => setProblem(problemOf(error)),
      );
    }
  }, [txid, block, settled]);

  if (!found || !config.value) {
    return problem ? (
      <div class="card pad prose">
        <Refusal problem={problem} />
      </div>
    ) : (
      <SkeletonCard label="Transaction" />
    );
  }
  return (
    <article class="card policy-detail" aria-label="Transaction">
      <h1 class="sentence small">
        {SENTENCES[found.function] ?? `A call of ${found.function}`} {STATUS[found.status] ?? found.status}
      </h1>
      {found.reason && <p class="banner bad">{found.reason}</p>}
      <LifeSteps label="Life of the transaction" steps={transactionSteps(found, config.value)} />
      <dl class="rows prose">
        <div>
          <dt>Txid</dt>
          <dd>
            <Copy id={found.txid} label="txid" head={14} />
          </dd>
        </div>
        <div>
          <dt>From</dt>
          <dd>
            <Copy id={found.address} label="address" head={14} />
          </dd>
        </div>
        <div>
          <dt>Contract</dt>
          <dd class="mono">{found.contract_id.split(".")[1] ?? found.contract_id}</dd>
        </div>
        <div>
          <dt>Nonce</dt>
          <dd>{found.nonce}</dd>
        </div>
        <div>
          <dt>Network fee</dt>
          <dd>{stx(found.fee_ustx, 6)} STX</dd>
        </div>
        {found.burn_height !== null && (
          <div>
            <dt>Block</dt>
            <dd>{height(found.burn_height)}</dd>
          </div>
        )}
        {found.replaced_by && (
          <div>
            <dt>Replaced by</dt>
            <dd>
              <TxLink txid={found.replaced_by} />
            </dd>
          </div>
        )}
        {found.quote_id && (
          <div>
            <dt>Policy</dt>
            <dd>
              <a class="link sky" href={`#/policies/${found.quote_id}`}>
                {found.policy_id === null ? "its life" : `#${found.policy_id}`}
              </a>
            </dd>
          </div>
        )}
      </dl>
      {found.function.endsWith("-funds") && (
        <a class="link" href="#/earn">
          To Earn
        </a>
      )}
    </article>
  );
}
