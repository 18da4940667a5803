/** The frames of the stream, protocol 1. */

export interface Hello {
  type: "hello";
  protocol: number;
  epoch: string;
  seq: number;
  heartbeat_ms: number;
  max_channels: number;
}

export interface Subscribed {
  type: "subscribed";
  id: number;
  channels: string[];
  resumed: boolean;
}

export interface Snapshot {
  type: "snapshot";
  channel: string;
  epoch: string;
  seq: number;
  data: unknown;
}

export interface EventFrame {
  type: "event";
  channel: string;
  epoch: string;
  seq: number;
  prev: number;
  name: string;
  at: string;
  data: Record<string, unknown>;
}

export interface Notice {
  type: "notice";
  channel: string;
  name: string;
  at: string;
  data: Record<string, unknown>;
}

export interface Heartbeat {
  type: "heartbeat";
  seq: number;
  at: string;
}

export interface Shutdown {
  type: "shutdown";
  reconnect_after_ms: number;
}

export interface StreamError {
  type: "error";
  id: number | null;
  code: string;
  message: string;
}

export type Frame = Hello | Subscribed | Snapshot | EventFrame | Notice | Heartbeat | Shutdown | StreamError;

export interface Position {
  epoch: string;
  seq: number;
}

const KNOWN = new Set([
  "hello",
  "subscribed",
  "snapshot",
  "event",
  "notice",
  "heartbeat",
  "shutdown",
  "error",
]);

/** Return the frame of a text; null for a type that this client does not know, which it must ignore. */
export function parseFrame(text: string): Frame | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("type" in value)) {
    return null;
  }
  return KNOWN.has(String(value.type)) ? (value as Frame) : null;
}
