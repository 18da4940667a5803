/** A provider's money by tier, what it backs, and its ledger. */

import { effect, signal } from "@preact/signals";
import { get } from "../api/client";
import type { Backing, LedgerLine, Page, Provider } from "../api/schema";
import type { Fold } from "../stream/channels";
import { stream } from "../stream/connection";
import { account } from "./account";
import { resource } from "./resource";

function path(): string {
  return `/v1/providers/${account.peek()?.address ?? ""}`;
}

export const EMPTY_PROVIDER: Omit<Provider, "address"> = {
  tiers: [],
  total_sats: 0,
  first_deposit_at: null,
  last_activity_at: null,
};

export const provider = resource((signal) => get<Provider>(path(), undefined, signal));
export const backing = resource((signal) => get<Page<Backing>>(`${path()}/backing`, { limit: 50 }, signal));
export const ledger = resource((signal) => get<Page<LedgerLine>>(`${path()}/ledger`, { limit: 50 }, signal));

/** Whether the stream has told of the address, a portfolio or none. */
export const heard = signal(false);

function clearProvider(): void {
  provider.clear();
  backing.clear();
  ledger.clear();
}

const REST_MS = 250;
let resting: ReturnType<typeof setTimeout> | undefined;

/** Read what the portfolio's figures are made of, once its events have come to rest. */
export function loadDetails(): void {
  clearTimeout(resting);
  resting = setTimeout(() => {
    if (provider.state.peek().data) {
      void backing.load();
      void ledger.load();
    }
  }, REST_MS);
}

function take(portfolio: Provider | null | undefined): void {
  if (portfolio) {
    provider.set(portfolio);
    loadDetails();
  }
}

const fold: Fold = {
  snapshot(data) {
    // An address without a deposit has no portfolio: there is nothing more to read.
    heard.value = true;
    take(data as Provider | null);
  },
  event(frame) {
    take((frame.data as { provider?: Provider }).provider);
  },
};

/** Follow the portfolio of whoever is signed in, from view to view. */
export function followProvider(): void {
  let stop: (() => void) | undefined;
  effect(() => {
    const address = account.value?.address;
    stop?.();
    heard.value = false;
    clearProvider();
    stop = address === undefined ? undefined : stream.read(`provider:${address}`, fold);
  });
}
