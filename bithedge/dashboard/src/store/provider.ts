/** A provider's money by tier, what it backs, and its ledger. */

import { get } from "../api/client";
import type { Backing, LedgerLine, Page, Provider } from "../api/schema";
import type { Fold } from "../stream/channels";
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

/** A provider is unknown until its first deposit: that is an empty portfolio, not a fault. */
export function isUnknownProvider(code: string | undefined): boolean {
  return code === "unknown_provider" || code === "not_found";
}

export function clearProvider(): void {
  provider.clear();
  backing.clear();
  ledger.clear();
}

export function providerFold(): Fold {
  const refresh = () => {
    void backing.load();
    void ledger.load();
  };
  return {
    snapshot(data) {
      if (data) {
        provider.set(data as Provider);
      }
      refresh();
    },
    event(frame) {
      const next = (frame.data as { provider?: Provider }).provider;
      if (next) {
        provider.set(next);
      }
      refresh();
    },
  };
}
