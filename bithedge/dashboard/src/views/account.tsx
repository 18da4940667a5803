/** Both roles of one address. */

import { useEffect } from "preact/hooks";
import { get } from "../api/client";
import type { Page, Transaction } from "../api/schema";
import { dayTime, stx } from "../format";
import { accountMenu } from "../frame";
import { Sats } from "../parts/amount";
import { Copy, TxLink } from "../parts/hash";
import { Refusal } from "../parts/refusal";
import { account, balances } from "../store/account";
import { resource } from "../store/resource";

const sent = resource((abort) =>
  get<Page<Transaction>>("/v1/transactions", { address: account.peek()?.address ?? "", limit: 50 }, abort),
);

function Sent() {
  const { data, problem } = sent.state.value;
  if (problem) {
    return <Refusal problem={problem} />;
  }
  return (
    <table class="dense">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">Status</th>
          <th scope="col" class="right">
            Transaction
          </th>
        </tr>
      </thead>
      <tbody>
        {(data?.items ?? []).map((item) => (
          <tr key={item.txid}>
            <td>{dayTime(item.seen_at)}</td>
            <td>{item.function}</td>
            <td>{item.status}</td>
            <td class="right">
              <TxLink txid={item.txid} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Account() {
  const signer = account.value;
  const held = balances.value;
  const address = signer?.address;
  useEffect(() => {
    if (address !== undefined) {
      void sent.load();
    }
  }, [address]);

  if (!signer) {
    return (
      <div class="card empty">
        <h1 class="sentence small">No wallet is connected.</h1>
        <p class="ink-2">Everything can be read and quoted without one; only signing asks for it.</p>
        <button
          class="button primary"
          type="button"
          onClick={() => {
            accountMenu.value = true;
          }}
        >
          Connect wallet
        </button>
      </div>
    );
  }
  return (
    <div class="page">
      <h1 class="sentence small">{signer.name}</h1>
      <section class="card pad prose">
        <dl class="rows">
          <div>
            <dt>Address</dt>
            <dd>
              <Copy id={signer.address} label="address" head={14} />
            </dd>
          </div>
          <div>
            <dt>sBTC</dt>
            <dd class="strong">{held ? <Sats value={held.sbtc_sats} /> : "…"}</dd>
          </div>
          <div>
            <dt>STX</dt>
            <dd class="strong">{held ? stx(held.stx_ustx) : "…"}</dd>
          </div>
        </dl>
        <p class="tab-links">
          <a class="link" href="#/policies">
            My policies
          </a>
          <a class="link" href="#/earn">
            Earn
          </a>
          <a class="link" href="#/settings">
            Settings
          </a>
        </p>
      </section>
      <section class="card pad">
        <div class="card-head">
          <h2>Transactions</h2>
        </div>
        <Sent />
      </section>
    </div>
  );
}
