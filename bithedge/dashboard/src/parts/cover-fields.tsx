/** The fields of Protect: what the handles do, by typing and by steps. */

import { worth } from "../domain/payout";
import { BLOCKS_PER_DAY } from "../domain/schedule";
import { btcPlain, parseBtc, parseUsd, percent, plainUsd, ratioBps, usd } from "../format";
import { changeForm, changeKind, type Form, limits, moveStrike, payoutLimits, stepFor } from "../store/quote";
import { Field, Stepper } from "./field";
import { Segment } from "./segment";

const TENORS = [7, 14, 30, 90];
const DAY_MS = 86_400_000;

function amountError(current: Form): string | null {
  const allowed = limits.value;
  if (!allowed) {
    return null;
  }
  if (current.amount_sats < allowed.leastAmount) {
    return `At least ${btcPlain(allowed.leastAmount)} BTC`;
  }
  return current.amount_sats > allowed.mostAmount ? `At most ${btcPlain(allowed.mostAmount)} BTC` : null;
}

const MOST_DAYS = 180;

/** The duration as a date: the last day to exercise, by the blocks that are mined till then. */
function LastDay({ tenor }: { tenor: number }) {
  const today = Date.now();
  const longest = limits.value?.longestTenor ?? MOST_DAYS * BLOCKS_PER_DAY;
  const dayAfter = (days: number) => new Date(today + days * DAY_MS).toISOString().slice(0, 10);
  const fits = TENORS.some((days) => days * BLOCKS_PER_DAY === tenor);

  function choose(date: string): void {
    const days = Math.round((Date.parse(date) - Date.parse(dayAfter(0))) / DAY_MS);
    if (days >= 1 && days * BLOCKS_PER_DAY <= longest) {
      changeForm({ tenor_blocks: days * BLOCKS_PER_DAY });
    }
  }

  return (
    <input
      class={`last-day ${fits ? "" : "chosen"}`}
      type="date"
      aria-label="Or until this day"
      min={dayAfter(1)}
      max={dayAfter(Math.floor(longest / BLOCKS_PER_DAY))}
      value={dayAfter(Math.round(tenor / BLOCKS_PER_DAY))}
      onChange={(event) => choose(event.currentTarget.value)}
    />
  );
}

export function CoverFields({ current, price }: { current: Form; price: number }) {
  const put = current.kind === "put";
  const [least, most] = payoutLimits(current.amount_sats);
  const payoutStep = Math.max(1, Math.round(current.amount_sats / 50));
  const away = current.strike_usd_e8 - price;
  const longest = limits.value?.longestTenor ?? Number.POSITIVE_INFINITY;
  return (
    <div class="fields">
      <div class="field f-kind">
        <span class="label">Protect against</span>
        <Segment
          label="Protect against"
          options={[
            { value: "put", label: "A fall" },
            { value: "call", label: "A rise" },
          ]}
          value={current.kind}
          onChange={changeKind}
        />
      </div>
      <Field
        id="amount"
        label="Amount"
        value={current.amount_sats}
        show={btcPlain}
        parse={parseBtc}
        error={amountError(current)}
        onChange={(amount_sats) => changeForm({ amount_sats })}
        suffix={
          <span class="suffix">
            BTC<span class="wide-only"> ≈ {usd(worth(current.amount_sats, price), 0)}</span>
          </span>
        }
      />
      <Field
        id="strike"
        label="Protected price (strike)"
        value={current.strike_usd_e8}
        show={plainUsd}
        parse={parseUsd}
        onChange={(strike_usd_e8) => changeForm({ strike_usd_e8 })}
        suffix={
          <>
            <span class="suffix">{percent(Math.sign(away) * ratioBps(Math.abs(away), price), 1, true)}</span>
            <Stepper
              label="Strike"
              onStep={(sign) => moveStrike(current.strike_usd_e8 + sign * stepFor(current.strike_usd_e8))}
            />
          </>
        }
      />
      <Field
        id="max-payout"
        label={put ? "Max payout · sets the floor" : "Max payout · sets the ceiling"}
        value={current.max_payout_sats}
        show={btcPlain}
        parse={parseBtc}
        error={
          current.max_payout_sats < least || current.max_payout_sats > most
            ? `${btcPlain(least)} to ${btcPlain(most)} sBTC`
            : null
        }
        onChange={(max_payout_sats) => changeForm({ max_payout_sats })}
        suffix={
          <>
            <span class="suffix">sBTC</span>
            <Stepper
              label="Max payout"
              onStep={(sign) => changeForm({ max_payout_sats: current.max_payout_sats + sign * payoutStep })}
            />
          </>
        }
      />
      <div class="field f-tenor">
        <span class="label">Duration</span>
        <Segment
          label="Duration"
          options={TENORS.map((days) => ({
            value: days * BLOCKS_PER_DAY,
            label: `${days} d`,
            disabled: days * BLOCKS_PER_DAY > longest,
          }))}
          value={current.tenor_blocks}
          onChange={(tenor_blocks) => changeForm({ tenor_blocks })}
        />
        <LastDay tenor={current.tenor_blocks} />
      </div>
    </div>
  );
}
