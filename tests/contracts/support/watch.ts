import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { watchIn } from "./project";

/** Before all tests: the copy of the contracts that the VM watches for coverage. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "contracts-"));
  watchIn(folder);
  return () => rmSync(folder, { recursive: true });
}
