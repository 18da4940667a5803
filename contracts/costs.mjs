/** Measures what each public function costs and writes docs/costs.md; with `--check` only compares. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { load } from "./tools/load.mjs";

const PAGE = new URL("../docs/costs.md", import.meta.url);

/** A source's bytes with and without comments and blank lines. */
function sizeOf(contract) {
  const code = readFileSync(new URL(`./${contract}.clar`, import.meta.url), "utf8");
  const bare = code
    .split("\n")
    .map((line) => line.replace(/\s*;;.*$/, ""))
    .filter((line) => line.trim() !== "");
  return [Buffer.byteLength(code), Buffer.byteLength(bare.join("\n"))];
}

const { module, close } = await load("tests/contracts/costs/index.ts");
const folder = mkdtempSync(join(tmpdir(), "contracts-"));
module.watchIn(folder);
const measurements = await module.measure();
await close();
rmSync(folder, { recursive: true });

if (process.argv.includes("--check")) {
  const found = module.differences(measurements, readFileSync(PAGE, "utf8"));
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  const sizes = Object.fromEntries(["policy-registry", "liquidity-pool"].map((name) => [name, sizeOf(name)]));
  writeFileSync(PAGE, module.page(measurements, sizes));
}
