import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const LAST = "coverage.test.ts";

/** Runs the file that judges the coverage of all others after them. */
class CoverageLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLast = ({ moduleId }: TestSpecification): boolean => basename(moduleId) === LAST;
    const sorted = await super.sort(files);
    return [...sorted.filter((file) => !isLast(file)), ...sorted.filter(isLast)];
  }
}

export default defineConfig({
  test: {
    root: dirname(fileURLToPath(import.meta.url)),
    include: ["**/*.test.ts"],
    globalSetup: ["support/watch.ts"],
    setupFiles: ["support/after-each.ts"],
    // One VM for all files: booting it costs more than all the tests of a file.
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    // The VM tells each time that it has written its plan into the watched copy.
    onConsoleLog: (log) => !log.startsWith("Updated deployment plan"),
    sequence: { sequencer: CoverageLast },
    testTimeout: 20_000,
  },
});
