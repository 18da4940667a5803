/** Every way in which one check, bound or effect of a contract is removed, turned round or shifted by one. */
import { head, lineOf, type Node, parse } from "./syntax";

export interface Mutant {
  readonly contract: string;
  /** The function, constant, variable or map that is changed. */
  readonly where: string;
  readonly line: number;
  readonly lines: readonly [number, number];
  readonly operator: string;
  readonly before: string;
  readonly after: string;
  readonly code: string;
  /** The number of the error that it changes, which the tests of that error will name. */
  readonly error: string | undefined;
}

interface Change {
  readonly operator: string;
  readonly node: Node;
  readonly after: string;
}

const SHIFTED: Record<string, readonly string[]> = {
  "<": ["<=", ">"],
  "<=": ["<", ">="],
  ">": [">=", "<"],
  ">=": [">", "<="],
};
const SWAPPED: Record<string, string> = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  least: "greatest",
  minus: "plus",
};
const EFFECTS = new Set([
  "map-set",
  "map-delete",
  "var-set",
  "print",
  "credit",
  "try!",
  "end-policy",
  "apply-change",
]);
const BODIES = new Set(["begin", "let", "define-public", "define-private"]);
const DEFINITIONS = new Set(["define-public", "define-private", "define-read-only"]);

/** Every mutant of a source, in the order of its lines. */
export function mutants(contract: string, source: string): Mutant[] {
  const errors = new Map(
    [...source.matchAll(/^\(define-constant (ERR_\w+) \(err u(\d+)\)\)/gm)].map(([, name, number]) => [
      name,
      number,
    ]),
  );
  return parse(source).flatMap((form) => {
    const lines = [lineOf(source, form.start), lineOf(source, form.end)] as const;
    return [...changes(form)].map(({ operator, node, after }) => ({
      contract,
      where: nameOf(form),
      line: lineOf(source, node.start),
      lines,
      operator,
      before: short(node.text),
      after: short(after),
      code: source.slice(0, node.start) + after + source.slice(node.end),
      error: errors.get(nameOf(form)) ?? errors.get(node.text),
    }));
  });
}

const short = (text: string): string => text.replace(/;;[^\n]*/g, "").replace(/\s+/g, " ");

/** What a form defines; for one that runs at deployment its first words. */
function nameOf(form: Node): string {
  const [first, second, third] = form.children as [Node, Node, Node];
  if (!first.text.startsWith("define-")) return `${first.text} ${second.text} ${third.text}`;
  return second.kind === "list" ? head(second) : second.text;
}

function* changes(form: Node): Generator<Change> {
  const [, second, ...rest] = form.children as [Node, Node, ...Node[]];
  const word = head(form);
  if (word === "define-map") return;
  // A function's head and a variable's type hold no code; tuples of types look like tuples of values.
  if (DEFINITIONS.has(word)) {
    yield* bodies(form, 2);
    for (const child of rest) yield* inside(child);
  } else if (word === "define-data-var") {
    yield* inside(rest.at(-1) as Node);
  } else if (word === "define-constant") {
    for (const child of rest) yield* inside(child);
  } else {
    yield { operator: "effect removed", node: form, after: "" };
    for (const child of [second, ...rest]) yield* inside(child);
  }
}

function* inside(node: Node): Generator<Change> {
  yield* changesOf(node);
  for (const child of node.children) yield* inside(child);
}

function* changesOf(node: Node): Generator<Change> {
  if (node.kind === "atom") yield* ofAtom(node);
  if (node.kind !== "list") return;
  const word = head(node);
  const [, first] = node.children;
  if (word === "asserts!" && first) {
    yield { operator: "check removed", node: first, after: "true" };
    yield { operator: "check turned round", node: first, after: `(not ${first.text})` };
  }
  if (word === "if" && first) {
    yield { operator: "always", node: first, after: "true" };
    yield { operator: "never", node: first, after: "false" };
  }
  if (word === "and" || word === "or") {
    const neutral = word === "and" ? "true" : "false";
    for (const part of node.children.slice(1))
      yield { operator: `${word}: part removed`, node: part, after: neutral };
  }
  yield* ofComparison(node);
  if (BODIES.has(word)) yield* bodies(node, word === "let" ? 2 : 1);
}

function* ofComparison(node: Node): Generator<Change> {
  const [word] = node.children;
  if (word === undefined) return;
  const arguments_ = node.children.slice(1).map(({ text }) => text);
  for (const after of SHIFTED[word.text] ?? []) yield { operator: "comparison", node: word, after };
  if (word.text === "is-eq" || word.text === "is-some" || word.text === "is-none" || word.text === "is-ok") {
    yield { operator: "comparison", node, after: `(not ${node.text})` };
  }
  if (!(word.text in SWAPPED)) return;
  const [a, b] = arguments_ as [string, string];
  if (word.text === "least") {
    yield { operator: "arithmetic", node, after: a };
    yield { operator: "arithmetic", node, after: b };
  } else if (word.text === "minus") {
    yield { operator: "arithmetic", node, after: a };
    yield { operator: "arithmetic", node, after: `(- ${a} ${b})` };
  } else {
    yield { operator: "arithmetic", node: word, after: SWAPPED[word.text] as string };
  }
}

/** Each effect among the expressions of a body but the last, whose value the body has. */
function* bodies(node: Node, from: number): Generator<Change> {
  for (const child of node.children.slice(from, -1)) {
    if (EFFECTS.has(head(child))) yield { operator: "effect removed", node: child, after: "" };
  }
}

function* ofAtom(node: Node): Generator<Change> {
  const { text } = node;
  if (/^u\d+$/.test(text)) yield { operator: "number", node, after: `u${BigInt(text.slice(1)) + 1n}` };
  if (/^".+"$/.test(text)) yield { operator: "word", node, after: `${text.slice(0, -2)}#"` };
  if (/^0x[0-9a-f]+$/.test(text)) {
    const last = Number.parseInt(text.slice(-1), 16) ^ 1;
    yield { operator: "number", node, after: text.slice(0, -1) + last.toString(16) };
  }
  if (text === "true" || text === "false")
    yield { operator: "word", node, after: text === "true" ? "false" : "true" };
  if (/^ERR_\w+$/.test(text)) yield { operator: "error", node, after: "(err u999)" };
}
