/** What the players of one game know: the market, the prices signed for good, the offers, orders and roots made. */
import {
  attestationMessage,
  commandMessage,
  digest,
  type Key,
  LiabilityTree,
  quoteMessage,
  readingMessage,
  saleId,
  type Terms,
  voucherMessage,
} from "../support/messages";
import { payout } from "../support/payout";
import { id16, usd } from "../support/world";
import type { Named, Proof, Signed } from "./acts";
import type { Dice } from "./dice";
import { least, type Policy, type Scene } from "./judge/scene";
import { EVERY_KEY, HOLDERS, KEYS, NEW_KEYS, PROVIDERS, ROLES, THIEF, type Theft } from "./people";

export class Game {
  private dollars = 60_000;
  private count = 0;
  /** The one public price of each height: attestors remember it, whatever the chain forgets. */
  private readonly prices = new Map<bigint, bigint>();
  readonly trees = new Map<string, LiabilityTree>();
  /** The quotes that the daemon itself has signed for the thief, as for any customer. */
  readonly soldToThief = new Set<string>();

  constructor(
    readonly dice: Dice,
    readonly theft: Theft,
  ) {}

  /** Sixteen bytes that nobody has used yet. */
  fresh(): string {
    this.count += 1;
    return id16(this.count);
  }

  get spot(): bigint {
    return usd(this.dollars);
  }

  /** Lets the market move, sometimes by a lot. */
  drift(): void {
    const step = this.dice.chance(5) ? 20_001 : 3_001;
    const next = this.dollars + this.dice.roll(step) - (step - 1) / 2;
    this.dollars = Math.max(25_000, Math.min(120_000, next));
  }

  priceAt(height: bigint): bigint {
    const known = this.prices.get(height);
    if (known !== undefined) return known;
    this.prices.set(height, this.spot);
    return this.spot;
  }

  // ------------------------------------------------------------ signatures

  /** As many of the daemon's keys of a role as must sign, now and then more or fewer. */
  daemon(scene: Scene, role: string): Key[] {
    const known = [...(KEYS[role] ?? []), ...NEW_KEYS].filter(({ compressed }) =>
      scene.isKey(role, compressed),
    );
    const wanted = Number(scene.parameter(role)) + (this.dice.chance(5) ? this.dice.roll(3) - 1 : 0);
    return this.dice.shuffled(known).slice(0, wanted);
  }

  /** What a thief can sign with for a role: what was stolen, and what it may have registered. */
  thiefs(role: string): Key[] {
    return [...(this.theft.keys[role] ?? []), ...(this.theft.roles.includes("owner") ? [THIEF] : [])];
  }

  signed(keys: readonly Key[], of: string): Signed[] {
    return keys.map((by) => ({ by, digest: of }));
  }

  attested(scene: Scene, height: bigint, price = this.priceAt(height)): Proof {
    const of = digest(attestationMessage(price, height));
    return { price, height, signed: this.signed(this.daemon(scene, "attestor"), of) };
  }

  // ------------------------------------------------------------ sales

  /** Terms near the market, at the edge of what the window and the vault allow as often as not. */
  terms(scene: Scene, owner: string, collateral = this.cover(scene)): Terms {
    const { dice } = this;
    const option = dice.one(["put", "call"]);
    const amount = dice.chance(20) ? collateral : collateral * dice.between(1n, 20n);
    const strike = (this.spot * dice.between(80n, 120n)) / 100n;
    const owed = payout({ option, strike, amount, collateral }, this.spot);
    const fee = dice.between(0n, owed / 10n + 1_000n);
    return {
      quoteId: this.fresh(),
      owner,
      option,
      strike,
      amount,
      collateral,
      premium: owed + fee * 10n + dice.between(collateral / 5_000n, collateral / 10n),
      fee,
      tier: dice.one(["conservative", "balanced", "aggressive"]),
      expiry: scene.height + dice.between(1n, dice.chance(10) ? 300n : 40n),
      validUntil: scene.height + dice.between(0n, 3n),
      validUntilTime: scene.time + dice.between(0n, 600n),
    };
  }

  private cover(scene: Scene): bigint {
    const { dice } = this;
    const left = least(scene.total("available"), scene.limit("sale-share") - scene.window.sold);
    if (dice.chance(10) && left > 0n) return dice.near(left);
    return dice.between(10_000n, dice.chance(80) ? 8_000_000n : 60_000_000n);
  }

  sale(by: string, terms: Terms, quote: readonly Key[], attestors: readonly Key[], at: Proof): Named<"buy"> {
    const read = digest(readingMessage(terms.quoteId, saleId(terms), at.price, at.height));
    const reading = { ...at, signed: this.signed(attestors, read) };
    return { name: "buy", by, terms, quote: this.signed(quote, digest(quoteMessage(terms))), reading };
  }

  // ------------------------------------------------------------ exercise

  /** A settlement by the order of the policy's owner, at a reading of this height's price. */
  ordered(scene: Scene, by: string, id: bigint, policy: Policy): Named<"settle"> {
    const { dice } = this;
    const height = scene.height - dice.between(0n, least(scene.height - 1n, 3n));
    const price = this.spot;
    const order = {
      id: this.fresh(),
      validUntil: scene.time + dice.between(0n, 600n) - (dice.chance(20) ? 7_500n : 0n),
      minPayout: dice.chance(30) ? dice.near(payout(policy, price)) : 1n,
    };
    const signer = [...HOLDERS, THIEF].find(({ address }) => address === policy.owner) ?? THIEF;
    const quoteId = policy["quote-id"];
    const command = digest(commandMessage({ ...order, owner: policy.owner, policyId: id, quoteId }));
    const read = digest(readingMessage(quoteId, order.id, price, height));
    const proof = { price, height, signed: this.signed(this.daemon(scene, "attestor"), read) };
    return { name: "settle", by, id, proof, order: { ...order, signed: { by: signer, digest: command } } };
  }

  // ------------------------------------------------------------ withdrawals and roots

  voucher(scene: Scene, by: string, amount: bigint, keys: readonly Key[]): Named<"withdraw"> {
    const tier = this.dice.one(["conservative", "balanced", "aggressive"]);
    const validUntil = scene.height + this.dice.between(0n, 3n);
    const voucher = { provider: by, amount, tier, serial: this.fresh(), validUntil };
    return { name: "withdraw", by, ...voucher, signed: this.signed(keys, digest(voucherMessage(voucher))) };
  }

  /** A true root: the vault shared among the providers by what they have put in and not taken out. */
  root(scene: Scene): { tree: LiabilityTree; act: Omit<Named<"publish">, "by"> } {
    const people = [...PROVIDERS.map(({ address }) => address), ROLES.treasury as string, THIEF.address];
    const known = people.filter((who) => scene.told.providers.has(who));
    const inside = (who: string): bigint => {
      const { deposited, withdrawn } = scene.account(who);
      return deposited > withdrawn ? deposited - withdrawn : 0n;
    };
    const all = known.reduce((sum, who) => sum + inside(who), 0n);
    const leaves = known.map((who) => {
      const { deposited, withdrawn } = scene.account(who);
      const equity = all === 0n ? 0n : (scene.vault * inside(who)) / all;
      return [who, { equity, deposited, withdrawn }] as const;
    });
    const tree = new LiabilityTree(new Map(leaves));
    const [deposited, withdrawn] = [scene.total("deposited"), scene.total("withdrawn")];
    const act = {
      root: tree.root,
      equity: tree.sum("equity"),
      deposited,
      withdrawn,
      asOf: scene.height - 1n,
    };
    return { tree, act: { name: "publish", ...act } };
  }

  // ------------------------------------------------------------ picks

  anId(scene: Scene): bigint {
    const held = [...scene.told.collaterals.keys()];
    if (held.length > 0 && this.dice.chance(85)) return BigInt(this.dice.one(held));
    return this.dice.between(0n, scene.told["policy-count"] + 1n);
  }

  /** A height that matters to a policy: its expiry, the price of its request, or any of late. */
  aHeight(scene: Scene, id: bigint): bigint {
    const { dice } = this;
    const policy = scene.policy(id);
    const request = scene.told.requests.get(`${id}`) as { height: bigint } | undefined;
    const telling = [scene.height, dice.between(1n, scene.height)];
    if (policy !== undefined) telling.push(policy.expiry, policy.start + 1n);
    if (request !== undefined) telling.push(request.height + 1n);
    const height = dice.one(telling);
    return dice.chance(10) ? dice.near(height) : height;
  }

  aKey(): Key {
    return this.dice.one(EVERY_KEY);
  }
}
