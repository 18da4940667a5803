/** The premium of the form as it stands, or why there is none. */

import { useEffect, useState } from "preact/hooks";
import { limitOf, type Problem } from "../api/problems";
import type { Quote } from "../api/schema";
import { offerOf } from "../domain/offer";
import { worth } from "../domain/payout";
import {
  age,
  btcPlain,
  clockTime,
  count,
  dayShort,
  dayTime,
  height,
  percent,
  ratioBps,
  strike,
  title,
  usd,
} from "../format";
import { accountMenu } from "../frame";
import { account } from "../store/account";
import { priceFreshness } from "../store/freshness";
import { oracle, spot } from "../store/oracle";
import { tierNamed } from "../store/pool";
import {
  changeForm,
  type Form,
  moveStrike,
  pricing,
  quote,
  quoteEnds,
  quoteFits,
  quoteProblem,
  stepFor,
} from "../store/quote";
import { openSheet } from "../store/sheet";
import { Sats } from "./amount";
import { announce } from "./announcer";
import { PremiumLines } from "./premium-lines";
import { Refusal, type Way } from "./refusal";
import { Skeleton } from "./skeleton";

function waysOut(problem: Problem, current: Form): Way[] {
  const ways: Way[] = [];
  const limit = limitOf(problem, "max_payout_sats");
  if (problem.code === "insufficient_capacity" && limit !== null && limit > 0) {
    ways.push({
      label: `Set max payout to ${btcPlain(limit)}`,
      go: () => changeForm({ max_payout_sats: limit }),
    });
  }
  if (problem.code === "insufficient_capacity" && current.tier !== null) {
    ways.push({ label: "Any tier", go: () => changeForm({ tier: null }) });
  }
  const strikeLimit = limitOf(problem, "strike_usd_e8");
  if (problem.code === "strike_out_of_range" && strikeLimit !== null) {
    ways.push({ label: `Set the strike to ${strike(strikeLimit)}`, go: () => moveStrike(strikeLimit) });
  }
  if (problem.code === "uneconomic") {
    const price = spot.peek() ?? current.strike_usd_e8;
    const nearer = Math.round((current.strike_usd_e8 + price) / 2);
    ways.push({
      label: "A strike nearer to the price",
      go: () => moveStrike(nearer - (nearer % stepFor(nearer))),
    });
  }
  const tenor = limitOf(problem, "tenor_blocks");
  if (problem.code === "tenor_out_of_range" && tenor !== null) {
    ways.push({ label: `${Math.floor(tenor / 144)} days`, go: () => changeForm({ tenor_blocks: tenor }) });
  }
  const amount = limitOf(problem, "amount_sats");
  if (problem.code === "amount_out_of_range" && amount !== null) {
    ways.push({ label: `${btcPlain(amount)} BTC`, go: () => changeForm({ amount_sats: amount }) });
  }
  return ways;
}

function Good() {
  const ends = quoteEnds.value;
  const offer = quote.value;
  if (!ends || !offer) {
    return null;
  }
  return (
    <p class="note good-for">
      <svg viewBox="0 0 14 14" aria-hidden="true">
        <circle cx="7" cy="7" r="5.4" fill="none" stroke="var(--line)" stroke-width="2.4" />
        <path d="M7 1.6a5.4 5.4 0 1 1-5.1 7.2" fill="none" stroke="var(--hedge)" stroke-width="2.4" />
      </svg>
      Quote good for {count(ends.blocks, "block")}, to {height(offer.valid_until_height)}, at most{" "}
      {age(ends.seconds)}. Nothing is signed yet.
    </p>
  );
}

function Facts({ offer, chosen }: { offer: Quote; chosen: boolean }) {
  const cheapest = offer.alternatives.every((other) => other.total_sats >= offer.premium.total_sats);
  return (
    <dl class="rows facts">
      <div>
        <dt>Pays at most</dt>
        <dd class="strong">
          <Sats value={offer.max_payout_sats} unit="sBTC" />
        </dd>
      </div>
      <div>
        <dt>Break-even</dt>
        <dd class="strong">{usd(offer.break_even_usd_e8)}</dd>
      </div>
      <div>
        <dt>Last day to exercise</dt>
        <dd class="strong">
          {dayShort(offer.expiry_estimate_at)}, about {clockTime(offer.expiry_estimate_at)}
        </dd>
      </div>
      <div>
        <dt>Tier</dt>
        <dd class="strong">
          {title(offer.tier)}
          {chosen ? " · your choice" : cheapest ? " · cheapest that fits" : ""}
        </dd>
      </div>
    </dl>
  );
}

function Alternatives({ offer }: { offer: Quote }) {
  const others = offer.alternatives.filter((other) => other.tier !== offer.tier);
  if (others.length === 0) {
    return null;
  }
  return (
    <p class="note">
      Also:{" "}
      {others.map((other) => (
        <button key={other.tier} class="link" type="button" onClick={() => changeForm({ tier: other.tier })}>
          {title(other.tier)} for {btcPlain(other.total_sats)}
        </button>
      ))}
    </p>
  );
}

function Headline({ offer, current, fits }: { offer: Quote; current: Form; fits: boolean }) {
  const price = spot.value ?? offer.spot_usd_e8;
  const share = ratioBps(offer.premium.total_sats, offer.amount_sats);
  return (
    <div class={fits ? "" : "dim"}>
      <p class={`headline ${priceFreshness.value === "fresh" ? "" : "stale-figure"}`} data-testid="premium">
        <Sats value={offer.premium.total_sats} unit="sBTC" />
      </p>
      <p class="ink-3 premium-usd">
        {fits
          ? `${usd(worth(offer.premium.total_sats, price))} · ${percent(share, 2)} of the amount`
          : `pricing ${strike(current.strike_usd_e8)}…`}
      </p>
    </div>
  );
}

function reasonOff(fits: boolean): string | null {
  switch (priceFreshness.value) {
    case "offline":
      return "Waits for the connection.";
    case "stale":
      return "Waits for a fresh price.";
    default:
      return fits ? null : "Waits for a quote of what is shown.";
  }
}

/** Say a new quote once it has rested for a second. */
function useSpokenQuote(offer: Quote | null, fits: boolean): void {
  const id = fits ? offer?.quote_id : undefined;
  // one message a quote.
  useEffect(() => {
    if (!offer || id === undefined) {
      return undefined;
    }
    const timer = setTimeout(() => {
      const dollars = usd(worth(offer.premium.total_sats, offer.spot_usd_e8));
      announce(`Premium ${btcPlain(offer.premium.total_sats)} sBTC, ${dollars}.`);
    }, 1_000);
    return () => clearTimeout(timer);
  }, [id]);
}

function Body({ current, offer, fits }: { current: Form; offer: Quote; fits: boolean }) {
  const [why, setWhy] = useState(false);
  return (
    <div class={why ? "premium-body open" : "premium-body"}>
      <div class="premium-head">
        <Headline offer={offer} current={current} fits={fits} />
        <button class="link phone-only" type="button" aria-expanded={why} onClick={() => setWhy(!why)}>
          why
        </button>
      </div>
      <div class={`premium-detail ${fits ? "" : "dim"}`}>
        <PremiumLines quote={offer} tenor={current.tenor_blocks} tier={tierNamed(offer.tier)} />
        <Facts offer={offer} chosen={current.tier !== null} />
        <Alternatives offer={offer} />
      </div>
    </div>
  );
}

function Waiting() {
  return (
    <div class="page">
      <Skeleton width={260} height={36} />
      <Skeleton width={180} />
      <Skeleton height={300} />
    </div>
  );
}

function PriceAge() {
  const price = oracle.value;
  if (!price || priceFreshness.value === "fresh") {
    return null;
  }
  return <p class="note spot">at the price of {dayTime(price.observed_at)}</p>;
}

function Action({ offer, refused }: { offer: Quote | null; refused: boolean }) {
  const signer = account.value;
  const off = reasonOff(quoteFits.value);
  const ready = offer !== null && off === null && !refused;

  function review(event: Event): void {
    if (signer === null) {
      event.stopPropagation();
      accountMenu.value = true;
    } else if (offer) {
      openSheet({ kind: "buy", offer: offerOf(offer) });
    }
  }

  return (
    <div class="premium-act">
      <button class="button primary big" type="button" disabled={signer !== null && !ready} onClick={review}>
        {signer ? "Review and sign" : "Connect wallet to sign"}
      </button>
      {off !== null && !refused ? <p class="note">{off}</p> : null}
      {ready ? <Good /> : null}
      <PriceAge />
    </div>
  );
}

export function PremiumCard({ current }: { current: Form }) {
  const offer = quote.value;
  const problem = quoteProblem.value;
  const fits = quoteFits.value;
  useSpokenQuote(offer, fits);
  return (
    <section class="card premium-card" aria-label="Premium">
      <div class="premium-top">
        <h2>Premium</h2>
        <span class="ink-3">paid once, now</span>
      </div>
      {pricing.value && !fits && offer ? <div class="progress" aria-hidden="true" /> : null}
      {problem ? <Refusal problem={problem} ways={waysOut(problem, current)} /> : null}
      {!problem && offer ? <Body current={current} offer={offer} fits={fits} /> : null}
      {!problem && !offer ? <Waiting /> : null}
      <Action offer={offer} refused={problem !== null} />
    </section>
  );
}
