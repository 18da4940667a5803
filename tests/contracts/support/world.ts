/** A product in use: contracts set up, keys, users with sBTC, and the words to act with. */
import { Cl, type ClarityValue } from "@stacks/transactions";

import { Chain, DEPLOYER, type Fields, type Plain, POOL } from "./chain";
import {
  attestationMessage,
  commandMessage,
  digest,
  type Key,
  key,
  type Leaf,
  type LiabilityTree,
  leafFields,
  proofSteps,
  quoteMessage,
  readingMessage,
  type Step,
  saleId,
  sign,
  signatures,
  type Terms,
  termsFields,
  voucherMessage,
} from "./messages";
import type { Deployment } from "./rebuild";
import { deployment } from "./state";

export const OWNER = DEPLOYER;
export const [GUARDIAN, TREASURY, BACKEND, STRANGER] = [key(1), key(2), key(3), key(4)].map(
  (k) => k.address,
) as [string, string, string, string];
export const [HOLDER, OTHER_HOLDER, ALICE, BOB, CAROL] = [key(11), key(12), key(13), key(14), key(15)] as [
  Key,
  Key,
  Key,
  Key,
  Key,
];
export const [QUOTE_KEY, SPARE_QUOTE_KEY] = [key(21), key(22)] as [Key, Key];
export const [VOUCHER_KEY, SPARE_VOUCHER_KEY] = [key(23), key(24)] as [Key, Key];
export const ATTESTORS = [key(25), key(26), key(27)] as [Key, Key, Key];
export const STRANGER_KEY = key(28);

const EVERYBODY = [OWNER, GUARDIAN, TREASURY, BACKEND, STRANGER].concat(
  [HOLDER, OTHER_HOLDER, ALICE, BOB, CAROL].map(({ address }) => address),
);
const EVERY_KEY = [
  ...[QUOTE_KEY, SPARE_QUOTE_KEY, VOUCHER_KEY, SPARE_VOUCHER_KEY],
  ...[...ATTESTORS, STRANGER_KEY, HOLDER],
];

export const BTC = 100_000_000n;
export const MAX_PRICE = 9_000_000_000_000_000n;
export const usd = (dollars: number): bigint => BigInt(Math.round(dollars * 100)) * 1_000_000n;
/** Sixteen bytes that are a number, for quote ids, serials and commands. */
export const id16 = (number: number): string => number.toString(16).padStart(32, "0");

export interface Order {
  readonly id: string;
  readonly validUntil: bigint;
  readonly minPayout: bigint;
  readonly signature: string;
}

interface Sale {
  terms: Terms;
  price: bigint;
  height: bigint;
  caller: string;
  signatures: string[];
  readings: string[];
}

interface SettlementCall {
  price: bigint;
  height: bigint;
  caller: string;
  attestations: string[];
  order: Order;
}

interface Withdrawal {
  tier: string;
  serial: string;
  validUntil: bigint;
  caller: string;
  signatures: string[];
}

export interface Options {
  /** Parameters set before the set-up is sealed. */
  parameters?: Record<string, bigint>;
  /** Sats deposited by Alice for a start. */
  deposit?: bigint;
  sealed?: boolean;
  attestors?: readonly Key[];
}

let current: World | undefined;
/** The world of the test that has just run, once. */
export function takeWorld(): World | undefined {
  const world = current;
  current = undefined;
  return world;
}

export async function aWorld(options: Options = {}): Promise<World> {
  const world = new World(await Chain.start());
  world.setUp(options);
  current = world;
  return world;
}

export class World {
  private serial = 0;
  /** Sats sent to the pool by no function of its own. */
  donated = 0n;
  readonly deployed: Deployment;
  /** Every name used in a call, whatever became of it. */
  readonly tried = {
    quotes: new Set<string>(),
    serials: new Set<string>(),
    providers: new Set(EVERYBODY),
    keys: new Set(EVERY_KEY.map(({ compressed }) => compressed)),
  };

  constructor(readonly chain: Chain) {
    this.deployed = deployment(chain);
  }

  setUp({ parameters = {}, deposit = 10n * BTC, sealed = true, attestors = ATTESTORS }: Options): void {
    for (const [role, keys] of Object.entries({
      quote: [QUOTE_KEY, SPARE_QUOTE_KEY],
      voucher: [VOUCHER_KEY, SPARE_VOUCHER_KEY],
      attestor: attestors,
    })) {
      for (const { compressed } of keys) {
        this.tried.keys.add(compressed);
        this.govern("propose-signer", [Cl.stringAscii(role), Cl.bufferFromHex(compressed)]);
      }
    }
    for (const [name, value] of Object.entries(parameters)) {
      this.govern("propose-parameter", [Cl.stringAscii(name), Cl.uint(value)]);
    }
    for (const [role, who] of Object.entries({ guardian: GUARDIAN, treasury: TREASURY, backend: BACKEND })) {
      this.govern("propose-principal", [Cl.stringAscii(role), Cl.principal(who)]);
    }
    for (const { address } of [HOLDER, OTHER_HOLDER, ALICE, BOB, CAROL]) this.chain.mint(address, 100n * BTC);
    if (!sealed) return;
    this.govern("set-pool", [Cl.principal(POOL)]);
    if (deposit > 0n) this.must(this.deposit(ALICE, deposit));
  }

  // ------------------------------------------------------------ calls

  registry(method: string, args: ClarityValue[], caller: string): Plain {
    return this.chain.call("policy-registry", method, args, caller);
  }

  pool(method: string, args: ClarityValue[], caller: string): Plain {
    return this.chain.call("liquidity-pool", method, args, caller);
  }

  /** The value of a call that cannot fail here. */
  must(result: Plain): Plain {
    const { ok } = result as { ok?: Plain };
    if (ok === undefined)
      throw new Error(`refused: ${JSON.stringify(result, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`);
    return ok;
  }

  govern(method: string, args: ClarityValue[], caller = OWNER): Plain {
    return this.must(this.registry(method, args, caller));
  }

  deposit(who: Key, amount: bigint, tier = "balanced"): Plain {
    return this.pool("deposit-funds", [Cl.uint(amount), Cl.stringAscii(tier)], who.address);
  }

  donate(who: Key, amount: bigint): void {
    const args = [Cl.uint(amount), Cl.principal(who.address), Cl.principal(POOL), Cl.none()];
    this.must(this.chain.call(this.chain.token, "transfer", args, who.address));
    this.donated += amount;
  }

  // ------------------------------------------------------------ sales

  terms(changes: Partial<Terms> = {}): Terms {
    this.serial += 1;
    return {
      quoteId: id16(this.serial),
      owner: HOLDER.address,
      option: "put",
      strike: usd(60_000),
      amount: 10_000_000n,
      collateral: 5_000_000n,
      premium: 300_000n,
      fee: 15_000n,
      tier: "balanced",
      expiry: this.chain.height + 144n,
      validUntil: this.chain.height + 2n,
      validUntilTime: this.chain.time + 600n,
      ...changes,
    };
  }

  buy(changes: Partial<Terms> = {}, sale: Partial<Sale> = {}): Plain {
    const terms = sale.terms ?? this.terms(changes);
    return this.pool("buy-policy", this.saleArguments(terms, sale), sale.caller ?? terms.owner);
  }

  /** The id of an entry made by whoever stands as the pool, without any money. */
  entry(changes: Partial<Terms>, pool: string): bigint {
    return this.must(
      this.registry("create-policy-entry", this.saleArguments(this.terms(changes)), pool),
    ) as bigint;
  }

  private saleArguments(terms: Terms, sale: Partial<Sale> = {}): ClarityValue[] {
    const { price = usd(65_000), height = this.chain.height } = sale;
    this.tried.quotes.add(terms.quoteId);
    const quotes = sale.signatures ?? [sign(digest(quoteMessage(terms)), QUOTE_KEY)];
    const readings = sale.readings ?? [
      sign(digest(readingMessage(terms.quoteId, saleId(terms), price, height)), ATTESTORS[0]),
    ];
    return [
      Cl.tuple(termsFields(terms)),
      signatures(quotes),
      Cl.uint(price),
      Cl.uint(height),
      signatures(readings),
    ];
  }

  /** The id of a policy sold to the holder. */
  sold(changes: Partial<Terms> = {}): bigint {
    return this.must(this.buy(changes)) as bigint;
  }

  // ------------------------------------------------------------ settlement and release

  attest(price: bigint, height: bigint, signers: readonly Key[] = [ATTESTORS[0]]): string[] {
    return signers.map((signer) => sign(digest(attestationMessage(price, height)), signer));
  }

  read(
    quoteId: string,
    id: string,
    price: bigint,
    height: bigint,
    signers: readonly Key[] = [ATTESTORS[0]],
  ): string[] {
    return signers.map((signer) => sign(digest(readingMessage(quoteId, id, price, height)), signer));
  }

  settle(policyId: bigint, call: Partial<SettlementCall> = {}): Plain {
    const { price = usd(50_000), height = this.chain.height, caller = STRANGER, order } = call;
    const attestations =
      call.attestations ??
      (order === undefined
        ? this.attest(price, height)
        : this.read(this.policy(policyId)["quote-id"] as string, order.id, price, height));
    return this.pool(
      "settle-policy",
      [Cl.uint(policyId), Cl.uint(price), Cl.uint(height), signatures(attestations), orderArgument(order)],
      caller,
    );
  }

  /** The holder's signed order for the daemon to exercise. */
  order(policyId: bigint, changes: Partial<Omit<Order, "signature">> = {}, signer: Key = HOLDER): Order {
    const { id = id16(900), validUntil = this.chain.time + 300n, minPayout = 1n } = changes;
    const policy = this.policy(policyId);
    const command = {
      owner: policy.owner as string,
      policyId,
      quoteId: policy["quote-id"] as string,
      id,
      minPayout,
      validUntil,
    };
    return { id, validUntil, minPayout, signature: sign(digest(commandMessage(command)), signer) };
  }

  request(policyId: bigint, minPayout = 1n, caller = HOLDER.address): Plain {
    return this.registry("request-exercise", [Cl.uint(policyId), Cl.uint(minPayout)], caller);
  }

  expire(policyId: bigint, caller = BACKEND, status = "expired"): Plain {
    return this.registry("update-policy-status", [Cl.uint(policyId), Cl.stringAscii(status)], caller);
  }

  release(ids: readonly bigint[], proof?: { price: bigint; height: bigint; attestations?: string[] }): Plain {
    const shown =
      proof === undefined
        ? Cl.none()
        : Cl.some(
            Cl.tuple({
              price: Cl.uint(proof.price),
              height: Cl.uint(proof.height),
              attestations: signatures(proof.attestations ?? this.attest(proof.price, proof.height)),
            }),
          );
    return this.pool(
      "release-collateral-aggregate",
      [Cl.list(ids.map((id) => Cl.uint(id))), shown],
      STRANGER,
    );
  }

  // ------------------------------------------------------------ money out

  withdraw(who: Key, amount: bigint, call: Partial<Withdrawal> = {}): Plain {
    this.serial += 1;
    const { tier = "balanced", serial = id16(this.serial), validUntil = this.chain.height + 2n } = call;
    this.tried.serials.add(serial);
    const voucher = { provider: who.address, amount, tier, serial, validUntil };
    const signed = call.signatures ?? [sign(digest(voucherMessage(voucher)), VOUCHER_KEY)];
    return this.pool(
      "withdraw-funds",
      [
        Cl.uint(amount),
        Cl.stringAscii(tier),
        Cl.bufferFromHex(serial),
        Cl.uint(validUntil),
        signatures(signed),
      ],
      call.caller ?? who.address,
    );
  }

  publish(tree: LiabilityTree, asOf: bigint): Plain {
    const sums = [tree.sum("equity"), tree.sum("deposited"), tree.sum("withdrawn"), asOf].map((sum) =>
      Cl.uint(sum),
    );
    return this.pool("publish-liabilities", [Cl.bufferFromHex(tree.root), ...sums], BACKEND);
  }

  openEscape(): Plain {
    return this.pool("open-escape", [], STRANGER);
  }

  escape(provider: string, leaf: Leaf, proof: readonly Step[] = []): Plain {
    return this.pool("escape-funds", [Cl.principal(provider), leafFields(leaf), proofSteps(proof)], STRANGER);
  }

  // ------------------------------------------------------------ state

  policy(policyId: bigint): Fields {
    return this.chain.read("policy-registry", "get-policy-data", [Cl.uint(policyId)]) as Fields;
  }

  totals(): Record<string, bigint> {
    return this.chain.read("liquidity-pool", "get-pool-totals") as Record<string, bigint>;
  }

  provider(who: string): Record<string, bigint> {
    return this.chain.read("liquidity-pool", "get-provider-totals", [Cl.principal(who)]) as Record<
      string,
      bigint
    >;
  }

  limits(who: Key): Record<string, bigint> {
    const limits = this.chain.read("liquidity-pool", "get-withdrawal-limits", [Cl.principal(who.address)]);
    return limits as Record<string, bigint>;
  }

  /** The most that the chain lets a provider take out at once now, profit included. */
  mostToWithdraw(who: Key): bigint {
    const limits = this.limits(who) as Record<
      "available" | "principal" | "lifetime" | "outflow" | "profit",
      bigint
    >;
    const { available, lifetime, outflow } = limits;
    const candidates = [available, lifetime, outflow, limits.principal + limits.profit];
    return candidates.sort((a, b) => (a < b ? -1 : 1))[0] as bigint;
  }

  collateral(policyId: bigint): bigint {
    return this.chain.read("liquidity-pool", "get-collateral", [Cl.uint(policyId)]) as bigint;
  }

  parameter(name: string): bigint {
    return this.chain.read("policy-registry", "get-parameter", [Cl.stringAscii(name)]) as bigint;
  }

  /** The last tuple printed under a topic. */
  lastPrinted(topic: string): Fields | undefined {
    return this.chain.printed.findLast((fields) => fields.topic === topic);
  }

  /** Leaves this world's books unchecked: here somebody else was the pool. */
  abandon(): void {
    current = undefined;
  }
}

function orderArgument(order?: Order): ClarityValue {
  if (order === undefined) return Cl.none();
  return Cl.some(
    Cl.tuple({
      id: Cl.bufferFromHex(order.id),
      "valid-until": Cl.uint(order.validUntil),
      "min-payout": Cl.uint(order.minPayout),
      signature: Cl.bufferFromHex(order.signature),
    }),
  );
}
