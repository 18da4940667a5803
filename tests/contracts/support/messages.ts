/** Signed messages, built apart from the contracts: SIP-018 digests, signatures, the tree of liabilities. */
import { createHash } from "node:crypto";

import {
  Cl,
  type ClarityValue,
  getAddressFromPrivateKey,
  privateKeyToPublic,
  publicKeyToHex,
  serializeCV,
  signMessageHashRsv,
} from "@stacks/transactions";

import { POOL, REGISTRY } from "./chain";

/** The number of points of secp256k1. */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
export const TESTNET = 2_147_483_648n;

export interface Key {
  readonly secret: string;
  readonly compressed: string;
  readonly address: string;
}

export interface Terms {
  readonly quoteId: string;
  readonly owner: string;
  readonly option: string;
  readonly strike: bigint;
  readonly amount: bigint;
  readonly collateral: bigint;
  readonly premium: bigint;
  readonly fee: bigint;
  readonly tier: string;
  readonly expiry: bigint;
  readonly validUntil: bigint;
  readonly validUntilTime: bigint;
}

export interface Leaf {
  readonly equity: bigint;
  readonly deposited: bigint;
  readonly withdrawn: bigint;
}

export interface Step {
  readonly sibling: string;
  readonly left: boolean;
}

/** A key made from a small number, so that every run has the same ones. */
export function key(number: number): Key {
  const secret = `${createHash("sha256").update(`bithedge test key ${number}`).digest("hex")}01`;
  const compressed = publicKeyToHex(privateKeyToPublic(secret));
  return { secret, compressed, address: getAddressFromPrivateKey(secret, "testnet") };
}

const sha256 = (...parts: string[]): string =>
  createHash("sha256")
    .update(Buffer.from(parts.join(""), "hex"))
    .digest("hex");

/** The digest that SIP-018 has signed, as 64 hex digits. */
export function digest(message: ClarityValue, chainId: bigint = TESTNET): string {
  const domain = Cl.tuple({
    name: Cl.stringAscii("BitHedge"),
    version: Cl.stringAscii("1"),
    "chain-id": Cl.uint(chainId),
  });
  return sha256("534950303138", sha256(serializeCV(domain)), sha256(serializeCV(message)));
}

/** The 12 fields of a quote, as the contracts take them. */
export function termsFields(terms: Terms): Record<string, ClarityValue> {
  return {
    "quote-id": Cl.bufferFromHex(terms.quoteId),
    owner: Cl.principal(terms.owner),
    option: Cl.stringAscii(terms.option),
    strike: Cl.uint(terms.strike),
    amount: Cl.uint(terms.amount),
    collateral: Cl.uint(terms.collateral),
    premium: Cl.uint(terms.premium),
    fee: Cl.uint(terms.fee),
    tier: Cl.stringAscii(terms.tier),
    expiry: Cl.uint(terms.expiry),
    "valid-until": Cl.uint(terms.validUntil),
    "valid-until-time": Cl.uint(terms.validUntilTime),
  };
}

function message(kind: string, contract: string, fields: Record<string, ClarityValue>): ClarityValue {
  return Cl.tuple({ kind: Cl.stringAscii(kind), contract: Cl.principal(contract), ...fields });
}

export const quoteMessage = (terms: Terms, contract = REGISTRY): ClarityValue =>
  message("quote", contract, termsFields(terms));

/** The id of the reading made for the sale of these terms. */
export const saleId = (terms: Terms): string => digest(quoteMessage(terms)).slice(0, 32);

export const attestationMessage = (price: bigint, height: bigint, contract = REGISTRY): ClarityValue =>
  message("attestation", contract, { price: Cl.uint(price), height: Cl.uint(height) });

export const readingMessage = (quoteId: string, id: string, price: bigint, height: bigint): ClarityValue =>
  message("reading", REGISTRY, {
    "quote-id": Cl.bufferFromHex(quoteId),
    id: Cl.bufferFromHex(id),
    price: Cl.uint(price),
    height: Cl.uint(height),
  });

export interface Command {
  readonly owner: string;
  readonly policyId: bigint;
  readonly quoteId: string;
  readonly id: string;
  readonly minPayout: bigint;
  readonly validUntil: bigint;
}

export const commandMessage = (command: Command): ClarityValue =>
  message("command", REGISTRY, {
    action: Cl.stringAscii("activate-policy"),
    address: Cl.principal(command.owner),
    id: Cl.bufferFromHex(command.id),
    "valid-until": Cl.uint(command.validUntil),
    "policy-id": Cl.uint(command.policyId),
    "quote-id": Cl.bufferFromHex(command.quoteId),
    "min-payout-sats": Cl.uint(command.minPayout),
  });

export interface Voucher {
  readonly provider: string;
  readonly amount: bigint;
  readonly tier: string;
  readonly serial: string;
  readonly validUntil: bigint;
}

export const voucherMessage = (voucher: Voucher, contract = POOL, kind = "voucher"): ClarityValue =>
  message(kind, contract, {
    provider: Cl.principal(voucher.provider),
    amount: Cl.uint(voucher.amount),
    tier: Cl.stringAscii(voucher.tier),
    serial: Cl.bufferFromHex(voucher.serial),
    "valid-until": Cl.uint(voucher.validUntil),
  });

/** A signature as the contracts want it: 65 bytes R S V, low S, V 0 to 3. */
export function sign(hash: string, signer: Key): string {
  return signMessageHashRsv({ messageHash: hash, privateKey: signer.secret });
}

/** The other signature of the same message by the same key: S' = n - S, V flipped. */
export function highS(signature: string): string {
  const s = ORDER - BigInt(`0x${signature.slice(64, 128)}`);
  const v = Number.parseInt(signature.slice(128), 16) ^ 1;
  return signature.slice(0, 64) + s.toString(16).padStart(64, "0") + v.toString(16).padStart(2, "0");
}

export const signatures = (list: readonly string[]): ClarityValue =>
  Cl.list(list.map((one) => Cl.bufferFromHex(one)));

export const leafFields = (leaf: Leaf): ClarityValue =>
  Cl.tuple({
    equity: Cl.uint(leaf.equity),
    deposited: Cl.uint(leaf.deposited),
    withdrawn: Cl.uint(leaf.withdrawn),
  });

export const proofSteps = (steps: readonly Step[]): ClarityValue =>
  Cl.list(
    steps.map(({ sibling, left }) => Cl.tuple({ sibling: Cl.bufferFromHex(sibling), left: Cl.bool(left) })),
  );

export function leafHash(provider: string, leaf: Leaf): string {
  const fields = { equity: leaf.equity, deposited: leaf.deposited, withdrawn: leaf.withdrawn };
  const values = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Cl.uint(value)]));
  return sha256("00", serializeCV(Cl.tuple({ provider: Cl.principal(provider), ...values })));
}

export const nodeHash = (left: string, right: string): string => sha256("01", left, right);

/** The tree over all providers' leaves, ordered by the principal's consensus bytes; an odd node rises unchanged. */
export class LiabilityTree {
  private readonly providers: string[];
  private readonly levels: string[][];

  constructor(private readonly leaves: ReadonlyMap<string, Leaf>) {
    const bytes = (provider: string): string => serializeCV(Cl.principal(provider));
    this.providers = [...leaves.keys()].sort((a, b) => (bytes(a) < bytes(b) ? -1 : 1));
    let level = this.providers.map((provider) => leafHash(provider, this.leaf(provider)));
    this.levels = [level];
    while (level.length > 1) {
      const below = level;
      level = [];
      for (let at = 0; at < below.length; at += 2) {
        const [left, right] = [below[at] as string, below[at + 1]];
        level.push(right === undefined ? left : nodeHash(left, right));
      }
      this.levels.push(level);
    }
  }

  knows(provider: string): boolean {
    return this.leaves.has(provider);
  }

  leaf(provider: string): Leaf {
    const leaf = this.leaves.get(provider);
    if (leaf === undefined) throw new Error(`no leaf for ${provider}`);
    return leaf;
  }

  get root(): string {
    return this.levels.at(-1)?.[0] ?? "";
  }

  sum(field: keyof Leaf): bigint {
    return [...this.leaves.values()].reduce((total, leaf) => total + leaf[field], 0n);
  }

  proof(provider: string): Step[] {
    let at = this.providers.indexOf(provider);
    const steps: Step[] = [];
    for (const level of this.levels.slice(0, -1)) {
      const sibling = level[at ^ 1];
      if (sibling !== undefined) steps.push({ sibling, left: at % 2 === 1 });
      at >>= 1;
    }
    return steps;
  }
}
