/** A read that a view waits for: loading, there, or refused; the last answer stays while it is asked again. */

import { type Signal, signal } from "@preact/signals";
import { type Problem, problemOf } from "../api/problems";

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  loading: boolean;
}

export interface Resource<T> {
  state: Signal<Loaded<T>>;
  load: () => Promise<void>;
  /** Put an answer that came another way. */
  set: (data: T) => void;
  clear: () => void;
}

const NOTHING = { data: null, problem: null, loading: false };

export function resource<T>(read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const state = signal<Loaded<T>>(NOTHING);
  let running: AbortController | null = null;

  async function load(): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    state.value = { ...state.value, loading: true };
    try {
      const data = await read(mine.signal);
      if (running === mine) {
        state.value = { data, problem: null, loading: false };
      }
    } catch (error) {
      if (running === mine) {
        state.value = { ...state.value, problem: problemOf(error), loading: false };
      }
    }
  }

  return {
    state,
    load,
    set: (data) => {
      running?.abort();
      running = null;
      state.value = { data, problem: null, loading: false };
    },
    clear: () => {
      running?.abort();
      running = null;
      state.value = NOTHING;
    },
  };
}
