/** One worker of contracts/mutate.mjs: it boots the VM once and tries mutants as they come. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { load } from "./load.mjs";

const [task] = process.argv.slice(2);
const suite = await load("tests/contracts/mutation/suite.ts", {
  vitest: "tests/contracts/mutation/vitest.ts",
});
const { canDeploy, failure, loadTests, survey, watchIn } = suite.module;
const tests = await loadTests();
await suite.close();

/** Which test kills the mutant, of those given in order; none if it survives them all. */
async function killer({ contract, code, order }) {
  if (!(await canDeploy(contract, code))) return { invalid: true };
  for (const at of order) {
    if ((await failure(tests[at])) !== undefined) return { killer: at };
  }
  return {};
}

if (task === "survey") {
  const folder = mkdtempSync(join(tmpdir(), "contracts-"));
  watchIn(folder);
  const sightings = await survey(tests);
  rmSync(folder, { recursive: true });
  process.send(sightings, () => process.exit(0));
} else {
  process.on("message", async (mutant) => process.send(await killer(mutant)));
  process.on("disconnect", () => process.exit());
  process.send("ready");
}
