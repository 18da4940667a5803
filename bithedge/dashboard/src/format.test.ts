import { describe, expect, it } from "vitest";
import {
  btc,
  btcGroups,
  btcPlain,
  btcShort,
  parseBtc,
  parseUsd,
  percent,
  plainUsd,
  ratioBps,
  shortId,
  strike,
  stx,
  usd,
} from "./format";

describe("sats", () => {
  it.each([
    [0, "0.00000000"],
    [1, "0.00000001"],
    [1_030_396, "0.01030396"],
    [2_100_000_000_000_000, "21,000,000.00000000"],
    [-4_120_000, "−0.04120000"],
  ])("shows %i with all its digits", (sats, text) => {
    expect(btc(sats)).toBe(text);
  });

  it("reads in groups that a copy joins to the exact figure", () => {
    expect(btcGroups(1_030_396)).toEqual(["0.01", "030", "396"]);
    expect(btcGroups(-4_120_001).join("")).toBe(btc(-4_120_001));
  });

  it("rounds a payout down and a premium up", () => {
    expect(btcShort(2_459_999)).toBe("0.0245");
    expect(btcShort(2_459_999, 4, true)).toBe("0.0246");
    expect(btcShort(99_999_999, 4, true)).toBe("1.0000");
  });

  it("drops trailing zeros in a sentence", () => {
    expect([25_000_000, 100_000_000, 0, 1].map(btcPlain)).toEqual(["0.25", "1", "0", "0.00000001"]);
  });

  it("reads back every amount that it shows", () => {
    for (const sats of [0, 1, 99_999_999, 123_456_789, 2_100_000_000_000_000]) {
      expect(parseBtc(btc(sats))).toBe(sats);
      expect(parseBtc(btcPlain(sats))).toBe(sats);
    }
  });

  it("reads no amount finer than a sat, and nothing that is none", () => {
    for (const text of ["0.000000001", "", ".", "1e3", "-1", "abc", "1.2.3"]) {
      expect(parseBtc(text)).toBeNull();
    }
  });
});

describe("dollars", () => {
  it("rounds half up and writes a true minus", () => {
    expect(usd(6_481_240_000_000)).toBe("$64,812.40");
    expect(usd(66_782_437_710)).toBe("$667.82");
    expect(usd(500_000, 2)).toBe("$0.01");
    expect(usd(-66_782_437_710)).toBe("−$667.82");
  });

  it("shows a strike whole when it is, else with its cents", () => {
    expect(strike(6_000_000_000_000)).toBe("$60,000");
    expect(strike(4_533_333_333_333)).toBe("$45,333.33");
    expect(plainUsd(4_533_333_333_333)).toBe("45,333");
  });

  it("reads a strike with or without its sign", () => {
    expect(parseUsd("$60,000")).toBe(6_000_000_000_000);
    expect(parseUsd("60000.5")).toBe(6_000_050_000_000);
    expect(parseUsd("sixty")).toBeNull();
  });
});

describe("the rest", () => {
  it("shows bps as per cent with one digit", () => {
    expect(percent(-180)).toBe("−1.8 %");
    expect(percent(5_800)).toBe("58.0 %");
    expect(percent(1_000, 0, true)).toBe("+10 %");
    expect(percent(0, 1, true)).toBe("0.0 %");
  });

  it("takes a ratio of large amounts exactly", () => {
    expect(ratioBps(1_030_396, 25_000_000)).toBe(412);
    expect(ratioBps(1, 0)).toBe(0);
  });

  it("rounds a fee up and shortens an id", () => {
    expect(stx(12_001)).toBe("0.013");
    expect(shortId("0x71c4a9000000e0b2", 6, 4)).toBe("0x71c4…e0b2");
  });
});
