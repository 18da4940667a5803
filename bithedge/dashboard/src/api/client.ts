/** HTTP on the page's own origin. */

import { forget, keyFor } from "./idempotency";
import { emptyProblem, Refused, readProblem } from "./problems";
import type { Page } from "./schema";

const MOST_A_PAGE = 200;

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Read<T> {
  data: T;
  /** Up to which journal position the answer is true. */
  seq: number | null;
}

function withQuery(path: string, query?: Query): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  if (pairs.length === 0) {
    return path;
  }
  return `${path}?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new Refused(
      emptyProblem("unreachable", "The daemon cannot be reached", "Nothing was sent. Try again."),
    );
  }
  if (!response.ok) {
    throw new Refused(await readProblem(response));
  }
  return response;
}

export async function read<T>(path: string, query?: Query, signal?: AbortSignal): Promise<Read<T>> {
  const response = await send(withQuery(path, query), {
    headers: { Accept: "application/json" },
    ...(signal ? { signal } : {}),
  });
  const seq = response.headers.get("BitHedge-Seq");
  return { data: (await response.json()) as T, seq: seq === null ? null : Number(seq) };
}

export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return (await read<T>(path, query, signal)).data;
}

/** Walk a list to its end. */
export async function getAll<T>(path: string, query: Query, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await get(path, { ...query, limit: MOST_A_PAGE, cursor }, signal);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

export async function getText(path: string, accept: string, query?: Query): Promise<string> {
  return (await send(withQuery(path, query), { headers: { Accept: accept } })).text();
}

/** Post something that commits nothing: a quote, a message, a preparation. */
export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return (await response.json()) as T;
}

/** Post a command: `intent` names what the user wants, so that a retry is the same request. */
export async function command<T>(intent: string, path: string, body: unknown): Promise<T> {
  const response = await send(path, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      "Idempotency-Key": keyFor(intent, body, localStorage),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as T;
  forget(intent, localStorage);
  return answer;
}
