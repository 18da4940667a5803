import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

/** Every attack that somebody has thought of, by what it is an attack on. */
const ATTACKS: Record<string, readonly string[]> = {
  Quotes: [
    "bought a second time",
    "copied by another owner",
    "made for another contract",
    "made for another chain",
    "stale by height",
    "stale by time",
    "each field altered",
    "signed by a voucher key",
    "the twin with the high S",
    "a signature of 64 bytes",
    "a signature with another V",
    "priced below its exercise value",
    "the public price shown as its reading",
    "another quote's reading",
    "a term altered under an honest reading",
    "a reading that is too old",
  ],
  Settlement: [
    "twice",
    "after the release",
    "by a price of the purchase height or before",
    "by looking back: a partial price with no request and no order",
    "late, by another price than that of the expiry",
    "a request at the price of its own height",
    "a request at the price two heights on",
    "a request below its minimum",
    "a request while one is pending",
    "a request at expiry",
    "an order signed by another key",
    "an order for another policy",
    "an order after its time",
    "an order with the public price",
    "an order with another order's reading",
    "an order with a reading that is too old",
    "one sat short of a touch",
    "by an unregistered key",
    "by one key twice",
    "by one key and its twin",
    "by too few attestors",
    "by one stranger among many",
    "by a price of zero",
    "by a price above the bounds",
    "by the price of a height to come",
    "called by a stranger, who is paid nothing",
  ],
  Release: [
    "without a price before the deadline",
    "by the price of another height",
    "by a price at which it pays",
    "by a price signed for another height",
    "by a reading",
    "by a signed price of zero",
    "by a signed price above the bounds",
    "by too few signatures",
    "by one key twice",
    "by one key and its twin",
    "by one stranger among many",
    "during a pause of settlements and right after",
    "without a price, right after a pause",
    "over a request that could still be settled",
    "of a batch with one gone already",
    "of a batch with one that pays",
    "of a batch with one not due",
    "after the backend has marked it expired",
  ],
  Vouchers: [
    "replayed",
    "stolen",
    "altered",
    "lapsed",
    "naming the registry",
    "of another kind",
    "washed: in, out with profit, and again",
    "one sat above what is available",
    "one sat above a window's outflow",
    "one sat above a window's profit",
    "one sat above the yield cap",
    "one sat of cover above a window's sales",
  ],
  "The way out": [
    "opened too early",
    "without a leaf",
    "with another's leaf",
    "with a forged leaf",
    "the empty leaf, by a provider from before the root",
    "twice",
    "again, after collateral came free",
    "where no root was ever published",
    "a malformed root",
    "a root whose claims are above the vault",
    "leaves whose claims are above the vault",
  ],
  Governance: [
    "a stranger as the owner",
    "a stranger as the executor",
    "a stranger as the guardian, who pauses",
    "a stranger as the backend",
    "a stranger as the pool",
    "the timelock bypassed, by one block",
    "a change that has lapsed",
    "a change that was voided",
    "a takeover of the owner's seat",
    "proposals by the hundred",
    "the last key of a role removed",
    "a number above the role's keys",
    "a proposal for the role of the pool",
    "the set-up sealed twice",
    "a key that is none",
    "a pause that is too long",
    "a pause too soon after another",
    "a pause by the owner",
  ],
  Anywhere: [
    "a purchase through a contract",
    "a deposit through a contract",
    "a withdrawal through a contract",
    "a request through a contract",
    "a donation",
    "0, 1, 2^127 and 2^128 - 1 in every number at once",
    "0, 1, 2^127 and 2^128 - 1 in one number at a time",
    "the greatest number under good signatures",
  ],
};

interface Row {
  readonly attack: string;
  readonly file: string;
  readonly test: string;
}

/** The rows of docs/attacks.md under a heading. */
function rowsUnder(heading: string): Row[] {
  const page = readFileSync(new URL("../../docs/attacks.md", import.meta.url), "utf8");
  const section = page.split("\n## ").find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| (?!attack )([^|]+) \| ([a-z-]+) \| ([^|]+) \|$/gm)].map(
    ([, attack = "", file = "", test = ""]) => ({ attack, file, test }),
  );
}

/** Whether a file of tests has one of that name. */
function hasTest({ file, test }: Row): boolean {
  const code = readFileSync(new URL(`${file}.test.ts`, import.meta.url), "utf8");
  return code.includes(`it("${test}"`);
}

describe.each(Object.entries(ATTACKS))("attacks: %s", (heading, attacks) => {
  it("are all in docs/attacks.md, and no others", () => {
    expect(rowsUnder(heading).map(({ attack }) => attack)).toEqual(attacks);
  });

  it("are each made by a test that there is", () => {
    expect(rowsUnder(heading).filter((row) => !hasTest(row))).toEqual([]);
  });
});
