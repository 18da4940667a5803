/** Protect: the chart is the form. */

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { type Range, rangeFor, ticks, worthAt } from "../charts/cover";
import { CoverChart } from "../charts/cover-chart";
import { HEAD } from "../charts/cover-columns";
import { CoverHandles } from "../charts/cover-overlay";
import { payout, worth } from "../domain/payout";
import { timeOf } from "../domain/schedule";
import { btcPlain, btcShort, percent, usd } from "../format";
import { CoverFields } from "../parts/cover-fields";
import { PremiumCard } from "../parts/premium-card";
import { CoverSentence } from "../parts/sentence";
import { Skeleton } from "../parts/skeleton";
import { useWidth } from "../parts/use-width";
import { replaceQuery, route, view } from "../router";
import { config } from "../store/config";
import { dailyCandles, loadDailyCandles, oracle, spot, tip } from "../store/oracle";
import {
  coverBound,
  type Form,
  form,
  formFromQuery,
  keepQuoted,
  limits,
  quote,
  quoteFits,
} from "../store/quote";

const PLOT = 525;
const PHONE_PLOT = 320;
const asTable = signal(false);

function writeAddress(current: Form): void {
  if (view.peek() !== "protect") {
    return;
  }
  replaceQuery("protect", {
    kind: current.kind,
    amount_sats: current.amount_sats,
    strike_usd_e8: current.strike_usd_e8,
    max_payout_sats: current.max_payout_sats,
    tenor_blocks: current.tenor_blocks,
    tier: current.tier,
  });
}

function until(current: Form): number | null {
  const offer = quote.value;
  if (offer && quoteFits.value) {
    return Date.parse(offer.expiry_estimate_at);
  }
  const at = tip.value;
  return at ? timeOf(at.burn_height + current.tenor_blocks, at) : null;
}

/** The axis moves only when a handle is let go, so that nothing slides away under the pointer. */
function useRange(current: Form, price: number): [Range, () => void] {
  const candles = dailyCandles.value ?? [];
  const fresh = () => rangeFor(current, price, candles);
  const [range, setRange] = useState<Range>(fresh);
  const key = `${current.kind}|${current.amount_sats}|${candles.length}`;
  // a new kind, amount or past makes a new axis; a drag does not.
  useEffect(() => setRange(fresh()), [key]);
  const outside = [price, current.strike_usd_e8, coverBound.value ?? price].some(
    (line) => line < range.lo || line > range.hi,
  );
  return [outside ? fresh() : range, () => setRange(fresh())];
}

function CoverTable({ current, range, premium }: { current: Form; range: Range; premium: number | null }) {
  const prices = [...ticks(range.lo, range.hi, 14)].reverse();
  return (
    <div class="table-scroll cover-table">
      <table>
        <caption class="visually-hidden">What the cover pays by Bitcoin price</caption>
        <thead>
          <tr>
            <th scope="col">Bitcoin at</th>
            <th scope="col" class="right">
              Payout, sBTC
            </th>
            <th scope="col" class="right">
              Payout, USD
            </th>
            <th scope="col" class="right">
              Worth without
            </th>
            <th scope="col" class="right">
              Worth with cover
            </th>
          </tr>
        </thead>
        <tbody>
          {prices.map((price) => {
            const pays = payout(current, price);
            return (
              <tr key={price}>
                <td>{usd(price, 0)}</td>
                <td class="right">{btcShort(pays, 8)}</td>
                <td class="right">{usd(worth(pays, price))}</td>
                <td class="right">{usd(Math.floor(worthAt(current, price, null)))}</td>
                <td class="right">
                  {premium === null ? "–" : usd(Math.floor(worthAt(current, price, premium)))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function ChartFoot({ current }: { current: Form }) {
  const offer = quoteFits.value ? quote.value : null;
  return (
    <div class="chart-foot">
      <span class="wide-only">
        Drag the green handle, or use <kbd>↑</kbd> <kbd>↓</kbd> on it
      </span>
      {offer && (
        <>
          <span>
            <i class="ring" aria-hidden="true" /> Break-even {usd(offer.break_even_usd_e8, 0)}
          </span>
          <span class="wide-only">Volatility {percent(Math.round(offer.volatility * 10_000), 0)}</span>
          <span class="wide-only">
            A $1 {current.kind === "put" ? "fall" : "rise"} adds{" "}
            {Math.abs(Math.round(offer.greeks.delta_sats_per_usd))} sats of value
          </span>
        </>
      )}
      <button
        class="link end"
        type="button"
        onClick={() => {
          asTable.value = !asTable.value;
        }}
      >
        {asTable.value ? "Show as a chart" : "Show as a table"}
      </button>
    </div>
  );
}

function Chart({ current, price }: { current: Form; price: number }) {
  const [box, width] = useWidth();
  const [range, settle] = useRange(current, price);
  const plot = width < 620 ? PHONE_PLOT : PLOT;
  const premium = quoteFits.value ? (quote.value?.premium.total_sats ?? null) : null;
  return (
    <figure class="card chart-card">
      <figcaption class="visually-hidden">Payout of the cover by Bitcoin price</figcaption>
      <div class="chart-wrap" ref={box}>
        {asTable.value ? (
          <CoverTable current={current} range={range} premium={premium} />
        ) : width > 0 ? (
          <>
            <CoverChart
              data={{
                terms: current,
                premium,
                spot: price,
                candles: dailyCandles.value ?? [],
                range,
                limits: limits.value,
              }}
              width={width}
              plot={plot}
            />
            <CoverHandles
              terms={current}
              spot={price}
              range={range}
              width={width}
              plot={plot}
              onRelease={settle}
            />
          </>
        ) : (
          <Skeleton height={HEAD + plot} />
        )}
      </div>
      <ChartFoot current={current} />
    </figure>
  );
}

function Scenarios({ current, price }: { current: Form; price: number }) {
  const changes = current.kind === "put" ? [-1_000, -3_000, -5_000] : [1_000, 3_000, 5_000];
  return (
    <ul class="card pad rows phone-only">
      {changes.map((change) => {
        const at = Math.floor((price * (10_000 + change)) / 10_000);
        const pays = payout(current, at);
        return (
          <li key={change}>
            <span>
              <b>{percent(change, 0, true)}</b> <span class="ink-3">{usd(at, 0)}</span>
            </span>
            <span class="ink-3">
              <b class="hedge">{btcShort(pays)}</b> sBTC · {usd(worth(pays, at), 0)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function InDollars({ current }: { current: Form }) {
  const amount = btcPlain(current.amount_sats);
  const stays = usd(worth(current.amount_sats, current.strike_usd_e8), 0);
  const most = btcPlain(current.max_payout_sats);
  const edge = coverBound.value;
  return (
    <p class="in-dollars ink-2">
      <b>In dollars:</b>{" "}
      {current.kind === "put" ? (
        <>
          between strike and floor your {amount} BTC stays worth {stays}, less the premium. Below the floor it
          falls again, as {btcPlain(current.amount_sats + current.max_payout_sats)} BTC would.
        </>
      ) : (
        <>
          above the strike the payout is the rise on {amount} BTC
          {edge === null ? ", however far it goes" : `, up to ${usd(edge, 0)}`}; what it pays in sBTC is worth
          more as Bitcoin rises.
        </>
      )}{" "}
      The whole {most} sBTC is locked in the vault from the sale to the end.
    </p>
  );
}

export function Protect() {
  const price = spot.value;
  const current = form.value;
  const ready = price !== null && config.value !== null;

  useEffect(() => {
    if (ready && price !== null) {
      const { query } = route.peek();
      if (form.peek() === null || query.size > 0) {
        form.value = formFromQuery(query, price);
      }
      return keepQuoted();
    }
    return undefined;
    // the price at the first sight sets the form once.
  }, [ready]);

  useEffect(() => {
    void loadDailyCandles().catch(() => {
      dailyCandles.value = [];
    });
  }, []);

  useEffect(() => {
    if (current) {
      const timer = setTimeout(() => writeAddress(current), 300);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [current]);

  if (!current || price === null) {
    return (
      <div class="page" aria-busy="true">
        {oracle.value?.reason ? <p>{oracle.value.reason}</p> : null}
        <Skeleton width="80%" height={36} />
        <Skeleton height={44} />
        <Skeleton height={560} />
      </div>
    );
  }
  return (
    <div class="protect">
      <CoverSentence terms={current} until={until(current)} />
      <CoverFields current={current} price={price} />
      <div class="protect-main">
        <Chart current={current} price={price} />
        <Scenarios current={current} price={price} />
        <PremiumCard current={current} />
      </div>
      <InDollars current={current} />
    </div>
  );
}
