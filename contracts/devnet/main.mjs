// The embedded devnet: a Stacks node and API on Clarinet's simnet, in one process.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { BlockLog } from "./blocklog.mjs";
import { Chain } from "./chain.mjs";
import { controlRoutes } from "./control.mjs";
import { Faults } from "./faults.mjs";
import { DevnetServer } from "./http.mjs";
import { LockedError, takeLock } from "./lock.mjs";
import { bootMachine } from "./machine.mjs";
import { parseOptions, USAGE } from "./options.mjs";
import { silenceConsole } from "./sdk.mjs";
import { chainRoutes } from "./views/api-chain.mjs";
import { transactionRoutes } from "./views/api-transactions.mjs";
import { legacyRoutes } from "./views/legacy.mjs";
import { nodeRoutes } from "./views/node.mjs";
import { nodeChainRoutes } from "./views/node-chain.mjs";

const EXIT_USAGE = 2;
const EXIT_PORT = 3;
const EXIT_LOCKED = 5;
const PARENT_POLL_MS = 500;
const PORT_PATIENCE_MS = 3_000;
const TIMED_BLOCK_TXS = 500;

const now = () => Math.floor(Date.now() / 1000);
const say = (text) => process.stdout.write(`${text}\n`);
const complain = (text) => process.stderr.write(`${text}\n`);

function every(seconds, work) {
  if (seconds === 0) {
    return;
  }
  // Re-armed after the work, so that slow blocks come later instead of in a heap.
  const arm = () => setTimeout(strike, seconds * 1000);
  const strike = () => {
    work();
    arm();
  };
  arm();
}

// A pipe closes the moment the parent dies; where a stranger inherited its other end, the poll notices.
function watchParent(pid, stop) {
  process.stdin.on("end", stop).on("close", stop).on("error", stop).resume();
  setInterval(() => {
    if (process.ppid !== pid) {
      stop();
    }
  }, PARENT_POLL_MS).unref();
}

async function listen(server, port) {
  for (let waited = 0; ; waited += 100) {
    try {
      return await server.listen(port);
    } catch (error) {
      if (error.code !== "EADDRINUSE" || waited >= PORT_PATIENCE_MS) {
        throw error;
      }
      await sleep(100);
    }
  }
}

async function serve(options) {
  mkdirSync(options.data, { recursive: true, mode: 0o700 });
  const release = await takeLock(join(options.data, "devnet.lock"));
  process.on("exit", release);
  const machine = await bootMachine(options);
  const log = new BlockLog(join(options.data, "chain.log"));
  const chain = new Chain({ machine, log, now });
  const faults = new Faults();
  // What was not foreseen leaves the VM and the log in doubt; the log decides at the next start.
  const crash = (error) => {
    complain(error.stack);
    process.exit(1);
  };
  process.on("uncaughtException", crash);
  const intervals = { block_time_s: options.blockTime, burn_time_s: options.burnTime };
  const routes = [
    ...nodeRoutes(chain),
    ...nodeChainRoutes(chain),
    ...transactionRoutes(chain),
    ...chainRoutes(chain),
    ...legacyRoutes(chain),
    ...controlRoutes({ chain, faults, server: () => server, intervals }),
  ];
  const server = new DevnetServer({ routes, faults, tipHeight: () => chain.tip.height, onCrash: crash });
  const port = await listen(server, options.port);
  every(options.blockTime, () => faults.mining && chain.mine({ blocks: 1, limit: TIMED_BLOCK_TXS }));
  every(options.burnTime, () => faults.mining && chain.mine({ burn: 1, limit: TIMED_BLOCK_TXS }));
  return { port, warm: machine.warm };
}

async function main() {
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    complain(`${error.message}\n\n${USAGE}`);
    return process.exit(EXIT_USAGE);
  }
  if (options.help) {
    return say(USAGE);
  }
  silenceConsole();
  const stop = () => process.exit(0);
  process.on("SIGTERM", stop).on("SIGINT", stop);
  if (options.parent !== null) {
    watchParent(options.parent, stop);
  }
  try {
    const { port } = await serve(options);
    const node = `http://127.0.0.1:${port}`;
    const ready = { event: "ready", node, network: "devnet", pid: process.pid };
    return say(options.json ? JSON.stringify(ready) : `devnet ready at ${node} (process ${process.pid})`);
  } catch (error) {
    complain(error instanceof LockedError || error.code === "EADDRINUSE" ? error.message : error.stack);
    return process.exit(
      error instanceof LockedError ? EXIT_LOCKED : error.code === "EADDRINUSE" ? EXIT_PORT : 1,
    );
  }
}

await main();
