// The command line of the devnet, checked in one place.
import { parseArgs } from "node:util";

export const USAGE = `usage: node contracts/devnet/main.mjs --data DIR [--port N] [--cache DIR] [--block-time S]
       [--burn-time S] [--parent PID] [--json]

  --port        0 (the default) takes a free port; the server listens on 127.0.0.1 only
  --data        where the chain lives: block log, checkpoints, and the boot image unless --cache is given
  --cache       where boot images are kept, to be shared between chains
  --block-time  seconds between Stacks blocks, 0 for blocks on demand only (default 2)
  --burn-time   seconds between burn blocks, 0 for none (default 20)
  --parent      stop when this process has gone or closed our standard input
  --json        print the ready message as one line of JSON`;

function seconds(name, text) {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0 || value > 86_400) {
    throw new TypeError(`${name} is ${text}: seconds from 0 to 86400 wanted`);
  }
  return value;
}

function whole(name, text, high) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > high) {
    throw new TypeError(`${name} is ${text}: a whole number from 0 to ${high} wanted`);
  }
  return value;
}

/** Return the options of a command line; throws TypeError with a message for the user. */
export function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      port: { type: "string", default: "0" },
      data: { type: "string" },
      cache: { type: "string" },
      "block-time": { type: "string", default: "2" },
      "burn-time": { type: "string", default: "20" },
      parent: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return { help: true };
  }
  if (values.data === undefined) {
    throw new TypeError("--data is missing");
  }
  return {
    help: false,
    port: whole("--port", values.port, 65_535),
    data: values.data,
    cache: values.cache ?? values.data,
    blockTime: seconds("--block-time", values["block-time"]),
    burnTime: seconds("--burn-time", values["burn-time"]),
    parent: values.parent === undefined ? null : whole("--parent", values.parent, 2 ** 31),
    json: values.json,
  };
}
