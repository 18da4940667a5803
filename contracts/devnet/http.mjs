// A small HTTP server on loopback: routes, bodies, faults. A handler runs to its end before the next begins.
import { createServer } from "node:http";

import { Rejection } from "./admission.mjs";

const BODY_LIMIT = 2 * 1024 * 1024;

/** An answer other than 200; `body` is sent as text where it is a string, else as JSON. */
export class HttpError extends Error {
  constructor(status, body) {
    super(typeof body === "string" ? body : JSON.stringify(body));
    this.status = status;
    this.body = body;
  }
}

export const ok = (body, headers = {}) => ({ status: 200, body, headers });

function pattern(path) {
  const source = path.replace(/[.]/g, "\\.").replace(/:(\w+)/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}/?$`);
}

export const route = (method, path, handle) => ({ method, path: pattern(path), handle });

function readBody(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let size = 0;
    request.on("data", (part) => {
      size += part.length;
      if (size <= BODY_LIMIT) {
        parts.push(part);
      }
    });
    request.on("end", () =>
      size > BODY_LIMIT ? reject(new HttpError(413, "body too large")) : resolve(Buffer.concat(parts)),
    );
    request.on("error", reject);
  });
}

/** Parse a JSON object; throws 400 with plain text, as the node answers. */
export function jsonBody(body) {
  try {
    const value = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value;
    }
  } catch {
    // Told below.
  }
  throw new HttpError(400, "Failed to parse JSON body");
}

function send(response, { status, body, headers = {} }) {
  if (Buffer.isBuffer(body)) {
    response.writeHead(status, { "Content-Type": "application/octet-stream", ...headers });
    response.end(body);
    return;
  }
  // The node answers a bare string only where it is JSON (a txid), and errors of form as plain text.
  const plain = typeof body === "string" && status !== 200;
  const type = plain ? "text/plain; charset=utf-8" : "application/json";
  response.writeHead(status, { "Content-Type": type, ...headers });
  response.end(plain ? body : JSON.stringify(body));
}

function answerTo(error) {
  if (error instanceof HttpError) {
    return { status: error.status, body: error.body };
  }
  if (error instanceof Rejection) {
    return { status: 400, body: error.body(error.txid) };
  }
  throw error;
}

export class DevnetServer {
  #routes;
  #faults;
  #tipHeight;
  #onCrash;
  #server;
  requests = 0;

  constructor({ routes, faults, tipHeight, onCrash }) {
    this.#routes = routes;
    this.#faults = faults;
    this.#tipHeight = tipHeight;
    this.#onCrash = onCrash;
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#serve(request, response).catch((error) => {
        response.destroy();
        if (error.code !== "ECONNRESET") {
          this.#onCrash(error);
        }
      });
    });
  }

  /** Listen on loopback and return the port. */
  listen(port) {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host: "127.0.0.1", backlog: 1024 }, () =>
        resolve(this.#server.address().port),
      );
    });
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request, response) {
    this.requests += 1;
    const url = new URL(request.url, "http://devnet");
    const body = await readBody(request).catch((error) => error);
    const asked = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body,
    };
    const fault = asked.path.startsWith("/devnet") ? null : this.#faults.strike(asked);
    if (fault?.before === "cut") {
      response.destroy();
      return;
    }
    if (fault?.before === "hold") {
      this.#faults.hold(response);
      return;
    }
    const answer = fault?.answer ?? this.#answer(asked, fault);
    if (fault?.after === "cut") {
      response.destroy();
    } else if (fault?.delayMs > 0) {
      setTimeout(() => send(response, answer), fault.delayMs);
    } else {
      send(response, answer);
    }
  }

  #answer(asked, fault) {
    try {
      if (asked.body instanceof Error) {
        throw asked.body;
      }
      const answer = this.#dispatch({ ...asked, forget: fault?.forget ?? false });
      return { ...answer, headers: { ...this.#headers(asked.path), ...answer.headers } };
    } catch (error) {
      return { headers: this.#headers(asked.path), ...answerTo(error) };
    }
  }

  // Browsers may talk to the chain as they do to the real one, not to the control paths.
  #headers(path) {
    if (path.startsWith("/devnet")) {
      return {};
    }
    const headers = { "Access-Control-Allow-Origin": "*" };
    return path.startsWith("/extended")
      ? headers
      : { ...headers, "X-Canonical-Stacks-Tip-Height": `${this.#tipHeight()}` };
  }

  #dispatch(asked) {
    let known = false;
    for (const { method, path, handle } of this.#routes) {
      const match = path.exec(asked.path);
      if (match !== null) {
        known = true;
        if (method === asked.method) {
          const params = Object.fromEntries(
            Object.entries(match.groups ?? {}).map(([name, text]) => [name, decodePart(text)]),
          );
          return handle({ ...asked, params });
        }
      }
    }
    if (asked.method === "OPTIONS" && known && !asked.path.startsWith("/devnet")) {
      const allow = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "content-type",
      };
      return { status: 204, body: "", headers: allow };
    }
    throw new HttpError(known ? 405 : 404, known ? "Method not allowed" : `No such path: ${asked.path}`);
  }
}

function decodePart(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, "Failed to decode path");
  }
}
