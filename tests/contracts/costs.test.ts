import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { INSIDE, measure, publicFunctions } from "./costs/measure";
import { differences } from "./costs/page";
import { EPOCH } from "./support/chain";
import { CONTRACTS } from "./support/project";

const page = readFileSync(new URL("../../docs/costs.md", import.meta.url), "utf8");

// The page is of epoch 3.4; another one counts in its own way.
describe.runIf(EPOCH === "3.4")("docs/costs.md", () => {
  it("tells what each function costs now, within a hundredth", async () => {
    expect(differences(await measure(), page)).toEqual([]);
  }, 120_000);
});

describe("docs/costs.md", () => {
  it.each(CONTRACTS)("has every public function of %s", async (contract) => {
    for (const name of await publicFunctions(contract)) {
      if (!(name in INSIDE)) expect(page).toMatch(new RegExp(`^\\| ${name}(:| \\|)`, "m"));
    }
  });
});
