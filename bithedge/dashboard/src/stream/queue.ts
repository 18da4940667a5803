/** Frames wait for the next animation frame, so that a burst costs one redraw. */

import { batch } from "@preact/signals";
import type { EventFrame, Notice, Snapshot } from "./frames";
import { isStateChannel } from "./names";

export type Queued = Snapshot | EventFrame | Notice;

/** Return the frames in order, a state channel reduced to its latest. */
export function coalesce(frames: readonly Queued[]): Queued[] {
  const latest = new Map<string, Queued>();
  for (const frame of frames) {
    if (frame.type !== "notice" && isStateChannel(frame.channel)) {
      latest.set(frame.channel, frame);
    }
  }
  return frames.filter((frame) => {
    const last = latest.get(frame.channel);
    return frame.type === "notice" || last === undefined || last === frame;
  });
}

export class FrameQueue {
  #waiting: Queued[] = [];
  #scheduled = false;

  constructor(private readonly apply: (frame: Queued) => void) {}

  push(frame: Queued): void {
    this.#waiting.push(frame);
    if (this.#scheduled) {
      return;
    }
    this.#scheduled = true;
    if (document.hidden) {
      setTimeout(() => this.flush(), 1_000);
    } else {
      requestAnimationFrame(() => this.flush());
    }
  }

  flush(): void {
    this.#scheduled = false;
    const frames = coalesce(this.#waiting);
    this.#waiting = [];
    batch(() => {
      for (const frame of frames) {
        this.apply(frame);
      }
    });
  }
}
