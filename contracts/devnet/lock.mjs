// One process a data folder: a second would write over the first's log.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 3_000;
const PAUSE_MS = 50;

/** Another devnet holds the folder. */
export class LockedError extends Error {}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") {
      return false;
    }
  }
  // The number may have passed to a stranger since; where it can be told, only a devnet counts.
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("main.mjs");
  } catch {
    return true;
  }
}

/**
 * Take the lock at `path`; return the function that gives it back.
 *
 * Waits a little: the process of a daemon that was killed may still be about to notice it.
 */
export async function takeLock(path) {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      const fd = openSync(path, "wx", 0o600);
      writeSync(fd, `${process.pid}`);
      closeSync(fd);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") {
        throw error;
      }
    }
    const holder = Number(readFileSync(path, "utf8"));
    if (holder > 0 && (holder === process.pid || !isAlive(holder))) {
      rmSync(path, { force: true });
    } else if (waited >= PATIENCE_MS) {
      throw new LockedError(`process ${holder} holds this data folder`);
    } else {
      await sleep(PAUSE_MS);
    }
  }
}
