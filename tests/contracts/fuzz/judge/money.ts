/** When a provider's or the backend's sats may move, told a second time. */
import type { Leaf } from "../../support/messages";
import type { Named } from "../acts";
import { BPS, least, type Scene } from "./scene";

type Verdict = string | undefined;
const TIERS = ["conservative", "balanced", "aggressive"];
const EMPTY = "0,0,0";

export const minus = (a: bigint, b: bigint): bigint => (a > b ? a - b : 0n);

export function depositing(scene: Scene, { amount, tier, by }: Named<"deposit">): Verdict {
  if (scene.isClosed) return "closed";
  if (scene.isPaused("sales")) return "sales paused";
  if (!TIERS.includes(tier)) return "no tier";
  if (amount < scene.parameter("min-deposit")) return "too small";
  return scene.balance(by) < amount ? "cannot pay" : undefined;
}

export const donating = (scene: Scene, { amount, by }: Named<"donate">): Verdict =>
  amount === 0n || scene.balance(by) < amount ? "cannot pay" : undefined;

/** The part of a withdrawal that its provider had not put in. */
export function profitOf(scene: Scene, who: string, amount: bigint): bigint {
  const account = scene.account(who);
  return minus(amount, minus(account.deposited, account.withdrawn));
}

/** The most that a provider could withdraw now. */
export function mostToWithdraw(scene: Scene, who: string): bigint {
  const account = scene.account(who);
  const { outflow, profit } = scene.window;
  const own = minus(account.deposited, account.withdrawn);
  return least(
    scene.total("available"),
    minus(scene.cap(account), account.withdrawn),
    minus(scene.limit("outflow-share"), outflow),
    own + minus(scene.limit("profit-share"), profit),
  );
}

export function withdrawing(scene: Scene, act: Named<"withdraw">, digest: string): Verdict {
  const { amount, serial, validUntil, signed, by } = act;
  if (scene.isClosed) return "closed";
  if (scene.isPaused("withdrawals")) return "withdrawals paused";
  if (amount === 0n) return "nothing";
  if (scene.height > validUntil) return "lapsed";
  if (!scene.isSigned("voucher", digest, signed)) return "no voucher";
  if (scene.told.serials.has(serial)) return "used before";
  return amount > mostToWithdraw(scene, by) ? "above a limit" : undefined;
}

export function locking(scene: Scene, { amount, by }: Named<"lock">): Verdict {
  if (!scene.hasRole("backend", by)) return "not the backend";
  if (scene.isClosed) return "closed";
  if (amount === 0n || amount > scene.total("available")) return "no such amount";
  const share = (scene.vault * scene.parameter("buffer-share")) / BPS;
  return scene.total("buffer") + amount > share ? "above the share" : undefined;
}

export function unlocking(scene: Scene, { amount, by }: Named<"unlock">): Verdict {
  if (!scene.hasRole("backend", by)) return "not the backend";
  return amount === 0n || amount > scene.total("buffer") ? "no such amount" : undefined;
}

export function publishing(scene: Scene, act: Named<"publish">): Verdict {
  const { root, equity, deposited, withdrawn, asOf, by } = act;
  if (!scene.hasRole("backend", by)) return "not the backend";
  if (scene.isClosed) return "closed";
  if (root.length !== 64) return "no root";
  if (asOf < (scene.told.liabilities["as-of"] as bigint) || asOf >= scene.height) return "out of order";
  if (deposited > scene.total("deposited") || withdrawn > scene.total("withdrawn"))
    return "more than happened";
  const claims = equity + (scene.total("deposited") - deposited);
  return claims > scene.vault + (scene.total("withdrawn") - withdrawn) ? "more than the vault" : undefined;
}

export function opening(scene: Scene): Verdict {
  if (scene.isClosed) return "closed";
  const last = scene.told.liabilities.at as bigint;
  return scene.height > last + scene.parameter("silence") ? undefined : "not silent";
}

const words = ({ equity, deposited, withdrawn }: Leaf): string => `${equity},${deposited},${withdrawn}`;

/** Equity of one time, brought up to date by what was deposited and withdrawn since. */
const brought = (equity: bigint, now: Omit<Leaf, "equity">, then: Omit<Leaf, "equity">): bigint =>
  minus(equity + minus(now.deposited, then.deposited), minus(now.withdrawn, then.withdrawn));

/** What one claim would give of all that is free. */
function shareOf(scene: Scene, claim: bigint): bigint {
  const root = scene.told.liabilities as unknown as Leaf;
  const now = { deposited: scene.total("deposited"), withdrawn: scene.total("withdrawn") };
  const all = brought(root.equity, now, root);
  return all === 0n ? 0n : (claim * (scene.total("available") + scene.total("escaped"))) / all;
}

/** The most that a provider could leave with, whatever a leaf says. */
export function ceilingOfEscape(scene: Scene, provider: string): bigint {
  const account = scene.account(provider);
  return shareOf(scene, minus(scene.cap(account), account.withdrawn));
}

/** What is due to a provider by a leaf. */
export function due(scene: Scene, provider: string, leaf: Leaf): bigint {
  const account = scene.account(provider);
  const root = scene.told.liabilities as unknown as Leaf;
  const claim = least(
    brought(least(leaf.equity, root.equity), account, leaf),
    minus(scene.cap(account), account.withdrawn),
  );
  return least(minus(shareOf(scene, claim), account.escaped), scene.total("available"));
}

export function escaping(scene: Scene, { provider, leaf, steps, tree }: Named<"escape">): Verdict {
  if (!scene.isClosed) return "open";
  const isProven =
    tree !== undefined &&
    tree.root === scene.told.liabilities.root &&
    tree.knows(provider) &&
    words(tree.leaf(provider)) === words(leaf) &&
    JSON.stringify(tree.proof(provider)) === JSON.stringify(steps);
  const isLater =
    words(leaf) === EMPTY && scene.account(provider).since > (scene.told.liabilities["as-of"] as bigint);
  if (!isProven && !isLater) return "no proof";
  return due(scene, provider, leaf) === 0n ? "nothing due" : undefined;
}
