/** The laws: what holds after every act, whoever acted and whatever was stolen. Each broken one is a sentence. */
import { type Fields, POOL, type Transfer } from "../support/chain";
import { payout } from "../support/payout";
import type { Told } from "../support/rebuild";
import type { Act } from "./acts";
import { due, profitOf } from "./judge/money";
import { released } from "./judge/policies";
import type { Account, Policy, Scene } from "./judge/scene";

export interface Deed {
  readonly act: Act;
  readonly before: Scene;
  readonly after: Told;
  readonly printed: readonly Fields[];
  readonly transfers: readonly Transfer[];
}

const BUCKETS = ["available", "locked", "buffer"];
const sum = (numbers: Iterable<bigint>): bigint => [...numbers].reduce((a, b) => a + b, 0n);
const total = (told: Told, name: string): bigint => told.totals[name] as bigint;

/** The sBTC that an act which succeeds must move: from whom, to whom, how much. */
function owed({ act, before }: Deed): Transfer[] {
  const move = (sender: string, recipient: string, sats: bigint): Transfer[] => [{ sender, recipient, sats }];
  switch (act.name) {
    case "deposit":
    case "donate":
      return move(act.by, POOL, act.amount);
    case "buy":
      return move(act.by, POOL, act.terms.premium);
    case "withdraw":
      return move(POOL, act.by, act.amount);
    case "settle": {
      const policy = before.policy(act.id) as Policy;
      return move(POOL, policy.owner, payout(policy, act.proof.price));
    }
    case "escape":
      return move(POOL, act.provider, due(before, act.provider, act.leaf));
    default:
      return [];
  }
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, field) => (typeof field === "bigint" ? `${field}` : field));

function* money(deed: Deed, vaultBalance: bigint, donated: bigint): Generator<string> {
  const { after } = deed;
  if (text(deed.transfers) !== text(owed(deed))) {
    yield `moved ${text(deed.transfers)} instead of ${text(owed(deed))}`;
  }
  const buckets = sum(BUCKETS.map((name) => total(after, name)));
  if (buckets + donated !== vaultBalance) yield `the vault has ${vaultBalance}, its buckets ${buckets}`;
  if (Object.values(after.totals).some((sats) => sats < 0n))
    yield `a total is below zero: ${text(after.totals)}`;
  const held = sum([...after.collaterals.values()] as bigint[]);
  if (total(after, "locked") !== held) yield `locked is ${total(after, "locked")}, the collateral ${held}`;
  const flow =
    total(after, "deposited") +
    total(after, "premiums") -
    total(after, "withdrawn") -
    total(after, "payouts");
  if (buckets !== flow - total(after, "escaped")) yield "the buckets are not what came in less what went out";
  const last = deed.printed.findLast((event) => "totals" in event);
  if (last !== undefined && text(sorted(last.totals as Fields)) !== text(sorted(after.totals)))
    yield `the event says ${text(last.totals)}, its parts ${text(after.totals)}`;
}

const sorted = (fields: Record<string, unknown>): [string, unknown][] =>
  Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));

function* policies({ act, before, after }: Deed): Generator<string> {
  if (act.name === "settle") {
    const policy = after.policies.get(`${act.id}`) as Fields;
    if (before.policy(act.id)?.status !== "active") yield `policy ${act.id} is paid twice`;
    if ((policy.payout as bigint) > (policy.collateral as bigint))
      yield `policy ${act.id} pays above its collateral`;
  }
  if (act.name === "release") {
    const gone = [...before.told.collaterals.keys()].filter((id) => !after.collaterals.has(id));
    if (text(gone.sort()) !== text(released(before, act).map(String).sort()))
      yield `released ${gone}, due were ${released(before, act)}`;
  }
}

function* covers({ after }: Deed): Generator<string> {
  for (const [id, policy] of after.policies as Map<string, Fields>) {
    const held = after.collaterals.get(id) ?? null;
    if (policy.status === "active" && held !== policy.collateral) yield `policy ${id} is not covered`;
    if (policy.status === "settled" && held !== null) yield `policy ${id} is paid and holds collateral`;
  }
}

function* providers({ act, before, after }: Deed): Generator<string> {
  if (act.name !== "withdraw") return;
  const account = after.providers.get(act.by) as Account;
  if (account.withdrawn > before.cap(account)) yield `${act.by} has withdrawn above deposits and cap`;
}

/** What this act added to its window, beside the limit as it was before. */
function* windows({ act, before, after }: Deed): Generator<string> {
  if (act.name === "buy" && after.window.sold > before.limit("sale-share")) yield "a window sold too much";
  if (act.name !== "withdraw") return;
  if (after.window.outflow > before.limit("outflow-share")) yield "a window let too much out";
  // A limit may have shrunk below what is gone already, by a payout; then deposits alone may leave.
  const profit = profitOf(before, act.by, act.amount);
  if (profit > 0n && before.window.profit + profit > before.limit("profit-share"))
    yield "a window let too much profit out";
}

/** Every law that an act which succeeded has broken. */
export function broken(deed: Deed, vaultBalance: bigint, donated: bigint): string[] {
  return [
    ...money(deed, vaultBalance, donated),
    ...policies(deed),
    ...covers(deed),
    ...providers(deed),
    ...windows(deed),
  ];
}
