/** Which channels are read, how far each one is, and whether something was missed. */

import type { EventFrame, Hello, Notice, Position, Snapshot } from "./frames";
import { isStateChannel } from "./names";

export interface Fold {
  snapshot(data: unknown, seq: number): void;
  event?(frame: EventFrame): void;
  notice?(frame: Notice): void;
}

interface Entry {
  fold: Fold;
  readers: number;
  /** The last `seq` had on this channel; null before its first snapshot. */
  last: number | null;
  /** A gap was found and the repeat asked for: nothing counts until it comes. */
  repairing: boolean;
}

export type Verdict = "applied" | "gap" | "ignored";

export class Channels {
  readonly #entries = new Map<string, Entry>();
  #epoch: string | null = null;
  #highest = 0;

  /** Count a reader; return whether the channel has none yet and its beginning has to be asked for. */
  open(channel: string, fold: Fold): boolean {
    const entry = this.#entries.get(channel);
    if (entry) {
      entry.readers += 1;
      entry.fold = fold;
      return entry.readers === 1;
    }
    this.#entries.set(channel, { fold, readers: 1, last: null, repairing: false });
    return true;
  }

  /** Uncount a reader; return whether it was the last one. */
  close(channel: string): boolean {
    const entry = this.#entries.get(channel);
    if (!entry) {
      return false;
    }
    entry.readers -= 1;
    return entry.readers <= 0;
  }

  /** Forget a channel that still has no reader; return whether it was forgotten. */
  drop(channel: string): boolean {
    const entry = this.#entries.get(channel);
    if (!entry || entry.readers > 0) {
      return false;
    }
    return this.#entries.delete(channel);
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Return from where all channels resume; null before anything was had. */
  position(): Position | null {
    return this.#epoch === null || this.#highest === 0 ? null : { epoch: this.#epoch, seq: this.#highest };
  }

  /** Return from where `channel` alone resumes after a gap. */
  positionOf(channel: string): Position | null {
    const last = this.#entries.get(channel)?.last ?? null;
    return this.#epoch === null || last === null ? null : { epoch: this.#epoch, seq: last };
  }

  hello(frame: Hello): void {
    if (this.#epoch !== frame.epoch) {
      this.#epoch = frame.epoch;
      this.#highest = 0;
      for (const entry of this.#entries.values()) {
        entry.last = null;
      }
    }
    for (const entry of this.#entries.values()) {
      entry.repairing = false;
    }
  }

  /** Note that all up to `seq` was sent to us. */
  advance(seq: number): void {
    this.#highest = Math.max(this.#highest, seq);
  }

  subscribed(channels: readonly string[]): void {
    for (const channel of channels) {
      const entry = this.#entries.get(channel);
      if (entry) {
        entry.repairing = false;
      }
    }
  }

  receive(frame: Snapshot | EventFrame | Notice): Verdict {
    const entry = this.#entries.get(frame.channel);
    if (!entry) {
      return "ignored";
    }
    if (frame.type === "notice") {
      entry.fold.notice?.(frame);
      return "applied";
    }
    if (frame.epoch !== this.#epoch) {
      return "ignored";
    }
    return frame.type === "snapshot" ? this.#snapshot(entry, frame) : this.#event(entry, frame);
  }

  #snapshot(entry: Entry, frame: Snapshot): Verdict {
    entry.last = frame.seq;
    entry.repairing = false;
    entry.fold.snapshot(frame.data, frame.seq);
    this.advance(frame.seq);
    return "applied";
  }

  #event(entry: Entry, frame: EventFrame): Verdict {
    if (isStateChannel(frame.channel)) {
      entry.last = frame.seq;
      this.advance(frame.seq);
      entry.fold.snapshot(frame.data, frame.seq);
      return "applied";
    }
    if (entry.repairing || (entry.last !== null && frame.seq <= entry.last)) {
      return "ignored";
    }
    if (entry.last !== null && frame.prev !== entry.last) {
      entry.repairing = true;
      return "gap";
    }
    entry.last = frame.seq;
    this.advance(frame.seq);
    entry.fold.event?.(frame);
    return "applied";
  }
}
