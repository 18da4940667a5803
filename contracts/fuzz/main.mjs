/**
 * Stateful fuzzing of both contracts on the VM: `make fuzz`, or `node contracts/fuzz/main.mjs`.
 *
 * Plays games of all roles, a thief and forks (tests/contracts/fuzz) in processes side by side. Each act is held
 * against a judge that tells the contracts' rules a second time, and after it the laws are checked. A broken law prints
 * its seed, its move, and the shortest list of moves that still breaks it.
 *
 * --calls N    calls of the contracts in all (100000)
 * --steps N    acts in a game (300)
 * --seed N     first seed (1000); games of one seed are the same on every machine
 * --workers N  processes (2)
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { load } from "../tools/load.mjs";

const { values: options } = parseArgs({
  options: {
    calls: { type: "string", default: "100000" },
    steps: { type: "string", default: "300" },
    seed: { type: "string", default: "1000" },
    workers: { type: "string", default: "2" },
    part: { type: "string" },
  },
});
const [calls, steps, seed, workers] = [options.calls, options.steps, options.seed, options.workers].map(
  Number,
);
const say = (text) => process.stdout.write(`${text}\n`);

/** Plays every `workers`th seed, and reports to the parent. */
async function play(part) {
  process.on("disconnect", () => process.exit(1));
  const { module, close } = await load("tests/contracts/fuzz/run.ts");
  await close();
  const share = { calls: calls / workers, steps, first: seed + part, stride: workers };
  try {
    await module.run(share, (_, report) => process.send({ report }));
    process.disconnect();
  } catch (error) {
    process.send({ broken: await module.explain(error) });
    process.exitCode = 1;
  }
}

/** One worker; resolves to whether no law was broken. */
function worker(part, hear) {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--part", String(part)]);
  child.on("message", hear);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code === 0)));
}

async function lead() {
  const { module, close } = await load("tests/contracts/fuzz/run.ts");
  await close();
  const begun = Date.now();
  let [sum, told] = [module.empty(), 0];
  const hear = ({ report, broken }) => {
    if (broken !== undefined) return say(broken);
    sum = module.add(sum, report);
    if (sum.calls - told < 10_000) return;
    told = sum.calls;
    say(`${sum.calls} calls, ${sum.succeeded} succeeded, ${Math.round((Date.now() - begun) / 1000)} s`);
  };
  const results = await Promise.all(Array.from({ length: workers }, (_, part) => worker(part, hear)));
  const { acts, ...counts } = sum;
  say(JSON.stringify(counts));
  say(JSON.stringify(acts));
  process.exitCode = results.every(Boolean) ? 0 : 1;
}

await (options.part === undefined ? lead() : play(Number(options.part)));
process.exit();
