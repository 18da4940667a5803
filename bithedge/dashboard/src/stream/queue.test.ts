import { describe, expect, it } from "vitest";
import { delayAfter } from "./connection";
import { parseFrame } from "./frames";
import { coalesce, type Queued } from "./queue";

function event(channel: string, seq: number): Queued {
  return { type: "event", channel, epoch: "e1", seq, prev: 0, name: "X", at: "", data: {} };
}

describe("coalescing", () => {
  it("keeps only the latest of a state channel and every event in its order", () => {
    const frames = [event("oracle", 1), event("policies", 2), event("oracle", 3), event("policies", 4)];
    expect(coalesce(frames).map((frame) => [frame.channel, "seq" in frame ? frame.seq : 0])).toEqual([
      ["policies", 2],
      ["oracle", 3],
      ["policies", 4],
    ]);
  });
});

describe("coming back", () => {
  it.each([
    [4001, null],
    [4003, null],
    [4002, 10_000],
    [4004, 60_000],
    [1006, 250],
    [4000, 250],
  ])("waits as the close code %i says", (code, wait) => {
    expect(delayAfter(code, 0, () => 1)).toBe(wait);
  });

  it("doubles up to 15 s with full jitter", () => {
    expect(delayAfter(1006, 3, () => 1)).toBe(2_000);
    expect(delayAfter(1006, 30, () => 1)).toBe(15_000);
    expect(delayAfter(1006, 30, () => 0)).toBe(0);
  });
});

describe("frames", () => {
  it("ignores types that it does not know", () => {
    expect(parseFrame('{"type":"weather"}')).toBeNull();
    expect(parseFrame("[]")).toBeNull();
    expect(parseFrame('{"type":"heartbeat","seq":4,"at":""}')).toEqual({ type: "heartbeat", seq: 4, at: "" });
  });
});
