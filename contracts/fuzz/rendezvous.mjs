/**
 * Rendezvous over both contracts: random calls with invariants between them, and properties of random inputs.
 * `node contracts/fuzz/rendezvous.mjs`, part of `make fuzz`.
 *
 * Writes a project of its own to a temporary folder (the contracts, the token beside them, contracts/fuzz/*.tests.clar),
 * because the repository's manifest names no contract.
 *
 * --runs N  (1000)
 * --seed N  (42)
 */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { initSimnet } from "@stacks/clarinet-sdk";

const { values: options } = parseArgs({
  options: { runs: { type: "string", default: "1000" }, seed: { type: "string", default: "42" } },
});
const HERE = fileURLToPath(new URL(".", import.meta.url));
const CONTRACTS = join(HERE, "..");
const TOKEN = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4";
const FUZZED = ["policy-registry", "liquidity-pool"];
const KINDS = ["test", "invariant"];
/** Stands in the contract and not in its tests, because a plan deploys first only what the contract itself calls. */
const FAUCET = `
(define-private (mint (sats uint)) (contract-call? .sbtc-deposit mint sats tx-sender))
`;
/** Clarinet's own templates' keys, worthless on real networks: strangers beside the deployer. */
const WALLETS = [
  "sell invite acquire kitten bamboo drastic jelly vivid peace spawn twice guilt pave pen trash pretty park cube fragile unaware remain midnight betray rebuild",
  "hold excess usual excess ring elephant install account glad dry fragile donkey gaze humble truck breeze nation gasp vacuum limb head keep delay hospital",
];

async function writeProject(folder) {
  const simnet = await initSimnet(join(CONTRACTS, "Clarinet.toml"));
  const source = (name) => readFileSync(join(CONTRACTS, `${name}.clar`), "utf8");
  const sources = {
    "sbtc-registry": [simnet.getContractSource(`${TOKEN}.sbtc-registry`), 3],
    "sbtc-token": [simnet.getContractSource(`${TOKEN}.sbtc-token`), 3],
    "sbtc-deposit": [readFileSync(join(HERE, "sbtc-deposit.clar"), "utf8"), 3],
    "policy-registry": [source("policy-registry"), 4],
    "liquidity-pool": [source("liquidity-pool").replace(/'ST1F7\w+\.sbtc-token/, ".sbtc-token") + FAUCET, 4],
  };
  const entries = Object.entries(sources).map(([name, [code, version]]) => {
    writeFileSync(join(folder, `${name}.clar`), code);
    return `[contracts.${name}]\npath = "${name}.clar"\nclarity_version = ${version}\nepoch = "3.4"\n`;
  });
  for (const name of FUZZED)
    copyFileSync(join(HERE, `${name}.tests.clar`), join(folder, `${name}.tests.clar`));
  const manifest = readFileSync(join(CONTRACTS, "Clarinet.toml"), "utf8");
  writeFileSync(join(folder, "Clarinet.toml"), [manifest, ...entries].join("\n"));
  const wallets = WALLETS.map(
    (words, at) => `[accounts.wallet_${at + 1}]\nmnemonic = "${words}"\nbalance = 100_000_000_000_000\n`,
  );
  const devnet = readFileSync(join(CONTRACTS, "settings", "Devnet.toml"), "utf8");
  mkdirSync(join(folder, "settings"));
  writeFileSync(join(folder, "settings", "Devnet.toml"), [devnet, ...wallets].join("\n"));
}

/** What a report's section counts: `name: xN` lines under a heading. */
function counts(report, heading) {
  const section = report.split(`+ ${heading}`)[1]?.split(/├─ [-!]|└─ -/)[0] ?? "";
  return [...section.matchAll(/([a-z][a-z-]+): x(\d+)/g)].map(([, name, times]) => ({
    name,
    times: Number(times),
  }));
}

/** A run that never got anywhere proves nothing: each property must have passed, some of the acts have succeeded. */
function isHollow(report, kind) {
  if (kind === "test") return counts(report, "PASSED").some(({ times }) => times === 0);
  const acts = counts(report, "SUCCESSFUL").filter(({ name }) => name.startsWith("act-"));
  return acts.length === 0 || acts.filter(({ times }) => times > 0).length < acts.length / 2;
}

/** Runs one kind over one contract; resolves to whether all held. It echoes every call: only an end is kept. */
function fuzz(folder, contract, kind) {
  const app = createRequire(import.meta.url).resolve("@stacks/rendezvous/dist/app.js");
  const shim = join(HERE, "plan-shim.cjs");
  const args = [
    "--require",
    shim,
    app,
    folder,
    contract,
    kind,
    `--runs=${options.runs}`,
    `--seed=${options.seed}`,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let end = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      end = (end + text).slice(-20_000);
    });
  }
  return new Promise((resolve) =>
    child.once("close", (code) => {
      const passed = code === 0 && /OK, (properties|invariants) passed/.test(end);
      const holds = passed && !isHollow(end, kind);
      const fault = passed ? "NOTHING HAPPENED" : "BROKEN";
      process.stdout.write(
        `${contract} ${kind}: ${holds ? `${options.runs} runs hold` : `${fault}\n${end}`}\n`,
      );
      resolve(holds);
    }),
  );
}

const folder = mkdtempSync(join(tmpdir(), "rendezvous-"));
await writeProject(folder);
let holds = true;
for (const contract of FUZZED) {
  for (const kind of KINDS) holds = (await fuzz(folder, contract, kind)) && holds;
}
rmSync(folder, { recursive: true });
process.exit(holds ? 0 : 1);
