// The daemon's HTTP interface, as a program sees it.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 50;

/** An answer of 400 and above: the code and the details are in the problem it carries. */
export class Refusal extends Error {
  constructor(method, path, problem) {
    super(`${method} ${path}: ${problem.status} ${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

export class Api {
  #base;

  constructor(base) {
    this.#base = base.replace(/\/$/, "");
  }

  get(path) {
    return this.#ask("GET", path);
  }

  /** Every POST carries a key of its own, so that sending it again could not do it twice. */
  post(path, body) {
    return this.#ask("POST", path, {
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "Idempotency-Key": randomBytes(16).toString("hex") },
    });
  }

  /** Read a path until it is as wanted, and return it. */
  async until(path, isWanted, { seconds = 60 } = {}) {
    const deadline = Date.now() + seconds * 1_000;
    for (;;) {
      const found = await this.get(path);
      if (isWanted(found)) {
        return found;
      }
      if (Date.now() > deadline) {
        throw new Error(`${path} is not as wanted after ${seconds} s: ${JSON.stringify(found)}`);
      }
      await pause(POLL_MS);
    }
  }

  async #ask(method, path, init = {}) {
    const response = await fetch(`${this.#base}${path}`, { method, ...init });
    const body = await response.json();
    if (!response.ok) {
      throw new Refusal(method, path, body);
    }
    return body;
  }
}
