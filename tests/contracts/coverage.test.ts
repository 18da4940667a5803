import { readdirSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { Chain } from "./support/chain";
import { filesRun, missed, watched } from "./support/coverage";

const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));

// The last file to run (vitest.config.ts); a run of some files alone says nothing about what they leave out.
describe.runIf(filesRun() === all.length)("this suite", () => {
  it("runs every line and every branch of both contracts", () => {
    Chain.endLast();

    expect(watched()).toBeGreaterThan(500);
    expect(missed()).toEqual([]);
  });
});
