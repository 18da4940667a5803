import { Cl } from "@stacks/transactions";
import { beforeAll, describe, expect, it } from "vitest";

import { Chain, ok, refusal } from "./support/chain";
import { type Cover, ceilingOf, floorOf, payout } from "./support/payout";
import { aWorld, MAX_PRICE, usd } from "./support/world";

/** Numbers that look random and are the same in every run (mulberry32). */
function random(seed: number): (below: bigint) => bigint {
  let state = seed;
  const next = (): bigint => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return BigInt((mixed ^ (mixed >>> 14)) >>> 0);
  };
  return (below) => ((next() << 32n) | next()) % below;
}

describe("get-payout-for", () => {
  let chain: Chain;
  beforeAll(async () => {
    chain = await Chain.start();
  });

  const onChain = (cover: Cover, price: bigint): unknown =>
    chain.read("policy-registry", "get-payout-for", [
      Cl.stringAscii(cover.option),
      ...[cover.strike, cover.amount, cover.collateral, price].map((number) => Cl.uint(number)),
    ]);

  /** A cover within the bounds, strikes spread over all that a price may be. */
  function anyCover(below: (limit: bigint) => bigint, option: string, most: bigint): Cover {
    const amount = 10_000n + below(100_000_000_000n - 10_000n);
    const collateral = amount / 20n + below(amount - amount / 20n + 1n);
    return { option, strike: 1n + below(most), amount, collateral };
  }

  /** The strike, the price that pays all, one step round each, the ends of the scale, and one at random. */
  function tellingPrices(cover: Cover, below: (limit: bigint) => bigint): bigint[] {
    const uncapped = cover.option === "call" && cover.collateral === cover.amount;
    const edge = cover.option === "put" ? floorOf(cover) : uncapped ? cover.strike : ceilingOf(cover);
    const around = [cover.strike, edge].flatMap((price) => [price - 1n, price, price + 1n]);
    const prices = [...around, 1n, MAX_PRICE, 1n + below(2n * cover.strike)];
    return prices.filter((price) => price > 0n && price <= MAX_PRICE);
  }

  it("equals the mirror on thousands of covers, at and beside every boundary", () => {
    const below = random(7);
    for (let round = 0; round < 200; round += 1) {
      const cover = anyCover(
        below,
        round % 2 === 0 ? "put" : "call",
        round % 5 === 0 ? MAX_PRICE : usd(200_000),
      );
      for (const price of tellingPrices(cover, below)) {
        expect({ cover, price, paid: onChain(cover, price) }).toEqual({
          cover,
          price,
          paid: payout(cover, price),
        });
      }
    }
  });

  it("pays exactly the collateral at the floor and one sat less above it where the steps are fine", () => {
    const cover = { option: "put", strike: usd(60_000), amount: 10_000_000n, collateral: 5_000_000n };

    expect(floorOf(cover)).toBe(usd(40_000));
    expect(onChain(cover, usd(40_000))).toBe(5_000_000n);
    expect(onChain(cover, usd(40_000) + 1n)).toBe(4_999_999n);
  });

  it("still counts at the highest strike, amount and price there are", () => {
    const most = 100_000_000_000n;
    const put = { option: "put", strike: MAX_PRICE, amount: most, collateral: most };
    const call = { option: "call", strike: 1n, amount: most, collateral: most };

    expect(onChain(put, MAX_PRICE - 1n)).toBe(payout(put, MAX_PRICE - 1n));
    expect(onChain(put, usd(1))).toBe(most);
    expect(onChain(call, MAX_PRICE)).toBe(most - 1n);
    expect(onChain({ ...put, strike: MAX_PRICE + 1n }, usd(1))).toBe(0n);
    expect(onChain({ ...put, amount: most + 1n }, usd(1))).toBe(0n);
    expect(onChain(call, MAX_PRICE + 1n)).toBe(0n);
  });

  it("pays nothing at the strike, and nothing on the other side of it", () => {
    for (const option of ["put", "call"]) {
      const cover = { option, strike: usd(60_000), amount: 10_000_000n, collateral: 5_000_000n };
      expect(onChain(cover, usd(60_000))).toBe(0n);
      expect(onChain(cover, option === "put" ? usd(70_000) : usd(50_000))).toBe(0n);
    }
  });

  it("never faults and owes nothing for numbers that no policy can have", () => {
    const huge = [2n ** 127n, 2n ** 128n - 1n];
    const whole = { amount: 1n, collateral: 2n ** 128n - 1n };
    const covers = ["put", "call"].flatMap((option) => [
      ...[1n, ...huge].map((strike) => ({ ...whole, option, strike })),
      ...[0n, ...huge].map((amount) => ({ ...whole, option, strike: usd(1), amount })),
    ]);
    for (const cover of covers) {
      for (const price of [0n, 1n, ...huge]) expect(onChain(cover, price)).toBe(0n);
    }
  });
});

describe("get-payout", () => {
  it("reads the stored terms and refuses an unknown policy and a price outside the bounds", async () => {
    const world = await aWorld();
    const id = world.sold();
    const ask = (policy: bigint, price: bigint): unknown =>
      world.chain.read("policy-registry", "get-payout", [Cl.uint(policy), Cl.uint(price)]);

    expect(ask(id, usd(50_000))).toEqual(ok(2_000_000n));
    expect(ask(id, MAX_PRICE)).toEqual(ok(0n));
    expect(ask(id + 1n, usd(50_000))).toEqual(refusal(113));
    expect(ask(id, 0n)).toEqual(refusal(122));
    expect(ask(id, MAX_PRICE + 1n)).toEqual(refusal(122));
  });
});
