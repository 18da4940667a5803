import { beforeEach, describe, expect, it } from "vitest";
import { forget, keyFor, type Store, unanswered } from "./idempotency";

describe("idempotency keys", () => {
  let store: Store;
  let made: number;
  const make = () => `key-${++made}`;

  beforeEach(() => {
    made = 0;
    const kept = new Map<string, string>();
    store = {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    };
  });

  it("keeps one key for one intent until it is answered", () => {
    const first = keyFor("reserve:q_1", { a: 1 }, store, make);

    expect(keyFor("reserve:q_1", { a: 1 }, store, make)).toBe(first);
    expect(unanswered("reserve:q_1", store)).toEqual({ a: 1 });

    forget("reserve:q_1", store);
    expect(unanswered("reserve:q_1", store)).toBeNull();
    expect(keyFor("reserve:q_1", { a: 1 }, store, make)).not.toBe(first);
  });

  it("gives another body its own key, which the daemon would else refuse", () => {
    const first = keyFor("reserve:q_1", { a: 1 }, store, make);
    expect(keyFor("reserve:q_1", { a: 2 }, store, make)).not.toBe(first);
  });

  it("keeps intents apart", () => {
    expect(keyFor("reserve:q_1", {}, store, make)).not.toBe(keyFor("reserve:q_2", {}, store, make));
  });
});
