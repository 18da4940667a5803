/** docs/mutation.md, told from the results of a run. */

const CONTRACTS = ["policy-registry", "liquidity-pool"];

const count = (results, test) => results.filter(test).length;

function table(results) {
  const operators = [...new Set(results.map(({ operator }) => operator))];
  const rows = operators.map((operator) => {
    const of = results.filter((one) => one.operator === operator && !one.invalid);
    return `| ${operator} | ${of.length} | ${count(of, ({ killed }) => killed)} | ${count(of, ({ killed }) => !killed)} |`;
  });
  return ["| change | tried | killed | survived |", "|---|---|---|---|", ...rows].join("\n");
}

function survivors(results, explained, keyOf) {
  const seen = new Map();
  for (const one of results) {
    if (one.killed || one.invalid) continue;
    const key = keyOf(one);
    seen.set(key, [...(seen.get(key) ?? []), one.line]);
  }
  return [...seen].map(([key, lines]) => {
    const place = `line${lines.length > 1 ? "s" : ""} ${lines.join(", ")}`;
    return `- \`${key.replaceAll("`", "'")}\` (${place}): ${explained[key] ?? "**not explained**"}`;
  });
}

/** The whole page. */
export function page({ results, total, tests, explained, keyOf }) {
  const valid = results.filter(({ invalid }) => !invalid);
  const killed = count(valid, (one) => one.killed);
  const part = results.length === total ? "" : ` This run took a sample: ${results.length} of ${total}.`;
  const lines = [
    "# Mutation of the contracts",
    "",
    "Written by `node contracts/mutate.mjs`.",
    "Each check, comparison, bound, word, sum and effect of the two contracts is removed, turned round or shifted by one,",
    "alone, and the tests that run the changed place are run until one is red.",
    "A mutant that no test kills must be explained in `tests/contracts/mutation/survivors.json`, or the run fails.",
    "",
    `${results.length} mutants, of which ${results.length - valid.length} do not deploy;` +
      ` of the ${valid.length} others ${tests.length} tests kill ${killed}.${part}`,
    "",
  ];
  for (const contract of CONTRACTS) {
    const of = results.filter((one) => one.contract === contract);
    if (of.length > 0)
      lines.push(`## ${contract}`, "", table(of), "", ...survivors(of, explained, keyOf), "");
  }
  return `${lines.join("\n").trimEnd()}\n`;
}
