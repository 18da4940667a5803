// Faults on request: what a client must survive, told what to strike and how often.
const KINDS = ["stall", "drop", "lose", "delay", "refuse", "error", "forget"];
const FIELDS = ["kind", "method", "path", "count", "ms", "status", "reason"];

/** A fault rule that makes no sense. */
export class FaultError extends Error {}

function check(condition, message) {
  if (!condition) {
    throw new FaultError(message);
  }
}

const isWhole = (value, low, high) => Number.isInteger(value) && value >= low && value <= high;

function checkedRule(rule) {
  check(typeof rule === "object" && rule !== null && !Array.isArray(rule), "a rule is an object");
  for (const field of Object.keys(rule)) {
    check(FIELDS.includes(field), `unknown field ${field}: one of ${FIELDS.join(" ")} wanted`);
  }
  const {
    kind,
    method = null,
    path = "/",
    count = null,
    ms = 1_000,
    status = 503,
    reason = "ServerFailureOther",
  } = rule;
  check(KINDS.includes(kind), `kind is ${kind}: one of ${KINDS.join(" ")} wanted`);
  check(method === null || typeof method === "string", "method is a word, such as POST");
  check(typeof path === "string" && path.startsWith("/"), "path is the beginning of a path");
  check(count === null || isWhole(count, 1, 1e9), "count is a whole number of requests, or null for all");
  check(isWhole(ms, 0, 600_000), "ms is from 0 to 600000");
  check(isWhole(status, 500, 599), "status is from 500 to 599");
  check(typeof reason === "string", "reason is one of the node");
  return { kind, method, path, count, ms, status, reason, hits: 0 };
}

const EFFECTS = {
  stall: () => ({ before: "hold" }),
  drop: () => ({ before: "cut" }),
  lose: () => ({ after: "cut" }),
  delay: ({ ms }) => ({ delayMs: ms }),
  forget: () => ({ forget: true }),
  error: ({ status }) => ({ answer: { status, body: "fault on request" } }),
  refuse: ({ reason }) => ({
    answer: {
      status: 400,
      body: { error: "transaction rejected", reason, reason_data: { message: "fault on request" } },
    },
  }),
};

export class Faults {
  #rules = [];
  #held = new Set();
  /** False while no block is mined by the clock. */
  mining = true;

  /** Replace all rules. */
  set(rules) {
    check(Array.isArray(rules), "rules is a list");
    this.#rules = rules.map(checkedRule);
    this.#release();
  }

  get rules() {
    return this.#rules.map((rule) => ({ ...rule }));
  }

  /** What happens to a request: the first rule that fits it and has not run out. */
  strike({ method, path }) {
    const rule = this.#rules.find(
      (each) =>
        path.startsWith(each.path) &&
        (each.method === null || each.method === method) &&
        (each.count === null || each.hits < each.count),
    );
    if (rule === undefined) {
      return null;
    }
    rule.hits += 1;
    return EFFECTS[rule.kind](rule);
  }

  /** Keep a request unanswered until the rules change. */
  hold(response) {
    this.#held.add(response);
    response.on("close", () => this.#held.delete(response));
  }

  #release() {
    for (const response of this.#held) {
      response.destroy();
    }
    this.#held.clear();
  }
}
