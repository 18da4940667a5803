/** Buying takes two signatures and says so: the reservation, a message; then the purchase, a transaction. */

import { useState } from "preact/hooks";
import { bound } from "../domain/floor";
import type { Offer } from "../domain/offer";
import { blocksTo } from "../domain/schedule";
import { btcPlain, clockTime, dayShort, height, strike, stx, usd } from "../format";
import { navigate } from "../router";
import { config } from "../store/config";
import { now } from "../store/freshness";
import { tip } from "../store/oracle";
import { putPolicy } from "../store/policies";
import { rememberPurchase } from "../store/purchases";
import { askSoon } from "../store/quote";
import { closeSheet } from "../store/sheet";
import type { Reserved } from "../wallet/intents";
import { Sats } from "./amount";
import { announce } from "./announcer";
import { LifeSteps } from "./life-line";
import type { Way } from "./refusal";
import { type Act, Buttons, FailureNote, Shell, Technical, useAct } from "./sheet-shell";

function isOver(offer: Offer): boolean {
  const at = tip.value;
  return (
    now.value >= Date.parse(offer.valid_until_at) ||
    (at !== null && at.burn_height > offer.valid_until_height)
  );
}

function ends(offer: Offer): string {
  return `block ${height(offer.valid_until_height)} or ${clockTime(offer.valid_until_at)}`;
}

function repriced(act: Act): Way[] {
  const refused = act.failure?.kind === "refused" ? act.failure.problem.code : "";
  const again = ["price_moved", "quote_expired", "unknown_quote"].includes(refused);
  return again
    ? [
        {
          label: "Price it again",
          go: () => {
            closeSheet();
            askSoon();
          },
        },
      ]
    : [];
}

function ReserveStep({
  offer,
  act,
  onReserved,
}: {
  offer: Offer;
  act: Act;
  onReserved: (answer: Reserved) => void;
}) {
  return (
    <Shell
      step="Step 1 of 2"
      heading={
        <>
          Reserve <b>{btcPlain(offer.max_payout_sats)} sBTC</b> of the pool for you.
        </>
      }
    >
      <p>
        This is a signed message, not a transaction: it costs nothing, moves nothing, and fixes the premium at{" "}
        <b>{btcPlain(offer.premium_sats)} sBTC</b>.
      </p>
      <p class="ink-2">
        Unused, it lapses at {ends(offer)}, whichever is first. Letting it lapse makes you wait before the
        next.
      </p>
      <ul class="assurances">
        <li>
          <span aria-hidden="true">✓</span>
          <span>
            <b>The message is read here before your wallet sees it.</b> If it asked for anything but this
            reservation, this page would not let you sign.
          </span>
        </li>
      </ul>
      <FailureNote failure={act.failure} ways={repriced(act)} />
      {isOver(offer) && <p class="banner warn">This quote is over. Go back for a new one.</p>}
      <Buttons
        label="Reserve"
        act={act}
        disabled={isOver(offer)}
        onGo={() =>
          void act.run(async (intents, context) => {
            const answer = await intents.reserve(context, offer);
            rememberPurchase(context.wallet.address, offer.quote_id);
            putPolicy(answer.policy);
            onReserved(answer);
          })
        }
      />
    </Shell>
  );
}

function Figures({ offer, fee }: { offer: Offer; fee: number }) {
  const edge = bound(offer);
  const put = offer.kind === "put";
  return (
    <div class="card">
      <section>
        <h2>What leaves your wallet</h2>
        <dl class="rows">
          <div>
            <dt>Premium, exactly</dt>
            <dd class="strong">
              <Sats value={offer.premium_sats} unit="sBTC" />
            </dd>
          </div>
          <div>
            <dt>Network fee, exactly</dt>
            <dd class="strong">{stx(fee, 6)} STX</dd>
          </div>
        </dl>
      </section>
      <section>
        <h2>What you get</h2>
        <dl class="rows">
          <div>
            <dt>Paid {put ? "below" : "above"}</dt>
            <dd class="strong">{usd(offer.strike_usd_e8)}</dd>
          </div>
          <div>
            <dt>Most it can pay{edge === null ? "" : `, from ${usd(edge)} ${put ? "down" : "up"}`}</dt>
            <dd class="strong">
              <Sats value={offer.max_payout_sats} unit="sBTC" />
            </dd>
          </div>
          <div>
            <dt>Last block to exercise</dt>
            <dd>
              <b>{height(offer.expiry_height)}</b>{" "}
              {offer.expiry_estimate_at && <span class="ink-3">≈ {dayShort(offer.expiry_estimate_at)}</span>}
            </dd>
          </div>
          <div>
            <dt>If you do nothing and it pays</dt>
            <dd class="strong">exercised for you</dd>
          </div>
        </dl>
      </section>
    </div>
  );
}

function Assurances({ offer }: { offer: Offer }) {
  const sats = new Intl.NumberFormat("en").format(offer.premium_sats);
  return (
    <ul class="assurances">
      <li>
        <span aria-hidden="true">✓</span>
        <span>
          <b>Your wallet will stop anything else.</b> Post-condition: you send exactly {sats} sats of sBTC. If
          the contract asked for one sat more or less, the transaction fails and you keep your sBTC.
        </span>
      </li>
      <li>
        <span aria-hidden="true">✓</span>
        <span>
          <b>The terms are signed by the pool</b> and the contract checks that signature. Nobody can change
          them after you sign.
        </span>
      </li>
      <li class="mind">
        <span aria-hidden="true">!</span>
        <span>
          <b>You cannot cancel or get the premium back.</b> If the price stays{" "}
          {offer.kind === "put" ? "above" : "below"} {strike(offer.strike_usd_e8)}, this pays nothing.
        </span>
      </li>
    </ul>
  );
}

function PayStep({ offer, act, reserved }: { offer: Offer; act: Act; reserved: Reserved }) {
  const { transaction } = reserved;
  const at = tip.value;
  const over = isOver(offer);
  const final = config.value?.confirmations.final ?? 6;
  return (
    <Shell
      step="Step 2 of 2 · step 1 is done: reserved, premium fixed ✓"
      heading={
        <>
          You pay <b>{btcPlain(offer.premium_sats)} sBTC</b> for cover of {btcPlain(offer.amount_sats)} BTC{" "}
          {offer.kind === "put" ? "below" : "above"} {strike(offer.strike_usd_e8)}.
        </>
      }
    >
      <Figures offer={offer} fee={transaction.fee_ustx} />
      <Assurances offer={offer} />
      <Technical prepared={transaction} id={`quote ${offer.quote_id}`} />
      <div>
        <p class="label">After you sign</p>
        <LifeSteps
          label="After you sign"
          steps={[
            { name: "Signed", state: "ahead" },
            { name: "In mempool", state: "ahead" },
            { name: "Active, once confirmed", state: "ahead" },
            { name: `Final, ${final} deep`, state: "ahead" },
          ]}
        />
      </div>
      <FailureNote failure={act.failure} />
      <Buttons
        label="Open wallet and sign"
        act={act}
        disabled={over}
        onGo={() =>
          void act.run(async (intents, context) => {
            await intents.signAndSend(context, transaction);
            announce("Sent. The purchase waits in the mempool, usually 1 to 10 minutes.");
            closeSheet();
            navigate(`policies/${offer.quote_id}`);
          })
        }
      />
      <p class="note centre">
        {over
          ? "The reservation is over. Mined now it would fail, and you would pay only the network fee."
          : `Reserved to ${ends(offer)}, whichever is first${
              at ? `: ${blocksTo(offer.valid_until_height, at)} blocks` : ""
            }. Mined later it fails, and you pay only the network fee.`}
      </p>
    </Shell>
  );
}

export function BuySheet({ offer }: { offer: Offer }) {
  const act = useAct();
  const [reserved, setReserved] = useState<Reserved | null>(null);
  return reserved ? (
    <PayStep offer={offer} act={act} reserved={reserved} />
  ) : (
    <ReserveStep offer={offer} act={act} onReserved={setReserved} />
  );
}
