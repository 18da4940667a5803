/** The suite's tests as a list, and the running of a mutant under them. */
import { expectBalancedBooks, expectToldBy } from "../support/books";
import { Chain, DEPLOYER } from "../support/chain";
import { takeLines } from "../support/coverage";
import { type Contract, replaceSource, watchIn } from "../support/project";
import { takeWorld } from "../support/world";
import { afterEach as everyTime, inFile, type Test, tests } from "./vitest";

/** Reads nothing but the sources' text, or measures the VM, or runs at random: what a mutant changes for sure. */
const LEFT_OUT = ["errors", "coverage", "costs", "attacks", "rebuild"];

const files = import.meta.glob("../*.test.ts");

export async function loadTests(): Promise<readonly Test[]> {
  everyTime(() => {
    const world = takeWorld();
    if (world === undefined) return;
    expectBalancedBooks(world);
    expectToldBy(world);
  });
  for (const [path, load] of Object.entries(files)) {
    inFile(path.replace("../", ""));
    if (!LEFT_OUT.some((name) => path.endsWith(`/${name}.test.ts`))) await load();
  }
  return tests;
}

/** Whether the code can be deployed at all. */
export async function canDeploy(contract: Contract, code: string): Promise<boolean> {
  replaceSource(contract, code);
  try {
    const chain = await Chain.start();
    return chain.simnet.getContractsInterfaces().has(`${DEPLOYER}.liquidity-pool`);
  } catch {
    return false;
  }
}

/** Why a test fails; nothing if it passes. */
export async function failure(test: Test): Promise<string | undefined> {
  try {
    await test.run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    takeWorld();
  }
}

export interface Sighting {
  readonly file: string;
  readonly name: string;
  readonly text: string;
  readonly ms: number;
  /** `contract:line` of what the test runs. */
  readonly lines: readonly string[];
}

/** Runs every test once on the sources as they are, watched; throws at the first failure. */
export async function survey(list: readonly Test[]): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  takeLines();
  for (const test of list) {
    const begun = performance.now();
    const reason = await failure(test);
    if (reason !== undefined) throw new Error(`${test.file}: ${test.name} fails by itself: ${reason}`);
    const ms = performance.now() - begun;
    Chain.endLast();
    sightings.push({ file: test.file, name: test.name, text: test.text, ms, lines: takeLines() });
  }
  return sightings;
}

export { replaceSource, watchIn };
