/** Money into the pool and out of it. */

import { useEffect, useState } from "preact/hooks";
import type { PreparedTransaction } from "../api/schema";
import { btcPlain, height, stx, title } from "../format";
import { navigate } from "../router";
import { tierParameters } from "../store/config";
import { closeSheet } from "../store/sheet";
import type { PreparedWithdrawal } from "../wallet/intents";
import { Sats } from "./amount";
import { announce } from "./announcer";
import { type Act, Buttons, FailureNote, Shell, Technical, useAct } from "./sheet-shell";
import { Skeleton } from "./skeleton";

function send(act: Act, prepared: PreparedTransaction): void {
  void act.run(async (intents, context) => {
    const sent = await intents.signAndSend(context, prepared);
    announce("Sent. It waits in the mempool, usually 1 to 10 minutes.");
    closeSheet();
    navigate(`tx/${sent.txid}`);
  });
}

function longestDays(tier: string): number {
  const rules = tierParameters(tier);
  return rules ? Math.ceil(Math.max(rules.put.max_tenor_blocks, rules.call.max_tenor_blocks) / 144) : 0;
}

export function DepositSheet({ tier, amount }: { tier: string; amount: number }) {
  const act = useAct();
  const [prepared, setPrepared] = useState<PreparedTransaction | null>(null);

  function prepare(): void {
    void act.run(async (intents, context) => {
      setPrepared(await intents.prepareDeposit(context, amount, tier));
    });
  }
  // a sheet prepares once, when it opens.
  useEffect(prepare, []);

  return (
    <Shell
      step="One signature"
      heading={
        <>
          You put <b>{btcPlain(amount)} sBTC</b> into {title(tier)}.
        </>
      }
    >
      <p class="ink-2">
        It can be locked while policies run, at most {longestDays(tier)} days in this tier; it can lose.
      </p>
      {prepared ? (
        <>
          <dl class="rows">
            <div>
              <dt>Leaves your wallet, exactly</dt>
              <dd class="strong">
                <Sats value={amount} unit="sBTC" />
              </dd>
            </div>
            <div>
              <dt>Network fee, exactly</dt>
              <dd class="strong">{stx(prepared.fee_ustx, 6)} STX</dd>
            </div>
          </dl>
          <Technical prepared={prepared} />
        </>
      ) : act.failure ? null : (
        <Skeleton height={90} />
      )}
      <FailureNote failure={act.failure} ways={prepared ? [] : [{ label: "Try again", go: prepare }]} />
      <Buttons
        label="Open wallet and sign"
        act={act}
        disabled={prepared === null}
        onGo={() => prepared && send(act, prepared)}
      />
    </Shell>
  );
}

export function WithdrawSheet({ tier, amount }: { tier: string; amount: number }) {
  const act = useAct();
  const [ready, setReady] = useState<PreparedWithdrawal | null>(null);
  if (ready) {
    const { withdrawal, transaction } = ready;
    return (
      <Shell
        step="Step 2 of 2 · step 1 is done: voucher signed ✓"
        heading={
          <>
            You take out <b>{btcPlain(amount)} sBTC</b>.
          </>
        }
      >
        <dl class="rows">
          <div>
            <dt>Comes to your wallet, exactly</dt>
            <dd class="strong">
              <Sats value={amount} unit="sBTC" />
            </dd>
          </div>
          <div>
            <dt>Network fee, exactly</dt>
            <dd class="strong">{stx(transaction.fee_ustx, 6)} STX</dd>
          </div>
          <div>
            <dt>The voucher is good to block</dt>
            <dd class="strong">{height(withdrawal.valid_until_height)}</dd>
          </div>
        </dl>
        <Technical prepared={transaction} id={`withdrawal ${withdrawal.withdrawal_id}`} />
        <FailureNote failure={act.failure} />
        <Buttons label="Open wallet and sign" act={act} onGo={() => send(act, transaction)} />
      </Shell>
    );
  }
  return (
    <Shell
      step="Step 1 of 2 · a signed message, no fee"
      heading={
        <>
          Ask for <b>{btcPlain(amount)} sBTC</b> from {title(tier)}.
        </>
      }
    >
      <p>
        The pool checks that the tier stays healthy and signs a voucher over exactly this amount, for you
        alone. The money is set aside until the voucher is used or lapses.
      </p>
      <FailureNote failure={act.failure} />
      <Buttons
        label="Sign request"
        act={act}
        onGo={() =>
          void act.run(async (intents, context) => {
            setReady(await intents.requestWithdrawal(context, amount, tier));
          })
        }
      />
    </Shell>
  );
}
