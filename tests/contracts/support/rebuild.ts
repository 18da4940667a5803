/** The state of both contracts, told from nothing but what they printed. */
import type { Fields } from "./chain";

interface PolicyTold {
  owner: string;
  status: string;
  price: bigint;
  payout: bigint;
  ended: bigint;
  collateral: bigint;
  held: bigint;
}

interface ProviderTold {
  deposited: bigint;
  withdrawn: bigint;
  escaped: bigint;
  since: bigint;
}

export interface Told {
  policies: Map<bigint, PolicyTold>;
  providers: Map<string, ProviderTold>;
  totals: Record<string, bigint>;
  closed: boolean;
}

const number = (event: Fields, name: string): bigint => event[name] as bigint;

export function rebuild(events: readonly Fields[]): Told {
  const told: Told = { policies: new Map(), providers: new Map(), totals: empty(), closed: false };
  for (const event of events) apply(told, event);
  return told;
}

const empty = (): Record<string, bigint> =>
  Object.fromEntries(
    ["available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped"].map(
      (name) => [name, 0n],
    ),
  );

function move(told: Told, changes: Record<string, bigint>): void {
  for (const [name, sats] of Object.entries(changes))
    told.totals[name] = (told.totals[name] as bigint) + sats;
}

function credit(told: Told, who: string, sats: bigint, height: bigint): void {
  const account = told.providers.get(who) ?? { deposited: 0n, withdrawn: 0n, escaped: 0n, since: height };
  told.providers.set(who, { ...account, deposited: account.deposited + sats });
}

function policy(told: Told, event: Fields): PolicyTold {
  return told.policies.get(number(event, "policy-id")) as PolicyTold;
}

function apply(told: Told, event: Fields): void {
  const height = number(event, "height");
  const amount = (event.amount ?? 0n) as bigint;
  switch (event.topic) {
    case "policy-created": {
      const { owner, collateral } = event.terms as { owner: string; collateral: bigint };
      told.policies.set(number(event, "policy-id"), {
        owner,
        collateral,
        status: "active",
        price: 0n,
        payout: 0n,
        ended: 0n,
        held: 0n,
      });
      break;
    }
    case "policy-status-updated":
      Object.assign(policy(told, event), {
        status: event.status,
        price: event.price,
        payout: event.payout,
        ended: height,
      });
      break;
    case "funds-deposited":
      credit(told, event.provider as string, amount, height);
      move(told, { available: amount, deposited: amount });
      break;
    case "funds-withdrawn":
      withdrawn(told, event, amount);
      break;
    case "collateral-locked":
      locked(told, event, amount, height);
      break;
    case "settlement-paid":
      policy(told, event).held = 0n;
      move(told, {
        available: number(event, "released"),
        payouts: number(event, "payout"),
        locked: -number(event, "released") - number(event, "payout"),
      });
      break;
    case "collateral-released": {
      const ids = event["policy-ids"] as bigint[];
      for (const id of ids) (told.policies.get(id) as PolicyTold).held = 0n;
      move(told, { available: amount, [ids.length > 0 ? "locked" : "buffer"]: -amount });
      break;
    }
    case "escape-opened":
      told.closed = true;
      move(told, { available: told.totals.buffer as bigint, buffer: -(told.totals.buffer as bigint) });
      break;
    default:
      break;
  }
}

function withdrawn(told: Told, event: Fields, amount: bigint): void {
  const account = told.providers.get(event.provider as string) as ProviderTold;
  const how = event.serial === null ? "escaped" : "withdrawn";
  account[how] += amount;
  move(told, { available: -amount, [how]: amount });
}

function locked(told: Told, event: Fields, amount: bigint, height: bigint): void {
  if (event["policy-id"] === null) {
    move(told, { available: -amount, buffer: amount });
    return;
  }
  const [premium, fee] = [number(event, "premium"), number(event, "fee")];
  policy(told, event).held = amount;
  credit(told, event.treasury as string, fee, height);
  move(told, { available: premium - amount, locked: amount, deposited: fee, premiums: premium - fee });
}
