/** One socket for the whole page: it comes back by itself and resumes where it was. */

import { signal } from "@preact/signals";
import { Channels, type Fold } from "./channels";
import { type Frame, type Position, parseFrame } from "./frames";
import { FrameQueue } from "./queue";

export type ConnectionState =
  | { kind: "connecting" }
  | { kind: "catching_up" }
  | { kind: "live" }
  | { kind: "offline"; since: number; retryAt: number | null }
  | { kind: "stopped"; code: number };

const LINGER_MS = 10_000;
const LONGEST_WAIT_MS = 15_000;

export const connection = signal<ConnectionState>({ kind: "connecting" });
/** When the last frame came: the time up to which figures are known to be true. */
export const lastFrameAt = signal(Date.now());

/** Return how long to wait after a close with `code`, in ms; null to stop for good. */
export function delayAfter(code: number, attempt: number, random: () => number): number | null {
  switch (code) {
    case 4001:
    case 4003:
      return null;
    case 4002:
      return 10_000;
    case 4004:
      return 60_000;
    default:
      return random() * Math.min(LONGEST_WAIT_MS, 250 * 2 ** attempt);
  }
}

class Connection {
  readonly #channels = new Channels();
  readonly #queue = new FrameQueue((frame) => {
    if (this.#channels.receive(frame) === "gap") {
      this.#send("subscribe", [frame.channel], this.#channels.positionOf(frame.channel));
    }
  });
  #url = "";
  #socket: WebSocket | null = null;
  #attempt = 0;
  #nextId = 1;
  #pending = new Set<number>();
  #heartbeatMs = 15_000;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #afterShutdown: number | null = null;

  start(url: string): void {
    this.#url = url;
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.retryNow();
      }
    });
    this.#connect();
  }

  /** Read `channel` until the returned function is called; the subscription lingers for the next view. */
  read(channel: string, fold: Fold): () => void {
    if (this.#channels.open(channel, fold)) {
      this.#send("subscribe", [channel], null);
    }
    let closed = false;
    return () => {
      if (!closed && this.#channels.close(channel)) {
        setTimeout(() => {
          if (this.#channels.drop(channel)) {
            this.#send("unsubscribe", [channel], null);
          }
        }, LINGER_MS);
      }
      closed = true;
    };
  }

  /** Try at once when offline or stopped. */
  retryNow(): void {
    const { kind } = connection.value;
    if (this.#url !== "" && (kind === "offline" || kind === "stopped")) {
      clearTimeout(this.#retry);
      this.#connect();
    }
  }

  #connect(): void {
    if (this.#socket) {
      return;
    }
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("message", (message) => this.#receive(String(message.data)));
    socket.addEventListener("close", (event) => this.#closed(socket, event.code));
    this.#watch();
  }

  #receive(text: string): void {
    lastFrameAt.value = Date.now();
    this.#watch();
    const frame = parseFrame(text);
    if (frame) {
      this.#handle(frame);
    }
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case "hello":
        this.#greet(frame);
        break;
      case "subscribed":
        this.#queue.flush();
        this.#channels.subscribed(frame.channels);
        this.#answered(frame.id);
        break;
      case "heartbeat":
        this.#queue.flush();
        this.#channels.advance(frame.seq);
        break;
      case "shutdown":
        this.#afterShutdown = frame.reconnect_after_ms;
        break;
      case "error":
        if (frame.id !== null) {
          this.#answered(frame.id);
        }
        break;
      default:
        this.#queue.push(frame);
    }
  }

  #greet(frame: Extract<Frame, { type: "hello" }>): void {
    this.#attempt = 0;
    this.#heartbeatMs = frame.heartbeat_ms;
    this.#pending.clear();
    const since = this.#channels.position();
    this.#channels.hello(frame);
    connection.value = { kind: "catching_up" };
    const names = this.#channels.names();
    if (names.length > 0) {
      this.#send("subscribe", names, since);
    } else {
      connection.value = { kind: "live" };
    }
  }

  #answered(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      connection.value = { kind: "live" };
    }
  }

  #send(op: "subscribe" | "unsubscribe", channels: string[], since: Position | null): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return;
    }
    const id = this.#nextId++;
    if (op === "subscribe") {
      this.#pending.add(id);
    }
    this.#socket.send(JSON.stringify({ op, id, channels, ...(since ? { since } : {}) }));
  }

  /** Two heartbeats without a frame mean that the line is dead, whatever the socket says. */
  #watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const socket = this.#socket;
      if (socket) {
        socket.close();
        this.#closed(socket, 1006);
      }
    }, 2 * this.#heartbeatMs);
  }

  #closed(socket: WebSocket, code: number): void {
    if (this.#socket !== socket) {
      return;
    }
    this.#socket = null;
    clearTimeout(this.#silence);
    const delay = this.#afterShutdown ?? delayAfter(code, this.#attempt, Math.random);
    this.#afterShutdown = null;
    if (delay === null) {
      connection.value = { kind: "stopped", code };
      return;
    }
    this.#attempt += 1;
    const current = connection.value;
    const since = current.kind === "offline" ? current.since : lastFrameAt.value;
    connection.value = { kind: "offline", since, retryAt: Date.now() + delay };
    this.#retry = setTimeout(() => this.#connect(), delay);
  }
}

export const stream = new Connection();
