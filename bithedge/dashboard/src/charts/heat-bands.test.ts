import { describe, expect, it } from "vitest";
import { bandsOf, shade, spotOffset } from "./heat-bands";

const K = 100_000_000_000;
const bands = bandsOf([40 * K, 45 * K, 50 * K, 60 * K]);

describe("the bands of the heat map", () => {
  it("stand with the highest strike on top and say from where to where", () => {
    expect(bands.map((band) => band.label)).toEqual(["60–65k", "50–55k", "45–50k", "40–45k"]);
    expect(bands[0]?.index).toBe(3);
  });

  it("name a lone strike by itself", () => {
    expect(bandsOf([58.5 * K])).toMatchObject([{ label: "58.5k", to: null }]);
  });

  it("place the price inside its band, and between bands where it has none", () => {
    expect(spotOffset(bands, 60 * K)).toBe(1);
    expect(spotOffset(bands, 64 * K)).toBeCloseTo(0.2);
    expect(spotOffset(bands, 57 * K)).toBe(1);
    expect(spotOffset(bands, 42.5 * K)).toBeCloseTo(3.5);
  });

  it("place no price above or below all of them", () => {
    expect(spotOffset(bands, 70 * K)).toBeNull();
    expect(spotOffset(bands, 39 * K)).toBeNull();
  });

  it("shade by the square root, and never nothing for something", () => {
    expect([shade(0, 100), shade(1, 1_000_000), shade(25, 100), shade(100, 100)]).toEqual([0, 1, 3, 6]);
  });
});
