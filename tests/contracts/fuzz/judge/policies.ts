/** When a policy may be sold, asked for, settled and released: contracts.md told a second time, in other words. */
import {
  attestationMessage,
  commandMessage,
  digest,
  quoteMessage,
  readingMessage,
  saleId,
} from "../../support/messages";
import { payout } from "../../support/payout";
import type { Act, Named, OrderOf, Proof } from "../acts";
import { BPS, isPrice, type Policy, type Scene } from "./scene";

type Verdict = string | undefined;
const TIERS = ["conservative", "balanced", "aggressive"];
const ORDER_GRACE = 7_200n;

const publicDigest = ({ price, height }: Proof): string => digest(attestationMessage(price, height));

function badTerms(scene: Scene, { terms }: Named<"buy">): Verdict {
  const { option, strike, amount, collateral, premium, fee, tier, expiry } = terms;
  const sane =
    (option === "put" || option === "call") &&
    isPrice(strike) &&
    amount >= scene.parameter("min-amount") &&
    amount <= scene.parameter("max-amount") &&
    collateral >= scene.parameter("min-collateral") &&
    collateral >= amount / 20n &&
    collateral <= amount &&
    premium > 0n &&
    premium <= amount &&
    premium * BPS >= collateral &&
    fee <= (premium * scene.parameter("max-fee")) / BPS &&
    TIERS.includes(tier) &&
    expiry > scene.height &&
    expiry <= scene.height + scene.parameter("max-tenor");
  return sane ? undefined : "terms out of bounds";
}

export function buying(scene: Scene, act: Named<"buy">): Verdict {
  const { terms, by } = act;
  const { height } = scene;
  if (by !== terms.owner) return "another's quote";
  if (scene.isClosed) return "closed";
  if (terms.collateral > scene.total("available")) return "too little available";
  if (scene.window.sold + terms.collateral > scene.limit("sale-share")) return "the window is full";
  if (scene.isPaused("sales")) return "sales paused";
  const bad = badTerms(scene, act);
  if (bad !== undefined) return bad;
  if (height > terms.validUntil || scene.time > terms.validUntilTime) return "lapsed";
  if (!scene.isSigned("quote", digest(quoteMessage(terms)), act.quote)) return "no quote";
  const unread = badReading(scene, act);
  if (unread !== undefined) return unread;
  if (scene.told.quotes.has(terms.quoteId)) return "sold before";
  return scene.balance(by) < terms.premium ? "cannot pay" : undefined;
}

/** The price that attestors have read for this sale alone, and what it makes of the terms. */
function badReading(scene: Scene, { terms, reading }: Named<"buy">): Verdict {
  const { price, height, signed } = reading;
  const isFresh = height <= scene.height && scene.height <= height + scene.parameter("sale-age");
  if (!isPrice(price) || !isFresh) return "the reading's age or price";
  const read = digest(readingMessage(terms.quoteId, saleId(terms), price, height));
  if (!scene.isSigned("attestor", read, signed)) return "no reading";
  return payout(terms, price) > terms.premium - terms.fee ? "pays more than it costs" : undefined;
}

export function requesting(scene: Scene, { id, by }: Named<"request">): Verdict {
  const policy = scene.policy(id);
  if (policy === undefined || policy.owner !== by) return "not the holder's";
  if (policy.status !== "active") return "over";
  if (scene.height >= policy.expiry) return "too late";
  const earlier = requestOf(scene, id);
  return earlier !== undefined && scene.height <= earlier.until ? "one is pending" : undefined;
}

/** The last request for a policy: the height whose price it is bound to, its minimum, its last height. */
function requestOf(scene: Scene, id: bigint): { at: bigint; minPayout: bigint; until: bigint } | undefined {
  const request = scene.told.requests.get(`${id}`) as { height: bigint; "min-payout": bigint } | undefined;
  if (request === undefined) return undefined;
  const at = request.height + 1n;
  return {
    at,
    minPayout: request["min-payout"],
    until: afterPause(scene, at) + scene.parameter("request-life"),
  };
}

const afterPause = (scene: Scene, height: bigint): bigint => {
  const resumed = scene.pausedUntil("settlements");
  return resumed > height ? resumed : height;
};

/** Whether one of the four rules lets this price settle the policy. */
function isRuled(scene: Scene, policy: Policy, act: Named<"settle">, sats: bigint): boolean {
  const { height } = act.proof;
  if (height <= policy.start || height > policy.expiry || height > scene.height) return false;
  if (act.order !== undefined) return scene.height <= height + scene.parameter("max-age");
  if (sats === policy.collateral) return true;
  if (height === policy.expiry && scene.height > policy.expiry) return true;
  const request = requestOf(scene, act.id);
  if (request === undefined) return false;
  return height === request.at && sats >= request.minPayout && scene.height <= request.until;
}

function badOrder(scene: Scene, policy: Policy, id: bigint, order: OrderOf, sats: bigint): Verdict {
  if (scene.time > order.validUntil + ORDER_GRACE) return "the order has lapsed";
  if (sats < order.minPayout) return "below the order's minimum";
  const command = { ...order, owner: policy.owner, policyId: id, quoteId: policy["quote-id"] };
  const { by, digest: of, spoilt } = order.signed;
  const isOwners =
    by.address === policy.owner && of === digest(commandMessage(command)) && spoilt === undefined;
  return isOwners ? undefined : "not the holder's order";
}

export function settling(scene: Scene, act: Named<"settle">): Verdict {
  const { id, proof, order } = act;
  const policy = scene.policy(id);
  if (policy === undefined || !scene.told.collaterals.has(`${id}`)) return "no collateral";
  if (!isPrice(proof.price)) return "no price";
  if (scene.isPaused("settlements")) return "settlements paused";
  if (policy.status !== "active") return "over";
  const sats = payout(policy, proof.price);
  if (!isRuled(scene, policy, act, sats)) return "no rule";
  const signed =
    order === undefined
      ? publicDigest(proof)
      : digest(readingMessage(policy["quote-id"], order.id, proof.price, proof.height));
  if (!scene.isSigned("attestor", signed, proof.signed)) return "no price signed";
  if (sats === 0n) return "out of the money";
  return order === undefined ? undefined : badOrder(scene, policy, id, order, sats);
}

/** Whether a release lets this policy go. */
function isDue(scene: Scene, id: bigint, proof?: Proof): boolean {
  const policy = scene.policy(id);
  if (policy === undefined || policy.status === "settled") return false;
  if (proof !== undefined && !isPrice(proof.price)) return false;
  if (policy.status === "expired") return true;
  const { expiry } = policy;
  if (proof === undefined) return scene.height > afterPause(scene, expiry) + scene.parameter("grace");
  const isTime = scene.height > afterPause(scene, expiry) + scene.parameter("request-life");
  return proof.height === expiry && isTime && payout(policy, proof.price) === 0n;
}

/** The policies of a batch that go, each once. */
export function released(scene: Scene, { ids, proof }: Named<"release">): bigint[] {
  const held = [...new Set(ids)].filter((id) => scene.told.collaterals.has(`${id}`));
  return held.filter((id) => isDue(scene, id, proof));
}

export function releasing(scene: Scene, act: Named<"release">): Verdict {
  const { proof } = act;
  if (proof !== undefined && !scene.isSigned("attestor", publicDigest(proof), proof.signed))
    return "no price signed";
  return released(scene, act).length === 0 ? "nothing to release" : undefined;
}

export function marking(scene: Scene, { id, status, by }: Named<"mark">): Verdict {
  const policy = scene.policy(id);
  if (policy === undefined || !scene.hasRole("backend", by)) return "not the backend";
  if (status !== "expired" || policy.status === "settled") return "no such step";
  if (policy.status === "expired") return undefined;
  const isLate = scene.height > afterPause(scene, policy.expiry) + scene.parameter("grace");
  return isLate ? undefined : "too early";
}

/** These are the pool's alone, and no wallet is the pool. */
export const poolsAlone = (_: Scene, __: Act): Verdict => "the pool's alone";
