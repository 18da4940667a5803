import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: dirname(fileURLToPath(import.meta.url)),
    include: ["**/*.test.ts"],
    setupFiles: ["support/books-after-each.ts"],
    // One VM for all files: booting it costs more than all the tests of a file.
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 20_000,
  },
});
