/** Putting money into a tier. */

import { useState } from "preact/hooks";
import { worth } from "../domain/payout";
import { btcPlain, parseBtc, title, usd } from "../format";
import { accountMenu } from "../frame";
import { Field } from "../parts/field";
import { account, balances } from "../store/account";
import { config } from "../store/config";
import { isOffline } from "../store/freshness";
import { spot } from "../store/oracle";
import { tierNamed } from "../store/pool";
import { openSheet } from "../store/sheet";

const FIRST = 10_000_000;

function wrong(amount: number, tier: string): string | null {
  const least = config.value?.limits.min_deposit_sats ?? 0;
  const held = balances.value?.sbtc_sats ?? null;
  const state = tierNamed(tier);
  const limit = state?.parameters.capacity_limit_sats ?? null;
  if (amount < least) {
    return `At least ${btcPlain(least)} sBTC`;
  }
  if (held !== null && amount > held) {
    return `You have ${btcPlain(held)} sBTC`;
  }
  if (limit !== null && state && state.total_sats + amount > limit) {
    return `This tier takes ${btcPlain(Math.max(0, limit - state.total_sats))} sBTC more`;
  }
  return null;
}

export function DepositPanel({ tier }: { tier: string }) {
  const [amount, setAmount] = useState(FIRST);
  const state = tierNamed(tier);
  const price = spot.value;
  const signer = account.value;
  const problem = signer ? wrong(amount, tier) : null;
  const rules = state?.parameters;
  const longest = rules
    ? Math.ceil(Math.max(rules.put.max_tenor_blocks, rules.call.max_tenor_blocks) / 144)
    : 0;
  if (!rules) {
    return <p class="card pad">There is no tier named {tier}.</p>;
  }
  return (
    <section class="card pad panel" aria-label={`Deposit into ${title(tier)}`}>
      <div class="card-head">
        <h2>Deposit into {title(tier)}</h2>
        <span class="note">one signature</span>
      </div>
      <Field
        id="deposit-amount"
        label="Amount"
        value={amount}
        show={btcPlain}
        parse={parseBtc}
        onChange={setAmount}
        error={problem}
        suffix={<span class="suffix">sBTC{price !== null && ` ≈ ${usd(worth(amount, price), 0)}`}</span>}
      />
      <dl class="rows">
        <div>
          <dt>It may back</dt>
          <dd class="strong">
            strikes {rules.put.min_moneyness_bps / 100}–{rules.put.max_moneyness_bps / 100} % of spot
          </dd>
        </div>
        <div>
          <dt>Locked while policies run</dt>
          <dd class="strong">at most {longest} days in this tier</dd>
        </div>
        <div>
          <dt>You have</dt>
          <dd class="strong">{balances.value ? `${btcPlain(balances.value.sbtc_sats)} sBTC` : "–"}</dd>
        </div>
      </dl>
      <button
        class="button primary big"
        type="button"
        disabled={signer !== null && (problem !== null || isOffline.value)}
        onClick={(event) => {
          event.stopPropagation();
          if (signer) {
            openSheet({ kind: "deposit", tier, amount });
          } else {
            accountMenu.value = true;
          }
        }}
      >
        {signer ? "Review and sign" : "Connect wallet to sign"}
      </button>
    </section>
  );
}
