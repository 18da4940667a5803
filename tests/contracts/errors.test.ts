import { describe, expect, it } from "vitest";

import { type Contract, source } from "./support/chain";

const NUMBERS: Record<Contract, Record<string, number>> = {
  "policy-registry": {
    NOT_OWNER: 100,
    NOT_POOL: 101,
    NOT_BACKEND: 102,
    NOT_GUARDIAN: 103,
    SALES_PAUSED: 104,
    SETTLEMENTS_PAUSED: 105,
    TERMS: 106,
    QUOTE_LAPSED: 107,
    QUOTE_USED: 108,
    QUOTE_SIGNATURE: 109,
    PRICE_RULE: 110,
    ATTESTATION: 111,
    UNDERPRICED: 112,
    UNKNOWN_POLICY: 113,
    STATUS: 114,
    TOO_EARLY: 115,
    OUT_OF_THE_MONEY: 116,
    NOT_HOLDER: 117,
    ORDER_LAPSED: 118,
    ORDER_SIGNATURE: 119,
    ORDER_MINIMUM: 120,
    UNKNOWN_NAME: 121,
    BOUNDS: 122,
    UNKNOWN_CHANGE: 123,
    TIMELOCK: 124,
    CHANGE_LAPSED: 125,
    KEYS_LEFT: 126,
    SEALED: 127,
    PAUSE_LIMIT: 128,
    TOO_LATE: 129,
    REQUESTED: 130,
    IN_THE_MONEY: 131,
  },
  "liquidity-pool": {
    NOT_DIRECT: 200,
    NOT_OWNER_OF_TERMS: 201,
    NOT_BACKEND: 202,
    CLOSED: 203,
    NOT_CLOSED: 204,
    PAUSED: 205,
    TIER: 206,
    AMOUNT: 207,
    VOUCHER_LAPSED: 208,
    SERIAL_USED: 209,
    VOUCHER_SIGNATURE: 210,
    AVAILABLE: 211,
    YIELD_CAP: 212,
    OUTFLOW_LIMIT: 213,
    PROFIT_LIMIT: 214,
    SALE_LIMIT: 215,
    NO_COLLATERAL: 216,
    NOTHING_TO_RELEASE: 217,
    BUFFER: 218,
    LIABILITIES: 219,
    NOT_SILENT: 220,
    PROOF: 221,
    NOTHING_DUE: 222,
    PRICE_PROOF: 223,
  },
};

describe.each(Object.entries(NUMBERS))("the errors of %s", (contract, numbers) => {
  const code = source(contract as Contract);

  it("have the numbers that clients know them by, each with its meaning", () => {
    const constants = [...code.matchAll(/^\(define-constant ERR_(\w+) \(err u(\d+)\)\) ;; \S.*$/gm)];

    expect(Object.fromEntries(constants.map(([, name, number]) => [name, Number(number)]))).toEqual(numbers);
  });

  it("are all in use", () => {
    for (const name of Object.keys(numbers)) {
      const uses = code.match(new RegExp(`\\bERR_${name}\\b(?!_)`, "g")) ?? [];
      const inComments = code.match(new RegExp(`;;.*\\bERR_${name}\\b`, "g")) ?? [];
      expect(uses.length - inComments.length, name).toBeGreaterThan(1);
    }
  });
});

describe.each(["policy-registry", "liquidity-pool"] as const)("the source of %s", (contract) => {
  const lines = source(contract).split("\n");

  it("stays within 450 lines of code of 120 columns", () => {
    const codeLines = lines.filter((line) => !/^\s*(;;.*)?$/.test(line));

    expect(codeLines.length).toBeLessThanOrEqual(450);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });

  it("tells before each public function who calls it, what it refuses and what it prints", () => {
    for (const [at, line] of lines.entries()) {
      if (!line.startsWith("(define-public")) continue;
      let above = at;
      while (lines[above - 1]?.startsWith(";;")) above -= 1;
      const comment = lines.slice(above, at).join("\n");
      for (const word of ["Caller", "Errors", "Prints"]) expect(comment, line).toContain(`;; ${word} `);
    }
  });
});
