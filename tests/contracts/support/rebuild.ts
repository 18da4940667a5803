/** The state of both contracts, told from nothing but their deployment and what they printed since. */
import type { Fields } from "./chain";

export type MapName =
  | "policies"
  | "quotes"
  | "requests"
  | "principals"
  | "signers"
  | "signer-counts"
  | "parameters"
  | "changes"
  | "pauses"
  | "providers"
  | "collaterals"
  | "serials";

/** Every map and every variable of both contracts, by the names that they have there. */
export interface Told extends Record<MapName, Map<string, unknown>> {
  "policy-count": bigint;
  "change-count": bigint;
  voided: { changes: bigint; seat: bigint };
  totals: Record<string, bigint>;
  window: { index: bigint; sold: bigint; outflow: bigint; profit: bigint };
  liabilities: Fields;
  "closed-at": bigint | null;
}

/** What a deployment says before anybody has called anything. */
export interface Deployment {
  readonly deployer: string;
  readonly height: bigint;
  readonly parameters: ReadonlyMap<string, Fields>;
}

interface Account {
  deposited: bigint;
  withdrawn: bigint;
  escaped: bigint;
  since: bigint;
}

const TOTALS = ["available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped"];
const ROLES = ["owner", "guardian", "treasury", "backend"];

export function rebuild(deployment: Deployment, events: readonly Fields[]): Told {
  const told = beginning(deployment);
  for (const event of events) tell(told, event);
  return told;
}

/** Adds what one event says; throws at a topic that nobody has described. */
export function tell(told: Told, event: Fields): void {
  const say = TOPICS[event.topic as string];
  if (say === undefined) throw new Error(`nobody knows the topic ${event.topic}`);
  say(told, event);
}

export function beginning({ deployer, height, parameters }: Deployment): Told {
  const root = { root: "", equity: 0n, deposited: 0n, withdrawn: 0n, "as-of": 0n, at: height };
  return {
    policies: new Map(),
    quotes: new Map(),
    requests: new Map(),
    principals: new Map(ROLES.map((role) => [role, deployer])),
    signers: new Map(),
    "signer-counts": new Map(),
    parameters: new Map(parameters),
    changes: new Map(),
    pauses: new Map(),
    providers: new Map(),
    collaterals: new Map(),
    serials: new Map(),
    "policy-count": 0n,
    "change-count": 0n,
    voided: { changes: 0n, seat: 0n },
    totals: Object.fromEntries(TOTALS.map((name) => [name, 0n])),
    window: { index: 0n, sold: 0n, outflow: 0n, profit: 0n },
    liabilities: root,
    "closed-at": null,
  };
}

const number = (event: Fields, name: string): bigint => event[name] as bigint;
const keyOf = (event: Fields, name: string): string => String(event[name]);

/** What each topic says of the state. */
const TOPICS: Record<string, (told: Told, event: Fields) => void> = {
  "policy-created": (told, event) => {
    const { "valid-until": _, "valid-until-time": __, ...terms } = event.terms as Fields;
    const id = number(event, "policy-id");
    const open = { start: number(event, "height"), status: "active", price: 0n, payout: 0n, ended: 0n };
    told.policies.set(`${id}`, { ...terms, ...open });
    told.quotes.set(terms["quote-id"] as string, id);
    told["policy-count"] = id;
  },
  "policy-status-updated": (told, event) => {
    const { status, price, payout, height } = event;
    const policy = told.policies.get(keyOf(event, "policy-id")) as Fields;
    told.policies.set(keyOf(event, "policy-id"), { ...policy, status, price, payout, ended: height });
  },
  "exercise-requested": (told, event) => {
    const request = { height: event.height, "min-payout": event["min-payout"] };
    told.requests.set(keyOf(event, "policy-id"), request);
  },
  "pool-set": (told, event) => told.principals.set("pool", event.pool),
  paused: (told, event) => told.pauses.set(keyOf(event, "what"), event.until),
  resumed: (told, event) => told.pauses.set(keyOf(event, "what"), event.height),
  "signer-removed": (told, event) => sign(told, event, false),
  "change-proposed": (told, event) => {
    told.changes.set(keyOf(event, "id"), event.change);
    told["change-count"] = number(event, "id");
  },
  "change-made": (told, event) => {
    told.changes.delete(keyOf(event, "id"));
    if (number(event, "id") > told["change-count"]) told["change-count"] = number(event, "id");
    make(told, event.change as Fields);
  },
  "changes-cancelled": (told, event) => {
    told.voided = event.voided as Told["voided"];
  },
  "funds-deposited": (told, event) => {
    const amount = number(event, "amount");
    credit(told, event, keyOf(event, "provider"), amount);
    move(told, { available: amount, deposited: amount });
  },
  "funds-withdrawn": withdrawn,
  "collateral-locked": locked,
  "settlement-paid": (told, event) => {
    const [released, payout] = [number(event, "released"), number(event, "payout")];
    told.collaterals.delete(keyOf(event, "policy-id"));
    move(told, { available: released, payouts: payout, locked: -released - payout });
  },
  "collateral-released": (told, event) => {
    const ids = event["policy-ids"] as bigint[];
    for (const id of ids) told.collaterals.delete(`${id}`);
    const amount = number(event, "amount");
    move(told, { available: amount, [ids.length > 0 ? "locked" : "buffer"]: -amount });
  },
  "liabilities-published": (told, event) => {
    told.liabilities = event.liabilities as Fields;
  },
  "escape-opened": (told, event) => {
    const buffer = told.totals.buffer as bigint;
    told["closed-at"] = number(event, "height");
    move(told, { available: buffer, buffer: -buffer });
  },
};

function make(told: Told, { action, name, value, key, who }: Fields): void {
  if (action === "principal") told.principals.set(name as string, who);
  if (action === "signer") sign(told, { role: name as string, key: key as string }, true);
  if (action === "parameter") {
    const parameter = told.parameters.get(name as string) as Fields;
    told.parameters.set(name as string, { ...parameter, value: value as bigint });
  }
}

function sign(told: Told, { role, key }: Fields, isAdded: boolean): void {
  const place = `${role} ${key}`;
  if (told.signers.has(place) === isAdded) return;
  const count = (told["signer-counts"].get(role as string) ?? 0n) as bigint;
  told["signer-counts"].set(role as string, count + (isAdded ? 1n : -1n));
  if (isAdded) told.signers.set(place, true);
  else told.signers.delete(place);
}

function move(told: Told, changes: Record<string, bigint>): void {
  for (const [name, sats] of Object.entries(changes))
    told.totals[name] = (told.totals[name] as bigint) + sats;
}

function credit(told: Told, event: Fields, who: string, sats: bigint): void {
  const nobody = { deposited: 0n, withdrawn: 0n, escaped: 0n, since: number(event, "height") };
  const account = (told.providers.get(who) ?? nobody) as Account;
  told.providers.set(who, { ...account, deposited: account.deposited + sats });
}

/** Adds to the movements of the event's window, and forgets those of an earlier one. */
function pass(
  told: Told,
  event: Fields,
  changes: Partial<Record<"sold" | "outflow" | "profit", bigint>>,
): void {
  const { value } = told.parameters.get("window") as { value: bigint };
  const index = number(event, "height") / value;
  const before = told.window.index === index ? told.window : { sold: 0n, outflow: 0n, profit: 0n };
  const { sold = 0n, outflow = 0n, profit = 0n } = changes;
  told.window = {
    index,
    sold: before.sold + sold,
    outflow: before.outflow + outflow,
    profit: before.profit + profit,
  };
}

function withdrawn(told: Told, event: Fields): void {
  const who = keyOf(event, "provider");
  const amount = number(event, "amount");
  const account = told.providers.get(who) as Account;
  if (event.serial === null) {
    told.providers.set(who, { ...account, escaped: account.escaped + amount });
    move(told, { available: -amount, escaped: amount });
    return;
  }
  const own = account.deposited > account.withdrawn ? account.deposited - account.withdrawn : 0n;
  told.serials.set(keyOf(event, "serial"), event.height);
  told.providers.set(who, { ...account, withdrawn: account.withdrawn + amount });
  pass(told, event, { outflow: amount, profit: amount > own ? amount - own : 0n });
  move(told, { available: -amount, withdrawn: amount });
}

function locked(told: Told, event: Fields): void {
  const amount = number(event, "amount");
  if (event["policy-id"] === null) {
    move(told, { available: -amount, buffer: amount });
    return;
  }
  const [premium, fee] = [number(event, "premium"), number(event, "fee")];
  told.collaterals.set(keyOf(event, "policy-id"), amount);
  credit(told, event, keyOf(event, "treasury"), fee);
  pass(told, event, { sold: amount });
  move(told, { available: premium - amount, locked: amount, deposited: fee, premiums: premium - fee });
}
