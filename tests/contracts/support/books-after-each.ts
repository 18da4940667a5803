import { afterEach } from "vitest";

import { expectBalancedBooks } from "./books";
import { takeWorld } from "./world";

// Whatever a test did, the books balance afterwards.
afterEach(() => {
  const world = takeWorld();
  if (world !== undefined) expectBalancedBooks(world);
});
