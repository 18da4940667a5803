/** Just enough of Clarity's syntax to change one place of a source and leave every other byte as it is. */

export interface Node {
  readonly kind: "list" | "tuple" | "atom";
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly children: readonly Node[];
}

const TOKEN = /;;[^\n]*|"(?:[^"\\]|\\.)*"|[(){}]|[^\s(){}",;]+|,/g;
const CLOSES: Record<string, Node["kind"]> = { ")": "list", "}": "tuple" };

/** The forms at the top of a source, comments left out. */
export function parse(source: string): Node[] {
  const open: { start: number; children: Node[] }[] = [{ start: 0, children: [] }];
  for (const match of source.matchAll(TOKEN)) {
    const [token] = match;
    const at = match.index;
    const inner = open.at(-1) as { start: number; children: Node[] };
    if (token.startsWith(";;") || token === ",") continue;
    if (token === "(" || token === "{") open.push({ start: at, children: [] });
    else if (token in CLOSES) {
      open.pop();
      const end = at + 1;
      const kind = CLOSES[token] as Node["kind"];
      const node = {
        kind,
        start: inner.start,
        end,
        text: source.slice(inner.start, end),
        children: inner.children,
      };
      (open.at(-1) as { children: Node[] }).children.push(node);
    } else {
      inner.children.push({ kind: "atom", start: at, end: at + token.length, text: token, children: [] });
    }
  }
  return (open[0] as { children: Node[] }).children;
}

/** The first word of a list, what it does: `asserts!`, `and`, `<=`. */
export const head = (node: Node): string => (node.kind === "list" ? (node.children[0]?.text ?? "") : "");

/** The line that a place of a source is on, counted from one. */
export const lineOf = (source: string, at: number): number => source.slice(0, at).split("\n").length;
