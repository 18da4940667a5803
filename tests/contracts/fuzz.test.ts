import { describe, expect, it } from "vitest";

import { Life } from "./fuzz/life";
import { THEFTS } from "./fuzz/people";

// `make fuzz` plays the same games by the thousand, of other seeds; a broken law names its seed and its move.
describe("anything, in any order, by everybody, over forks", () => {
  it.each(THEFTS.map(({ name }, seed) => [name, seed] as const))(
    "keeps every law while a thief has %s",
    async (_, seed) => {
      const { calls, succeeded } = await new Life(seed).play(150);

      expect(calls).toBeGreaterThan(150);
      expect(succeeded).toBeGreaterThan(25);
    },
    60_000,
  );
});
