import { describe, expect, it } from "vitest";
import { placeSteps } from "./life-layout";

describe("the life line", () => {
  it("spreads steps without heights evenly", () => {
    expect(placeSteps([null, null, null], null)).toEqual({ at: [0, 0.5, 1], now: null });
  });

  it("is in proportion to blocks from the first height to the last", () => {
    const { at, now } = placeSteps([null, 1_000, 2_000, 5_000], 3_500);
    expect(at[1]).toBe(0.125);
    expect(at[3]).toBe(1);
    const [, active = 0, middle = 0, end = 0] = at;
    expect((middle - active) / (end - active)).toBeCloseTo(0.25);
    expect(now).toBeCloseTo((middle + end) / 2);
  });

  it("keeps room for the words of steps that are a few blocks apart", () => {
    const { at } = placeSteps([null, null, 100, 106, 4_420, 4_432], 200);
    for (let index = 1; index < at.length; index += 1) {
      expect((at[index] ?? 0) - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(0.125 - 1e-9);
    }
    expect(at.at(-1)).toBe(1);
  });

  it("keeps the marker between the steps that the height lies between", () => {
    const { at, now } = placeSteps([null, null, 100, 106, 4_420, 4_432], 4_421);
    expect(now).toBeGreaterThan(at[4] ?? 1);
    expect(now).toBeLessThan(at[5] ?? 0);
  });

  it("holds the marker at the ends before the first height and after the last", () => {
    expect(placeSteps([100, 200], 50).now).toBe(0);
    expect(placeSteps([100, 200], 300).now).toBe(1);
  });

  it("fits more steps than there is room for side by side", () => {
    const { at } = placeSteps([null, null, null, null, null, null, null, null, 10, 20], 15);
    expect(at[0]).toBe(0);
    expect(at.at(-1)).toBeCloseTo(1);
  });
});
