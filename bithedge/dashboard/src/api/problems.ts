/** Refusals of the daemon: problem+json, and the few failures that never reached it. */

import type { Health } from "./schema";

export interface FieldError {
  field: string;
  code: string;
  message: string;
  limit?: number;
  actual?: number;
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  errors: FieldError[];
  request_id: string | null;
  retry_after_s: number | null;
  reason: string | null;
  health: Health | null;
}

export class Refused extends Error {
  override readonly name = "Refused";

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Return the problem behind whatever was thrown; anything but a refusal is a fault of the connection. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Refused) {
    return thrown.problem;
  }
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return emptyProblem("client_error", "Something went wrong in this page", detail);
}

export function emptyProblem(code: string, title: string, detail: string, status = 0): Problem {
  return {
    title,
    status,
    detail,
    code,
    errors: [],
    request_id: null,
    retry_after_s: null,
    reason: null,
    health: null,
  };
}

/** Return the problem of a response that is not 2xx, whatever its body is. */
export async function readProblem(response: Response): Promise<Problem> {
  const base = emptyProblem(
    `http_${response.status}`,
    "The daemon refused",
    `It answered ${response.status}.`,
    response.status,
  );
  base.request_id = response.headers.get("X-Request-Id");
  const wait = Number(response.headers.get("Retry-After"));
  base.retry_after_s = Number.isFinite(wait) && wait > 0 ? wait : null;
  try {
    const body = (await response.json()) as Partial<Problem>;
    return { ...base, ...body, errors: body.errors ?? [], retry_after_s: base.retry_after_s };
  } catch {
    return base;
  }
}

/** Return the limit that a problem names for `field`, in the field's own unit. */
export function limitOf(problem: Problem, field: string): number | null {
  return problem.errors.find((error) => error.field === field)?.limit ?? null;
}
