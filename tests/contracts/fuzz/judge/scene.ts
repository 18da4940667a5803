/** What a judge knows before an act: what the events told so far, the time, and who owns what. */
import type { Fields } from "../../support/chain";
import type { Told } from "../../support/rebuild";
import type { Signed } from "../acts";

export const MAX_PRICE = 9_000_000_000_000_000n;
export const MAX_UINT = 2n ** 128n - 1n;
export const BPS = 10_000n;

export interface Account {
  readonly deposited: bigint;
  readonly withdrawn: bigint;
  readonly escaped: bigint;
  readonly since: bigint;
}

export interface Policy {
  readonly "quote-id": string;
  readonly owner: string;
  readonly option: string;
  readonly strike: bigint;
  readonly amount: bigint;
  readonly collateral: bigint;
  readonly expiry: bigint;
  readonly start: bigint;
  readonly status: string;
}

export interface Change {
  readonly action: string;
  readonly name: string;
  readonly value: bigint;
  readonly key: string;
  readonly who: string;
  readonly ready: bigint;
}

const NOBODY: Account = { deposited: 0n, withdrawn: 0n, escaped: 0n, since: 0n };

export function least(first: bigint, ...others: bigint[]): bigint {
  let found = first;
  for (const number of others) if (number < found) found = number;
  return found;
}

export const most = (first: bigint, ...others: bigint[]): bigint =>
  -least(-first, ...others.map((number) => -number));

export class Scene {
  constructor(
    readonly told: Told,
    readonly height: bigint,
    /** Unix seconds of the block that the act will be in. */
    readonly time: bigint,
    private readonly balances: ReadonlyMap<string, bigint>,
  ) {}

  parameter(name: string): bigint {
    return ((this.told.parameters.get(name) as Fields | undefined)?.value ?? 0n) as bigint;
  }

  hasRole(role: string, who: string): boolean {
    return this.told.principals.get(role) === who;
  }

  isPaused(what: string): boolean {
    return this.height < this.pausedUntil(what);
  }

  pausedUntil(what: string): bigint {
    return (this.told.pauses.get(what) ?? 0n) as bigint;
  }

  get isClosed(): boolean {
    return this.told["closed-at"] !== null;
  }

  policy(id: bigint): Policy | undefined {
    return this.told.policies.get(`${id}`) as Policy | undefined;
  }

  account(who: string): Account {
    return (this.told.providers.get(who) ?? NOBODY) as Account;
  }

  change(id: bigint): Change | undefined {
    return this.told.changes.get(`${id}`) as Change | undefined;
  }

  balance(who: string): bigint {
    return this.balances.get(who) ?? 0n;
  }

  total(name: string): bigint {
    return this.told.totals[name] as bigint;
  }

  get vault(): bigint {
    return this.total("available") + this.total("locked") + this.total("buffer");
  }

  /** This window's movements. */
  get window(): { index: bigint; sold: bigint; outflow: bigint; profit: bigint } {
    const index = this.height / this.parameter("window");
    const { window } = this.told;
    return window.index === index ? window : { index, sold: 0n, outflow: 0n, profit: 0n };
  }

  /** How much of a kind may move in this window in all. */
  limit(share: "sale-share" | "outflow-share" | "profit-share"): bigint {
    const part = ((this.vault + this.window.outflow) * this.parameter(share)) / BPS;
    return most(part, this.parameter("window-floor"));
  }

  /** The most that a provider may ever take out. */
  cap({ deposited }: Account): bigint {
    return deposited + (deposited * this.parameter("yield-cap")) / BPS;
  }

  keyCount(role: string): bigint {
    return (this.told["signer-counts"].get(role) ?? 0n) as bigint;
  }

  isKey(role: string, key: string): boolean {
    return this.told.signers.has(`${role} ${key}`);
  }

  /** Whether the signatures are good ones of the digest, by enough different keys of the role and by no others. */
  isSigned(role: string, digest: string, signed: readonly Signed[]): boolean {
    const keys = new Set(signed.map(({ by }) => by.compressed));
    const areGood = signed.every(
      ({ by, digest: of, spoilt }) =>
        spoilt === undefined && of === digest && this.isKey(role, by.compressed),
    );
    const enough = BigInt(signed.length) >= this.parameter(role);
    return signed.length > 0 && areGood && keys.size === signed.length && enough;
  }
}

export const isPrice = (price: bigint): boolean => price > 0n && price <= MAX_PRICE;
