/** What somebody does to the contracts, in words that a judge understands and the VM can be given. */
import { Cl, type ClarityValue } from "@stacks/transactions";

import { POOL } from "../support/chain";
import {
  highS,
  type Key,
  type Leaf,
  type LiabilityTree,
  leafFields,
  proofSteps,
  type Step,
  sign,
  signatures,
  type Terms,
  termsFields,
} from "../support/messages";

/** One signature: who signs which digest, and whether it is spoilt. */
export interface Signed {
  readonly by: Key;
  readonly digest: string;
  readonly spoilt?: "twin" | "short" | "wallet";
}

export interface OrderOf {
  readonly id: string;
  readonly validUntil: bigint;
  readonly minPayout: bigint;
  readonly signed: Signed;
}

export interface Proof {
  readonly price: bigint;
  readonly height: bigint;
  readonly signed: readonly Signed[];
}

export type Act = { readonly by: string } & (
  | { name: "deposit"; amount: bigint; tier: string }
  | { name: "donate"; amount: bigint }
  | { name: "buy"; terms: Terms; quote: readonly Signed[]; reading: Proof }
  | {
      name: "withdraw";
      amount: bigint;
      tier: string;
      serial: string;
      validUntil: bigint;
      signed: readonly Signed[];
    }
  | { name: "settle"; id: bigint; proof: Proof; order?: OrderOf }
  | { name: "release"; ids: readonly bigint[]; proof?: Proof }
  | { name: "lock" | "unlock"; amount: bigint }
  | {
      name: "publish";
      root: string;
      equity: bigint;
      deposited: bigint;
      withdrawn: bigint;
      asOf: bigint;
    }
  | { name: "open-escape" }
  | { name: "escape"; provider: string; leaf: Leaf; steps: readonly Step[]; tree?: LiabilityTree }
  | { name: "request"; id: bigint; minPayout: bigint }
  | { name: "mark"; id: bigint; status: string }
  | { name: "create-entry"; terms: Terms; quote: readonly Signed[]; reading: Proof }
  | { name: "record-settlement"; id: bigint; proof: Proof }
  | { name: "record-expiry"; id: bigint; price: bigint; height: bigint }
  | { name: "set-pool"; who: string }
  | { name: "set-backend"; who: string }
  | { name: "propose-principal"; role: string; who: string }
  | { name: "propose-signer"; role: string; key: string }
  | { name: "propose-parameter"; parameter: string; value: bigint }
  | { name: "execute"; change: bigint }
  | { name: "cancel" }
  | { name: "remove-signer"; role: string; key: string }
  | { name: "pause"; what: string; blocks: bigint }
  | { name: "resume"; what: string }
);

export type Named<Name extends Act["name"]> = Extract<Act, { name: Name }>;

/** A signature as its bytes: a twin has the high S, a short one lacks V, a wallet's V begins at 27. */
function bytes({ by, digest, spoilt }: Signed): string {
  const good = sign(digest, by);
  if (spoilt === "twin") return highS(good);
  if (spoilt === "short") return good.slice(0, 128);
  if (spoilt === "wallet")
    return good.slice(0, 128) + (Number.parseInt(good.slice(128), 16) + 27).toString(16);
  return good;
}

const list = (signed: readonly Signed[]): ClarityValue => signatures(signed.map(bytes));
const text = Cl.stringAscii;
const hex = Cl.bufferFromHex;

function order(of?: OrderOf): ClarityValue {
  if (of === undefined) return Cl.none();
  return Cl.some(
    Cl.tuple({
      id: hex(of.id),
      "valid-until": Cl.uint(of.validUntil),
      "min-payout": Cl.uint(of.minPayout),
      signature: hex(bytes(of.signed)),
    }),
  );
}

function proof(of?: Proof): ClarityValue {
  if (of === undefined) return Cl.none();
  const fields = { price: Cl.uint(of.price), height: Cl.uint(of.height), attestations: list(of.signed) };
  return Cl.some(Cl.tuple(fields));
}

const sale = ({ terms, quote, reading }: Named<"buy"> | Named<"create-entry">): ClarityValue[] => [
  Cl.tuple(termsFields(terms)),
  list(quote),
  Cl.uint(reading.price),
  Cl.uint(reading.height),
  list(reading.signed),
];

export interface Call {
  readonly contract: string;
  readonly method: string;
  readonly args: ClarityValue[];
}

type Encoders = { [Name in Act["name"]]: (act: Named<Name>) => Call };

const pool = (method: string, ...args: ClarityValue[]): Call => ({
  contract: "liquidity-pool",
  method,
  args,
});
const registry = (method: string, ...args: ClarityValue[]): Call => ({
  contract: "policy-registry",
  method,
  args,
});

const ENCODERS: Encoders = {
  donate: ({ amount, by }) => ({
    contract: "sbtc-token",
    method: "transfer",
    args: [Cl.uint(amount), Cl.principal(by), Cl.principal(POOL), Cl.none()],
  }),
  deposit: ({ amount, tier }) => pool("deposit-funds", Cl.uint(amount), text(tier)),
  buy: (act) => pool("buy-policy", ...sale(act)),
  withdraw: ({ amount, tier, serial, validUntil, signed }) =>
    pool("withdraw-funds", Cl.uint(amount), text(tier), hex(serial), Cl.uint(validUntil), list(signed)),
  settle: ({ id, proof: { price, height, signed }, order: of }) =>
    pool("settle-policy", Cl.uint(id), Cl.uint(price), Cl.uint(height), list(signed), order(of)),
  release: ({ ids, proof: of }) =>
    pool("release-collateral-aggregate", Cl.list(ids.map((id) => Cl.uint(id))), proof(of)),
  lock: ({ amount }) => pool("lock-collateral-aggregate", Cl.uint(amount)),
  unlock: ({ amount }) => pool("unlock-collateral-aggregate", Cl.uint(amount)),
  publish: ({ root, equity, deposited, withdrawn, asOf }) =>
    pool(
      "publish-liabilities",
      hex(root),
      ...[equity, deposited, withdrawn, asOf].map((sats) => Cl.uint(sats)),
    ),
  "open-escape": () => pool("open-escape"),
  escape: ({ provider, leaf, steps }) =>
    pool("escape-funds", Cl.principal(provider), leafFields(leaf), proofSteps(steps)),
  request: ({ id, minPayout }) => registry("request-exercise", Cl.uint(id), Cl.uint(minPayout)),
  mark: ({ id, status }) => registry("update-policy-status", Cl.uint(id), text(status)),
  "create-entry": (act) => registry("create-policy-entry", ...sale(act)),
  "record-settlement": ({ id, proof: { price, height, signed } }) =>
    registry("record-settlement", Cl.uint(id), Cl.uint(price), Cl.uint(height), list(signed), Cl.none()),
  "record-expiry": ({ id, price, height }) =>
    registry("record-expiry", Cl.uint(id), Cl.uint(price), Cl.uint(height)),
  "set-pool": ({ who }) => registry("set-pool", Cl.principal(who)),
  "set-backend": ({ who }) => registry("set-backend-principal", Cl.principal(who)),
  "propose-principal": ({ role, who }) => registry("propose-principal", text(role), Cl.principal(who)),
  "propose-signer": ({ role, key }) => registry("propose-signer", text(role), hex(key)),
  "propose-parameter": ({ parameter, value }) =>
    registry("propose-parameter", text(parameter), Cl.uint(value)),
  execute: ({ change }) => registry("execute-change", Cl.uint(change)),
  cancel: () => registry("cancel-changes"),
  "remove-signer": ({ role, key }) => registry("remove-signer", text(role), hex(key)),
  pause: ({ what, blocks }) => registry("pause", text(what), Cl.uint(blocks)),
  resume: ({ what }) => registry("resume", text(what)),
};

/** The act as a call of the VM; the token goes by its name alone. */
export const encode = (act: Act): Call => (ENCODERS[act.name] as (of: Act) => Call)(act);
