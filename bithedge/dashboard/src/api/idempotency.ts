/** One key an intent, kept in local storage until its 2xx, so that a reload cannot buy twice. */

const PREFIX = "bithedge.intent.";

interface Kept {
  key: string;
  body: string;
}

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

function randomKey(): string {
  return crypto.randomUUID();
}

/**
 * Return the key of `intent` with `body`: the kept one while its outcome is unknown, else a new one.
 *
 * Another body is another request: the daemon would refuse it under the old key, so it gets its own.
 */
export function keyFor(intent: string, body: unknown, store: Store, make = randomKey): string {
  const text = JSON.stringify(body);
  const raw = store.getItem(PREFIX + intent);
  if (raw !== null) {
    const kept = JSON.parse(raw) as Kept;
    if (kept.body === text) {
      return kept.key;
    }
  }
  const key = make();
  store.setItem(PREFIX + intent, JSON.stringify({ key, body: text } satisfies Kept));
  return key;
}

/** Return the body last sent for `intent` and not yet answered by a 2xx. */
export function unanswered(intent: string, store: Store): unknown {
  const raw = store.getItem(PREFIX + intent);
  return raw === null ? null : JSON.parse((JSON.parse(raw) as Kept).body);
}

export function forget(intent: string, store: Store): void {
  store.removeItem(PREFIX + intent);
}
