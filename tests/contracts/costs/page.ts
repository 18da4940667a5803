/** docs/costs.md: written from measurements, read back to compare. */
import type { Costs } from "../support/chain";
import { INSIDE, type Measurement } from "./measure";

const DIMENSIONS = ["runtime", "readCount", "readLength", "writeCount", "writeLength"] as const;
/** What one budget holds under the rules of epoch 3.4; epoch 4.0 doubles the reads. */
const BUDGET: Costs = {
  runtime: 5_000_000_000,
  readCount: 15_000,
  readLength: 100_000_000,
  writeCount: 15_000,
  writeLength: 15_000_000,
};
/** Measurements may differ from the page by so much, in hundredths, before it must be written anew. */
const TOLERANCE = 1;

/** How many such calls one budget holds. */
export const perBudget = (costs: Costs): number =>
  Math.min(...DIMENSIONS.map((name) => Math.floor(BUDGET[name] / costs[name])));

const isTightest = (costs: Costs, name: (typeof DIMENSIONS)[number]): boolean =>
  Math.floor(BUDGET[name] / costs[name]) === perBudget(costs);

const nameOf = ({ method, how }: Measurement): string => (how === "" ? method : `${method}: ${how}`);
const digits = (number: number): string => number.toLocaleString("en-GB");

function row(measurement: Measurement): string {
  const { costs } = measurement;
  const figures = DIMENSIONS.map((name) =>
    isTightest(costs, name) ? `**${digits(costs[name])}**` : digits(costs[name]),
  );
  return `| ${[nameOf(measurement), ...figures, digits(perBudget(costs))].join(" | ")} |`;
}

/** The figures of a page, by row. */
export function figures(page: string): Map<string, number[]> {
  const rows = page.split("\n").filter((line) => /^\| [a-z-]+(: [^|]+)? \| \**\d/.test(line));
  return new Map(
    rows.map((line) => {
      const [name = "", ...cells] = line
        .split("|")
        .map((cell) => cell.trim())
        .slice(1, -1);
      return [name, cells.map((cell) => Number(cell.replace(/[*,]/g, "")))];
    }),
  );
}

/** Where the measurements and the page differ by more than the tolerance. */
export function differences(measurements: readonly Measurement[], page: string): string[] {
  const told = figures(page);
  const found = measurements.flatMap((measurement) => {
    const name = nameOf(measurement);
    const before = told.get(name);
    told.delete(name);
    if (before === undefined) return [`${name} is not on the page`];
    return DIMENSIONS.flatMap((dimension, at) => {
      const [now, then] = [measurement.costs[dimension], before[at] ?? 0];
      return Math.abs(now - then) * 100 > then * TOLERANCE ? [`${name}: ${dimension} ${then} is ${now}`] : [];
    });
  });
  return [...found, ...[...told.keys()].map((name) => `${name} is measured no more`)];
}

const capacity = (measurements: readonly Measurement[], name: string): number => {
  const of = measurements.find((measurement) => nameOf(measurement) === name);
  if (of === undefined) throw new Error(`${name} is not measured`);
  return perBudget(of.costs);
};

/** The whole page; `sizes` are the sources' bytes with their comments and without. */
export function page(
  measurements: readonly Measurement[],
  sizes: Readonly<Record<string, [number, number]>>,
): string {
  const fits = (name: string): string => digits(capacity(measurements, name));
  const batch = (name: string): string => digits(50 * capacity(measurements, name));
  const inside = Object.entries(INSIDE).map(([name, where]) => `\`${name}\` (${where})`);
  const bytes = Object.entries(sizes).map(
    ([contract, [all, code]]) => `${contract} ${digits(all)}, of which comments are ${digits(all - code)}`,
  );
  return `# Costs of the contracts

Written by \`node contracts/costs.mjs\`, measured on the Clarity VM at epoch 3.4; \`--check\` and the test suite compare.

Stacks charges each transaction in five kinds and gives a miner one budget of each for a tenure: the blocks of a tenure share it, and each extension of the tenure renews it.
So "in a budget" is what one block can hold if nothing else is mined in its tenure, and what the whole tenure can hold without an extension; with n extensions a tenure holds n + 1 times as much.
The kind that runs out first is in bold. One budget: ${DIMENSIONS.map((name) => `${name} ${digits(BUDGET[name])}`).join(", ")}.

| function | runtime | reads | read bytes | writes | written bytes | in a budget |
|---|---|---|---|---|---|---|
${measurements.map(row).join("\n")}

Not measured by themselves: ${inside.join(", ")}.

## What fits

- **Purchases**: ${fits("buy-policy: 1 + 2 signatures")}.
- **Settlements**: ${fits("settle-policy: touch, 2 signatures")} at a touch, ${fits("settle-policy: order, 1 + 2 signatures")} by an order.
- **Releases**: ${batch("release-collateral-aggregate: with a price, 50 policies, 2 signatures")} policies with the price of their expiry in batches of 50; ${batch("release-collateral-aggregate: without, 50 policies")} without a price.
- **Withdrawals**: ${fits("withdraw-funds: 1 signature")}; **deposits**: ${fits("deposit-funds")}; **ways out**: ${fits("escape-funds: 24 steps")}.

The daemon meets another bound first: a node takes 25 transactions of one account that are not mined yet, so settlements are spread over several keys.

## What it would take to be cheaper

Reads run out first everywhere, never bytes, so the length of the sources costs nothing that anybody runs out of.
A call loads the source of each contract that it enters, comments included (bytes: ${bytes.join("; ")}).
Stripped of them every call would read fewer bytes, no budget would hold one call more, and the source on chain could no longer be compared byte by byte with the one in the repository: so they stay.
Reads go with calls between the contracts, of which each function makes as few as its rules need: a withdrawal asks for all its rules at once (\`get-pool-rules\`), a batch has its price verified once.
`;
}
