/** A policy is a sentence: what is true now, in plain words; on a phone in fewer. */

import type { ComponentChildren } from "preact";
import { bound } from "../domain/floor";
import type { Terms } from "../domain/payout";
import { btcPlain, day, strike } from "../format";

interface Props {
  terms: Terms;
  /** When the last block for exercise comes, in ms; null while unknown. */
  until: number | null;
}

function Green({ children }: { children: ComponentChildren }) {
  return <b class="hedge">{children}</b>;
}

function Whole({ terms, until }: Props) {
  const edge = bound(terms);
  const put = terms.kind === "put";
  return (
    <>
      Whenever Bitcoin is {put ? "below" : "above"} <Green>{strike(terms.strike_usd_e8)}</Green>, until{" "}
      <Green>{until === null ? "…" : day(until)}</Green>, you can claim the {put ? "fall" : "rise"} on{" "}
      <Green>{btcPlain(terms.amount_sats)} BTC</Green>, paid in sBTC. Cover runs {put ? "down" : "up"}{" "}
      {edge === null ? (
        <>without a ceiling: uncapped.</>
      ) : (
        <>
          to <b class="clay">{strike(edge)}</b>; from there the payout stays at{" "}
          <Green>{btcPlain(terms.max_payout_sats)} sBTC</Green>.
        </>
      )}
    </>
  );
}

function Brief({ terms, until }: Props) {
  const edge = bound(terms);
  const put = terms.kind === "put";
  return (
    <>
      {put ? "Below" : "Above"} <Green>{strike(terms.strike_usd_e8)}</Green> until{" "}
      {until === null ? "…" : day(until)} you can be paid the {put ? "fall" : "rise"} on{" "}
      <Green>{btcPlain(terms.amount_sats)} BTC</Green>.{" "}
      {edge === null ? (
        "It is uncapped."
      ) : (
        <>
          From <b class="clay">{strike(Math.round(edge / 1e8) * 1e8)}</b> {put ? "down" : "up"} it stays at{" "}
          <Green>{btcPlain(terms.max_payout_sats)} sBTC</Green>.
        </>
      )}
    </>
  );
}

export function CoverSentence(props: Props) {
  return (
    <h1 class="sentence">
      <span class="wide-only">
        <Whole {...props} />
      </span>
      <span class="phone-only">
        <Brief {...props} />
      </span>
    </h1>
  );
}
