import { beforeEach, describe, expect, it } from "vitest";
import { Channels } from "./channels";
import type { EventFrame, Snapshot } from "./frames";

const EPOCH = "e1";

function snapshot(channel: string, seq: number, data: unknown = null): Snapshot {
  return { type: "snapshot", channel, epoch: EPOCH, seq, data };
}

function event(channel: string, seq: number, prev: number): EventFrame {
  return { type: "event", channel, epoch: EPOCH, seq, prev, name: "PolicyCreated", at: "", data: { seq } };
}

function hello(epoch: string) {
  return { type: "hello", protocol: 1, epoch, seq: 1, heartbeat_ms: 15_000, max_channels: 128 } as const;
}

describe("channels", () => {
  let channels: Channels;
  let snapshots: unknown[];
  let events: number[];

  beforeEach(() => {
    channels = new Channels();
    snapshots = [];
    events = [];
    channels.hello(hello(EPOCH));
    channels.open("policies", {
      snapshot: (data) => snapshots.push(data),
      event: (frame) => events.push(frame.seq),
    });
  });

  it("applies events that follow each other without a gap", () => {
    channels.receive(snapshot("policies", 10));

    expect(channels.receive(event("policies", 12, 10))).toBe("applied");
    expect(channels.receive(event("policies", 15, 12))).toBe("applied");
    expect(events).toEqual([12, 15]);
    expect(channels.position()).toEqual({ epoch: EPOCH, seq: 15 });
  });

  it("asks again from the last event had when one was missed, and ignores the rest until then", () => {
    channels.receive(snapshot("policies", 10));

    expect(channels.receive(event("policies", 20, 15))).toBe("gap");
    expect(channels.receive(event("policies", 21, 20))).toBe("ignored");
    expect(channels.positionOf("policies")).toEqual({ epoch: EPOCH, seq: 10 });

    channels.subscribed(["policies"]);
    expect(channels.receive(event("policies", 15, 10))).toBe("applied");
    expect(channels.receive(event("policies", 20, 15))).toBe("applied");
    expect(events).toEqual([15, 20]);
  });

  it("does not apply an event twice", () => {
    channels.receive(snapshot("policies", 10));
    channels.receive(event("policies", 12, 10));

    expect(channels.receive(event("policies", 12, 10))).toBe("ignored");
    expect(events).toEqual([12]);
  });

  it("lets a state channel skip to its latest", () => {
    const prices: unknown[] = [];
    channels.open("oracle", { snapshot: (data) => prices.push(data) });
    channels.receive(snapshot("oracle", 3, { seq: 3 }));

    expect(channels.receive(event("oracle", 9, 8))).toBe("applied");
    expect(prices).toEqual([{ seq: 3 }, { seq: 9 }]);
  });

  it("resumes all channels from one number, a heartbeat included", () => {
    channels.receive(snapshot("policies", 10));
    channels.advance(40);

    channels.hello(hello(EPOCH));
    expect(channels.position()).toEqual({ epoch: EPOCH, seq: 40 });
    expect(channels.receive(event("policies", 50, 10))).toBe("applied");
  });

  it("forgets every position when the journal is another", () => {
    channels.receive(snapshot("policies", 10));

    channels.hello(hello("e2"));
    expect(channels.position()).toBeNull();
    expect(channels.receive(event("policies", 12, 10))).toBe("ignored");
  });

  it("keeps a channel while it has a reader and forgets it after the last", () => {
    channels.open("policies", { snapshot: () => undefined });

    expect(channels.close("policies")).toBe(false);
    expect(channels.drop("policies")).toBe(false);
    expect(channels.close("policies")).toBe(true);
    expect(channels.drop("policies")).toBe(true);
    expect(channels.receive(snapshot("policies", 10))).toBe("ignored");
  });
});
