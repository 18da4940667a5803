/**
 * Mutation testing of the contracts: `make mutate`, or `node contracts/mutate.mjs`.
 *
 * Removes, turns round or shifts each check, bound and effect in turn, and runs the tests that execute the changed
 * place, those that killed its neighbours first, until one is red. Writes docs/mutation.md; fails on a survivor that
 * tests/contracts/mutation/survivors.json does not explain, and on an explanation that nothing needs.
 *
 * --workers N   processes (2)
 * --match TEXT  only mutants of functions, constants or maps whose name has TEXT; writes no page
 * --sample N    one mutant in N; the page says so
 */
import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { load } from "./tools/load.mjs";
import { page } from "./tools/mutation-page.mjs";

const CONTRACTS = ["policy-registry", "liquidity-pool"];
const EXPLAINED = new URL("../tests/contracts/mutation/survivors.json", import.meta.url);
const PAGE = new URL("../docs/mutation.md", import.meta.url);
const WORKER = new URL("./tools/mutation-worker.mjs", import.meta.url);
const LIMIT_MS = 300_000;

const { values: options } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    match: { type: "string", default: "" },
    sample: { type: "string", default: "1" },
  },
});
const say = (text) => process.stderr.write(`${text}\n`);
const source = (contract) => readFileSync(new URL(`./${contract}.clar`, import.meta.url), "utf8");

function survey() {
  const worker = fork(WORKER, ["survey"], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("exit", (code) => reject(new Error(`the survey ended with ${code}`)));
  });
}

/** Mutants that are killed by the same tests, as far as one can know. */
const kinOf = ({ contract, where }) => `${contract} ${where.replace(/^ERR_.*/, "ERR_").replace(/ ".*/, "")}`;

/** The tests to run for a mutant: those that run its form, first those that name its error, then the killers of its kin. */
function orderFor(mutant, tests, kills) {
  const [first, last] = mutant.lines;
  const places = new Set();
  for (let line = first; line <= last; line += 1) places.add(`${mutant.contract}:${line}`);
  const touching = tests
    .map((_, at) => at)
    .filter((at) => tests[at].lines.some((place) => places.has(place)));
  const scores = kills.get(kinOf(mutant)) ?? new Map();
  const names = (at) =>
    Number(mutant.error !== undefined && new RegExp(`\\b${mutant.error}n?\\b`).test(tests[at].text));
  const all = touching.length > 0 ? touching : tests.map((_, at) => at); // what runs at deployment touches every test
  const rank = (at) => [names(at), scores.get(at) ?? 0, -tests[at].ms];
  const ranks = new Map(all.map((at) => [at, rank(at)]));
  return all.sort((a, b) => {
    const [first, second] = [ranks.get(a), ranks.get(b)];
    const place = first.findIndex((value, at) => value !== second[at]);
    return place < 0 ? 0 : second[place] - first[place];
  });
}

function noteKill(mutant, at, kills) {
  const kin = kinOf(mutant);
  const scores = kills.get(kin) ?? new Map();
  scores.set(at, (scores.get(at) ?? 0) + 1);
  kills.set(kin, scores);
}

/** What one worker answers to one mutant; a worker that hangs or dies is replaced and the mutant counts as killed. */
function answer(worker, mutant) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.kill("SIGKILL"), LIMIT_MS);
    const done = (reply) => {
      clearTimeout(timer);
      worker.removeAllListeners();
      resolve(reply);
    };
    worker.once("message", done);
    worker.once("exit", () => done({ gone: true }));
    worker.send(mutant);
  });
}

function start() {
  const worker = fork(WORKER, ["mutants"], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return new Promise((resolve) => worker.once("message", () => resolve(worker)));
}

async function work(queue, tests, kills, results) {
  let worker = await start();
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const reply = await answer(worker, { ...mutant, order: orderFor(mutant, tests, kills) });
    if (reply.gone) worker = await start();
    if (reply.killer !== undefined) noteKill(mutant, reply.killer, kills);
    const killed = reply.killer !== undefined || reply.gone === true;
    results.push({ ...mutant, ...reply, killed, by: tests[reply.killer]?.name });
    if (!killed && !reply.invalid)
      say(`survives: ${mutant.contract}:${mutant.line} ${mutant.before} -> ${mutant.after}`);
    if (results.length % 25 === 0) say(`${results.length} tried, ${queue.length} to go`);
  }
  worker.kill();
}

/** What a survivor is known by: its place in words, so that a line more above it changes nothing. */
const keyOf = ({ contract, where, operator, before, after }) =>
  `${contract} / ${where} / ${operator}: ${before} -> ${after || "nothing"}`;

async function main() {
  const { module, close } = await load("tests/contracts/mutation/mutants.ts");
  const all = CONTRACTS.flatMap((contract) => module.mutants(contract, source(contract)));
  await close();
  const every = Number(options.sample);
  const chosen = all.filter(({ where }, at) => where.includes(options.match) && at % every === 0);
  say(`${chosen.length} of ${all.length} mutants; first every test by itself`);
  const tests = await survey();
  const [begun, results, kills] = [Date.now(), [], new Map()];
  const queue = [...chosen];
  await Promise.all(
    Array.from({ length: Number(options.workers) }, () => work(queue, tests, kills, results)),
  );

  const explained = JSON.parse(readFileSync(EXPLAINED, "utf8"));
  const survivors = results.filter(({ killed, invalid }) => !killed && !invalid);
  const seconds = Math.round((Date.now() - begun) / 1000);
  const keys = new Set(survivors.map(keyOf));
  const whole = options.match === "" && every === 1;
  const unexplained = survivors.filter((mutant) => !(keyOf(mutant) in explained));
  const idle = whole ? Object.keys(explained).filter((key) => !keys.has(key)) : [];
  if (options.match === "") {
    const ordered = results.sort((a, b) => all.indexOf(a) - all.indexOf(b));
    writeFileSync(PAGE, page({ results: ordered, total: all.length, tests, explained, keyOf }));
  }
  say(
    `${results.length} mutants, ${survivors.length} survivors, ${unexplained.length} unexplained, ${seconds} s`,
  );
  for (const mutant of unexplained) say(`unexplained: ${keyOf(mutant)}`);
  for (const key of idle) say(`explained, but killed: ${key}`);
  process.exitCode = unexplained.length + idle.length > 0 ? 1 : 0;
}

await main();
