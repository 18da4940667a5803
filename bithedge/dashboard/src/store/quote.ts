/** The form of Protect and the quote for it: debounced, aborted, the latest wins. */

import { computed, effect, signal } from "@preact/signals";
import { post } from "../api/client";
import { type Problem, problemOf } from "../api/problems";
import type { Kind, Quote, QuoteRequest } from "../api/schema";
import { bound, maxPayoutFor } from "../domain/floor";
import { moved, type Terms } from "../domain/payout";
import { blocksTo } from "../domain/schedule";
import { account } from "./account";
import { config } from "./config";
import { now, priceFreshness } from "./freshness";
import { oracle, spot, tip } from "./oracle";

export interface Form extends Terms {
  tenor_blocks: number;
  tier: string | null;
}

const REST_MS = 120;
const SPACING_MS = 250;
const QUOTE_AGE_MS = 30_000;
const MOVE_BPS = 10n;
export const STRIKE_STEP = 50_000_000_000;
const CENT = 1_000_000;

export const form = signal<Form | null>(null);
export const quote = signal<Quote | null>(null);
/** The very form that `quote` answers. */
const quotedFor = signal<Form | null>(null);
export const quoteProblem = signal<Problem | null>(null);
export const pricing = signal(false);
/** While a sheet is open nothing is asked anew: what is being signed does not move. */
export const sheetOpen = signal(false);

let askedAt = 0;
let answeredAt = 0;
let running: AbortController | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function rounded(price: number, step: number): number {
  return Math.round(price / step) * step;
}

/** Return the step of the strike for a price: 500 dollars near today's, finer for a small price. */
export function stepFor(price: number): number {
  return price >= 20 * STRIKE_STEP ? STRIKE_STEP : Math.max(CENT, rounded(price / 100, CENT));
}

/** Return the form a visitor starts with: half of the amount, 7 % away from spot, 30 days. */
export function defaultForm(kind: Kind, price: number): Form {
  const strike = rounded(moved(price, kind === "put" ? -700 : 700), stepFor(price));
  return {
    kind,
    amount_sats: 25_000_000,
    strike_usd_e8: strike,
    max_payout_sats: 12_500_000,
    tenor_blocks: 4_320,
    tier: null,
  };
}

function whole(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  return text !== null && /^\d{1,16}$/.test(text) && Number(text) > 0 ? Number(text) : null;
}

/** Return the form that an address names, what is missing taken from the default. */
export function formFromQuery(query: URLSearchParams, price: number): Form {
  const kind: Kind = query.get("kind") === "call" ? "call" : "put";
  const base = defaultForm(kind, price);
  const amount = whole(query, "amount_sats") ?? base.amount_sats;
  return {
    kind,
    amount_sats: amount,
    strike_usd_e8: whole(query, "strike_usd_e8") ?? base.strike_usd_e8,
    max_payout_sats: Math.min(amount, whole(query, "max_payout_sats") ?? Math.ceil(amount / 2)),
    tenor_blocks: whole(query, "tenor_blocks") ?? base.tenor_blocks,
    tier: query.get("tier"),
  };
}

export interface Limits {
  lowestStrike: number;
  highestStrike: number;
  longestTenor: number;
  mostAmount: number;
  leastAmount: number;
}

/** What some tier backs of the form's kind, at today's spot. */
export const limits = computed<Limits | null>(() => {
  const settings = config.value;
  const price = spot.value;
  const current = form.value;
  if (!settings || price === null || !current) {
    return null;
  }
  const chosen = settings.tiers.filter((tier) => current.tier === null || tier.name === current.tier);
  const rules = (chosen.length > 0 ? chosen : settings.tiers).map((tier) => tier[current.kind]);
  const fitting = rules.filter(
    (rule) => current.tenor_blocks >= rule.min_tenor_blocks && current.tenor_blocks <= rule.max_tenor_blocks,
  );
  const used = fitting.length > 0 ? fitting : rules;
  return {
    lowestStrike: moved(price, Math.min(...used.map((rule) => rule.min_moneyness_bps)) - 10_000),
    highestStrike: moved(price, Math.max(...used.map((rule) => rule.max_moneyness_bps)) - 10_000),
    longestTenor: Math.max(...rules.map((rule) => rule.max_tenor_blocks)),
    mostAmount: Math.max(...settings.tiers.map((tier) => tier.max_amount_sats)),
    leastAmount: settings.limits.min_amount_sats,
  };
});

/** Return the least and most max payout that may be asked for `amount`. */
export function payoutLimits(amount: number): [number, number] {
  const rules = config.peek()?.limits;
  const share = Math.ceil((amount * (rules?.min_max_payout_bps ?? 500)) / 10_000);
  return [Math.min(amount, Math.max(share, rules?.min_max_payout_sats ?? 0)), amount];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** Return the max payout of another amount with the same floor. */
function scaled(payout: number, from: number, to: number): number {
  return Number((BigInt(payout) * BigInt(to)) / BigInt(from));
}

export function changeForm(change: Partial<Form>): void {
  const current = form.peek();
  if (!current) {
    return;
  }
  const next = { ...current, ...change };
  if (change.amount_sats !== undefined && change.max_payout_sats === undefined) {
    next.max_payout_sats = scaled(current.max_payout_sats, current.amount_sats, change.amount_sats);
  }
  const [least, most] = payoutLimits(next.amount_sats);
  next.max_payout_sats = clamp(next.max_payout_sats, least, most);
  form.value = next;
}

/** Move the strike to `price`, on its grid and inside what a tier backs. */
export function moveStrike(price: number): void {
  const range = limits.peek();
  const step = stepFor(price);
  const low = range ? Math.ceil(range.lowestStrike / step) * step : step;
  const high = range ? Math.floor(range.highestStrike / step) * step : price;
  changeForm({ strike_usd_e8: clamp(rounded(price, step), low, high) });
}

/** Move the price at which the cover ends; the max payout follows. */
export function moveBound(price: number): void {
  const current = form.peek();
  if (current) {
    const target = rounded(price, stepFor(price));
    changeForm({ max_payout_sats: maxPayoutFor(current, target) });
  }
}

/** Swap fall and rise; the strike goes to the other side of spot. */
export function changeKind(kind: Kind): void {
  const current = form.peek();
  const price = spot.peek();
  if (current && price !== null && current.kind !== kind) {
    changeForm({ kind, strike_usd_e8: defaultForm(kind, price).strike_usd_e8, tier: null });
  }
}

export const coverBound = computed(() => (form.value ? bound(form.value) : null));

function request(current: Form): QuoteRequest {
  const owner = account.peek()?.address;
  return {
    kind: current.kind,
    amount_sats: current.amount_sats,
    strike_usd_e8: current.strike_usd_e8,
    max_payout_sats: current.max_payout_sats,
    tenor_blocks: current.tenor_blocks,
    ...(owner === undefined ? {} : { owner }),
    ...(current.tier === null ? {} : { tier: current.tier }),
  };
}

async function ask(): Promise<void> {
  const current = form.peek();
  if (!current || sheetOpen.peek() || priceFreshness.peek() === "offline") {
    return;
  }
  running?.abort();
  const mine = new AbortController();
  running = mine;
  askedAt = Date.now();
  pricing.value = true;
  try {
    const answer = await post<Quote>("/v1/quotes", request(current), mine.signal);
    if (running === mine && !sheetOpen.peek()) {
      quote.value = answer;
      quotedFor.value = current;
      quoteProblem.value = null;
    }
  } catch (error) {
    if (running === mine) {
      quoteProblem.value = problemOf(error);
    }
  } finally {
    if (running === mine) {
      running = null;
      pricing.value = false;
      answeredAt = Date.now();
    }
  }
}

/** Ask once the form has rested, at most four times a second. */
export function askSoon(): void {
  clearTimeout(timer);
  const wait = Math.max(REST_MS, askedAt + SPACING_MS - Date.now());
  timer = setTimeout(() => void ask(), wait);
}

/** Whether the quote answers exactly the form on the screen, and so may be signed. */
export const quoteFits = computed(() => quote.value !== null && quotedFor.value === form.value);

/** How long the quote is good: whichever of its two ends comes first. */
export const quoteEnds = computed(() => {
  const offer = quote.value;
  const at = tip.value;
  if (!offer || !at) {
    return null;
  }
  const seconds = Math.max(0, Math.round((Date.parse(offer.valid_until_at) - now.value) / 1000));
  return { blocks: blocksTo(offer.valid_until_height, at), seconds };
});

function hasMoved(from: number, to: number): boolean {
  const change = BigInt(Math.abs(to - from));
  return change * 10_000n >= MOVE_BPS * BigInt(from);
}

/** Keep the quote fresh while Protect is looked at; returns how to stop. */
export function keepQuoted(): () => void {
  const onForm = effect(() => {
    if (form.value && account.value !== undefined) {
      quoteProblem.value = null;
      pricing.value = true;
      askSoon();
    }
  });
  let height = tip.peek()?.burn_height ?? 0;
  const onWorld = effect(() => {
    const price = oracle.value?.spot_usd_e8;
    const burn = tip.value?.burn_height ?? 0;
    const offer = quote.peek();
    const old = now.value - answeredAt > QUOTE_AGE_MS && !document.hidden;
    const news = burn !== height || (offer && price !== undefined && hasMoved(offer.spot_usd_e8, price));
    height = burn;
    if ((news || old) && answeredAt > 0 && !pricing.peek() && !sheetOpen.peek()) {
      askSoon();
    }
  });
  return () => {
    onForm();
    onWorld();
    clearTimeout(timer);
    running?.abort();
    running = null;
  };
}
