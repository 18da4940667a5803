/** The holder's own way on chain: first the request, a block later the settlement at its public price. */

import { useEffect, useState } from "preact/hooks";
import type { Policy } from "../api/schema";
import type { Step } from "../domain/life";
import { payout } from "../domain/payout";
import { btcPlain, height, parseBtc, stx, usd } from "../format";
import { navigate } from "../router";
import { spot } from "../store/oracle";
import { closeSheet } from "../store/sheet";
import type { OwnStep } from "../wallet/intents";
import { Sats } from "./amount";
import { announce } from "./announcer";
import { Field } from "./field";
import { LifeSteps } from "./life-line";
import { defaultMinimum } from "./sheet-command";
import { type Act, Buttons, FailureNote, Shell, Technical, useAct } from "./sheet-shell";

function TwoSteps({ asked }: { asked: boolean }) {
  const steps: Step[] = [
    { name: "You ask on chain", state: asked ? "done" : "now" },
    { name: "Next block's price", state: asked ? "done" : "ahead" },
    { name: "You settle", state: asked ? "now" : "ahead" },
  ];
  return <LifeSteps label="Your own way" steps={steps} />;
}

function AskStep({ policy, act, onOwn }: { policy: Policy; act: Act; onOwn: (own: OwnStep) => void }) {
  const pays = payout(policy, spot.value ?? policy.strike_usd_e8);
  const [minimum, setMinimum] = useState(defaultMinimum(pays));
  const tooMuch = minimum > policy.max_payout_sats;
  return (
    <Shell
      step="Step 1 of 2 · a transaction, no sBTC moves"
      heading={<>You ask the chain itself to exercise policy {policy.policy_id}.</>}
    >
      <TwoSteps asked={false} />
      <Field
        id="own-minimum"
        label="Least you will take"
        value={minimum}
        show={btcPlain}
        parse={parseBtc}
        onChange={setMinimum}
        error={tooMuch ? "More than it can ever pay" : null}
        suffix={<span class="suffix">sBTC</span>}
      />
      <p class="ink-2">
        The public price of the block after your request binds both sides. If it pays less than this, nothing
        happens and you keep the policy.
      </p>
      <FailureNote failure={act.failure} />
      <Buttons
        label="Prepare the request"
        act={act}
        disabled={tooMuch}
        onGo={() =>
          void act.run(async (intents, context) =>
            onOwn(await intents.prepareOwnStep(context, policy, minimum)),
          )
        }
      />
    </Shell>
  );
}

function SignStep({ policy, act, own }: { policy: Policy; act: Act; own: OwnStep }) {
  const settles = own.step === "settle";
  const { transaction } = own;
  return (
    <Shell
      step={settles ? "Step 2 of 2 · the settlement" : "Step 1 of 2 · the request"}
      heading={
        own.step === "settle" ? (
          <>
            You settle policy {policy.policy_id} at {usd(own.price)}: it pays you{" "}
            <b>{btcPlain(payout(policy, own.price))} sBTC</b>.
          </>
        ) : (
          <>You ask the chain to exercise policy {policy.policy_id}.</>
        )
      }
    >
      <TwoSteps asked={settles} />
      <dl class="rows">
        {own.step === "settle" && (
          <>
            <div>
              <dt>Public price of block {height(own.height)}</dt>
              <dd class="strong">{usd(own.price)}</dd>
            </div>
            <div>
              <dt>The pool sends you, exactly</dt>
              <dd class="strong">
                <Sats value={payout(policy, own.price)} unit="sBTC" />
              </dd>
            </div>
          </>
        )}
        <div>
          <dt>Network fee, exactly</dt>
          <dd class="strong">{stx(transaction.fee_ustx, 6)} STX</dd>
        </div>
      </dl>
      <Technical prepared={transaction} />
      <FailureNote failure={act.failure} />
      <Buttons
        label="Open wallet and sign"
        act={act}
        onGo={() =>
          void act.run(async (intents, context) => {
            await intents.signAndSend(context, transaction);
            announce(
              settles ? "Sent. The chain pays once it is mined." : "Sent. The next block's price counts.",
            );
            closeSheet();
            navigate(`policies/${policy.quote_id}`);
          })
        }
      />
    </Shell>
  );
}

function Preparing({ act }: { act: Act }) {
  return (
    <Shell step="Step 2 of 2 · the settlement" heading="The public price is read.">
      <TwoSteps asked />
      <FailureNote failure={act.failure} />
      <Buttons label="Open wallet and sign" act={act} disabled onGo={closeSheet} />
    </Shell>
  );
}

export function OwnWaySheet({ policy, asked }: { policy: Policy; asked: boolean }) {
  const act = useAct();
  const [own, setOwn] = useState<OwnStep | null>(null);
  // what was asked for on chain is settled without another question.
  useEffect(() => {
    if (asked) {
      void act.run(async (intents, context) => setOwn(await intents.prepareOwnStep(context, policy, 1)));
    }
  }, []);
  if (own) {
    return <SignStep policy={policy} act={act} own={own} />;
  }
  return asked ? <Preparing act={act} /> : <AskStep policy={policy} act={act} onOwn={setOwn} />;
}
