import { afterEach, expect } from "vitest";

import { expectBalancedBooks, expectToldBy } from "./books";
import { hasRun } from "./coverage";
import { takeWorld } from "./world";

hasRun(expect.getState().testPath ?? "");

// Whatever a test did, the books balance afterwards and the events tell the whole state.
afterEach(() => {
  const world = takeWorld();
  if (world === undefined) return;
  expectBalancedBooks(world);
  expectToldBy(world);
});
