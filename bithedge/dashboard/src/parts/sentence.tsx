/** A policy is a sentence: what is true now, in plain words. */

import { bound } from "../domain/floor";
import type { Terms } from "../domain/payout";
import { btcPlain, day, strike } from "../format";

interface Props {
  terms: Terms;
  /** When the last block for exercise comes, in ms; null while unknown. */
  until: number | null;
}

export function CoverSentence({ terms, until }: Props) {
  const edge = bound(terms);
  const put = terms.kind === "put";
  const most = <b class="hedge">{btcPlain(terms.max_payout_sats)} sBTC</b>;
  return (
    <h1 class="sentence">
      Whenever Bitcoin is {put ? "below" : "above"} <b class="hedge">{strike(terms.strike_usd_e8)}</b>, until{" "}
      <b class="hedge">{until === null ? "…" : day(until)}</b>, you can claim the {put ? "fall" : "rise"} on{" "}
      <b class="hedge">{btcPlain(terms.amount_sats)} BTC</b>, paid in sBTC. Cover runs {put ? "down" : "up"}{" "}
      {edge === null ? (
        <>without a ceiling: uncapped.</>
      ) : (
        <>
          to <b class="clay">{strike(edge)}</b>; from there the payout stays at {most}.
        </>
      )}
    </h1>
  );
}
