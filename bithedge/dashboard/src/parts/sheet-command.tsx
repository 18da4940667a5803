/** Commands that are one signed message: no transaction, no fee. */

import { useState } from "preact/hooks";
import type { Policy } from "../api/schema";
import { bound } from "../domain/floor";
import { btcPlain, btcShort, parseBtc, strike, title } from "../format";
import { putPolicy } from "../store/policies";
import { provider } from "../store/provider";
import { closeSheet } from "../store/sheet";
import { Sats } from "./amount";
import { announce } from "./announcer";
import { Field } from "./field";
import { Buttons, FailureNote, Shell, useAct } from "./sheet-shell";

const MINIMUM_SHARE = 95n;

/** Return the least payout taken by default: 5 % below what it pays now, at least 1 sat. */
export function defaultMinimum(payout: number): number {
  return Math.max(1, Number((BigInt(payout) * MINIMUM_SHARE) / 100n));
}

export function ExerciseSheet({ policy, payout }: { policy: Policy; payout: number }) {
  const act = useAct();
  const [minimum, setMinimum] = useState(defaultMinimum(payout));
  const givenUp = Math.max(0, (policy.value_now_sats ?? payout) - payout);
  return (
    <Shell
      step="A signed message, no fee"
      heading={
        <>
          You claim the payout at the first price made after we accept: about{" "}
          <b>{btcShort(payout, 5)} sBTC</b> now.
        </>
      }
    >
      <dl class="rows">
        <div>
          <dt>Pays at today's price</dt>
          <dd class="strong">
            <Sats value={payout} unit="sBTC" />
          </dd>
        </div>
        <div>
          <dt>Value you give up</dt>
          <dd class="strong clay">
            <Sats value={givenUp} unit="sBTC" />
          </dd>
        </div>
      </dl>
      <Field
        id="minimum"
        label="Least you will take"
        value={minimum}
        show={btcPlain}
        parse={parseBtc}
        onChange={setMinimum}
        error={minimum > policy.max_payout_sats ? "More than it can ever pay" : null}
        suffix={<span class="suffix">sBTC</span>}
      />
      <p class="ink-2">
        If it would be less than {btcPlain(minimum)} sBTC nothing happens and you keep the policy. The price
        is made after your command is accepted: nobody, not even we, knows it now.
      </p>
      <FailureNote failure={act.failure} />
      <Buttons
        label="Sign and exercise"
        act={act}
        disabled={minimum > policy.max_payout_sats}
        onGo={() =>
          void act.run(async (intents, context) => {
            putPolicy(await intents.exercise(context, policy, minimum));
            announce("Accepted. The price is being made.");
            closeSheet();
          })
        }
      />
    </Shell>
  );
}

export function AutoExerciseSheet({ policy, enabled }: { policy: Policy; enabled: boolean }) {
  const act = useAct();
  const edge = bound(policy);
  return (
    <Shell
      step="A signed message, no fee"
      heading={enabled ? "We exercise it for you." : "You will exercise it yourself."}
    >
      <p>
        {enabled
          ? `At ${edge === null ? "no ceiling" : strike(edge)}, from where it can gain no more, and, if it pays, after expiry. No fee to you.`
          : "If you forget, a policy that pays ends unpaid. You can switch this on again until expiry."}
      </p>
      <FailureNote failure={act.failure} />
      <Buttons
        label={enabled ? "Sign: exercise it for me" : "Sign: I do it myself"}
        act={act}
        onGo={() =>
          void act.run(async (intents, context) => {
            const result = await intents.setAutoExercise(context, policy, enabled);
            putPolicy({ ...policy, auto_exercise: result });
            closeSheet();
          })
        }
      />
    </Shell>
  );
}

export function ExitSheet({ tier, enabled }: { tier: string; enabled: boolean }) {
  const act = useAct();
  return (
    <Shell
      step="A signed message, no fee"
      heading={
        enabled
          ? `Your money in ${title(tier)} backs nothing new.`
          : `Your money in ${title(tier)} backs policies again.`
      }
    >
      <p>
        {enabled
          ? "After 144 blocks the two utilisation checks no longer hold you; locked money comes free as policies end. You may switch it off again, not before those 144 blocks."
          : "From now on it can be locked behind new policies, and it earns their premiums."}
      </p>
      <FailureNote failure={act.failure} />
      <Buttons
        label={enabled ? "Sign: exit mode" : "Sign: back policies"}
        act={act}
        onGo={() =>
          void act.run(async (intents, context) => {
            await intents.setExit(context, tier, enabled);
            await provider.load();
            closeSheet();
          })
        }
      />
    </Shell>
  );
}
