import { describe, expect, it } from "vitest";

import { ok, refusal } from "./support/chain";
import {
  digest,
  highS,
  quoteMessage,
  readingMessage,
  saleId,
  sign,
  type Terms,
  voucherMessage,
} from "./support/messages";
import {
  ALICE,
  ATTESTORS,
  aWorld,
  BOB,
  HOLDER,
  id16,
  OTHER_HOLDER,
  QUOTE_KEY,
  SPARE_QUOTE_KEY,
  STRANGER_KEY,
  usd,
  VOUCHER_KEY,
  type World,
} from "./support/world";

const PRICE = usd(65_000);

/** What the quote keys and the attestors signed for some terms, to be shown with others. */
function signedFor(world: World, terms: Terms): { signatures: string[]; readings: string[] } {
  return {
    signatures: [sign(digest(quoteMessage(terms)), QUOTE_KEY)],
    readings: world.read(terms.quoteId, saleId(terms), PRICE, world.chain.height),
  };
}

/** The same terms, each time with one of the twelve fields altered and still sane. */
function alterations(terms: Terms): Terms[] {
  return [
    { ...terms, quoteId: id16(777) },
    { ...terms, option: "call" },
    { ...terms, strike: terms.strike + 1n },
    { ...terms, amount: terms.amount + 1n },
    { ...terms, collateral: terms.collateral + 1n },
    { ...terms, premium: terms.premium - 1n },
    { ...terms, fee: terms.fee - 1n },
    { ...terms, tier: "aggressive" },
    { ...terms, expiry: terms.expiry + 1n },
    { ...terms, validUntil: terms.validUntil + 1n },
    { ...terms, validUntilTime: terms.validUntilTime + 1n },
  ];
}

describe("a quote", () => {
  it("cannot be bought twice", async () => {
    const world = await aWorld();
    const terms = world.terms();

    expect(world.buy({}, { terms })).toEqual(ok(1n));
    expect(world.buy({}, { terms })).toEqual(refusal(108));
    expect(world.buy({ quoteId: terms.quoteId, strike: usd(50_000) })).toEqual(refusal(108));
  });

  it("of another owner is worth nothing to whoever copies it", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const theirs = { ...terms, owner: OTHER_HOLDER.address };

    expect(world.buy({}, { terms, caller: OTHER_HOLDER.address })).toEqual(refusal(201));
    expect(world.buy({}, { terms: theirs, ...signedFor(world, terms) })).toEqual(refusal(109));
  });

  it("with any of its fields altered is not signed", async () => {
    const world = await aWorld();
    const terms = world.terms();
    for (const altered of alterations(terms)) {
      expect(world.buy({}, { terms: altered, ...signedFor(world, terms) })).toEqual(refusal(109));
    }
  });

  it("for another contract or another chain is not signed", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const { readings } = signedFor(world, terms);
    const elsewhere = quoteMessage(terms, `${ALICE.address}.policy-registry`);

    for (const hash of [digest(elsewhere), digest(quoteMessage(terms), 1n)]) {
      expect(world.buy({}, { terms, readings, signatures: [sign(hash, QUOTE_KEY)] })).toEqual(refusal(109));
    }
  });

  it("signed by a voucher key, an attestor, a stranger, nobody, or twice by one key is not signed", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const hash = digest(quoteMessage(terms));
    const good = sign(hash, QUOTE_KEY);
    const attempts = [
      ...[VOUCHER_KEY, ATTESTORS[0], STRANGER_KEY, HOLDER].map((one) => [sign(hash, one)]),
      [],
      [good, good],
      [good, highS(good)],
      [highS(good)],
      [good.slice(0, 128)],
      [`${good.slice(0, 128)}1b`],
      [good, sign(hash, STRANGER_KEY)],
    ];
    for (const signatures of attempts) expect(world.buy({}, { terms, signatures })).toEqual(refusal(109));
    expect(world.buy({}, { terms, signatures: [good, sign(hash, SPARE_QUOTE_KEY)] })).toEqual(ok(1n));
  });

  it("is no voucher, and a voucher is no quote", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const voucher = {
      provider: HOLDER.address,
      amount: 1n,
      tier: "balanced",
      serial: id16(1),
      validUntil: 100n,
    };

    expect(world.buy({}, { terms, signatures: [sign(digest(voucherMessage(voucher)), QUOTE_KEY)] })).toEqual(
      refusal(109),
    );
  });

  it("priced below its exercise value is refused, even with every key of the daemon's stolen", async () => {
    const world = await aWorld();

    expect(world.buy({ strike: usd(90_000), premium: 100_000n, fee: 0n })).toEqual(refusal(112));
  });
});

describe("the reading of a sale", () => {
  it("is not the public price of the height", async () => {
    const world = await aWorld();
    const terms = world.terms();

    expect(world.buy({}, { terms, readings: world.attest(PRICE, world.chain.height) })).toEqual(refusal(111));
  });

  it("is not that of another quote, of another sale, or of a command", async () => {
    const world = await aWorld();
    const [terms, other] = [world.terms(), world.terms({ owner: BOB.address })];
    const { height } = world.chain;
    const readings = [
      world.read(other.quoteId, saleId(other), PRICE, height),
      world.read(other.quoteId, saleId(terms), PRICE, height),
      world.read(terms.quoteId, saleId(other), PRICE, height),
      world.read(terms.quoteId, terms.quoteId, PRICE, height),
    ];
    for (const reading of readings) expect(world.buy({}, { terms, readings: reading })).toEqual(refusal(111));
  });

  it("stands for exactly these terms: a stolen quote key cannot alter one under it", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const { readings } = signedFor(world, terms);
    for (const altered of alterations(terms)) {
      const signatures = [sign(digest(quoteMessage(altered)), QUOTE_KEY)];
      expect(world.buy({}, { terms: altered, signatures, readings })).toEqual(refusal(111));
    }
  });

  it("stands for one price and one height", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const height = world.chain.pass();
    const readings = world.read(terms.quoteId, saleId(terms), PRICE, height);

    expect(world.buy({}, { terms, readings, price: PRICE + 1n })).toEqual(refusal(111));
    expect(world.buy({}, { terms, readings, height: height - 1n })).toEqual(refusal(111));
    expect(world.buy({}, { terms, readings, price: PRICE, height })).toEqual(ok(1n));
  });

  it("needs as many attestors as the parameter says, all of them known and different", async () => {
    const world = await aWorld({ parameters: { attestor: 2n } });
    const [first, second, third] = ATTESTORS;
    const terms = world.terms();
    const by = (...keys: (typeof first)[]): string[] =>
      world.read(terms.quoteId, saleId(terms), PRICE, world.chain.height, keys);
    const [one] = by(first) as [string];

    for (const readings of [
      [],
      by(first),
      [one, one],
      [one, highS(one)],
      by(first, STRANGER_KEY),
      by(first, second, STRANGER_KEY),
    ]) {
      expect(world.buy({}, { terms, readings })).toEqual(refusal(111));
    }
    expect(world.buy({}, { terms, readings: by(third, first) })).toEqual(ok(1n));
  });

  it("made on another chain is not signed", async () => {
    const world = await aWorld();
    const terms = world.terms();
    const hash = digest(readingMessage(terms.quoteId, saleId(terms), PRICE, world.chain.height), 1n);

    expect(world.buy({}, { terms, readings: [sign(hash, ATTESTORS[0])] })).toEqual(refusal(111));
  });
});
