// Loads Clarinet's simnet with its linear memory in our hands.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const sdkRequire = createRequire(require.resolve("@stacks/clarinet-sdk"));
const WASM_MODULE = sdkRequire.resolve("@stacks/clarinet-sdk-wasm");

export const SDK_VERSION = sdkRequire("@stacks/clarinet-sdk-wasm/package.json").version;

// Block time runs 30 times as fast as the clock at the default intervals. Started decades back it never
// overtakes the wall clock, so no time written into a contract lapses early.
const BOOT_TIME_MS = Date.UTC(1970, 0, 2);

const PROJECT = {
  "Clarinet.toml": `[project]
name = "devnet"
authors = []
description = ""
telemetry = false
requirements = []

[repl]
log_print_events = "none"

[repl.analysis]
passes = []
`,
  // The session demands a deployer with a mnemonic. Nobody uses this one: accounts are funded at genesis.
  "settings/Devnet.toml": `[network]
name = "devnet"

[accounts.deployer]
mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
balance = 0
`,
};

/** Silence what the simnet prints: each failing call would write a stack trace. */
export function silenceConsole() {
  for (const name of ["log", "info", "warn", "error", "debug", "trace"]) {
    console[name] = () => {};
  }
}

/**
 * Load a fresh copy of the WASM module.
 *
 * Its wrapper objects are freed by a FinalizationRegistry, whenever the collector likes; a free after the
 * memory was set back would corrupt the heap. So the registry is stubbed, and everything is freed by hand.
 */
export function loadSdk() {
  const RealRegistry = globalThis.FinalizationRegistry;
  const RealInstance = WebAssembly.Instance;
  let wasm = null;
  globalThis.FinalizationRegistry = class {
    register() {}
    unregister() {}
  };
  WebAssembly.Instance = new Proxy(RealInstance, {
    construct(target, args) {
      const instance = new target(...args);
      if ("sdk_mineBlock" in instance.exports) {
        wasm = instance.exports;
      }
      return instance;
    },
  });
  try {
    const module = sdkRequire(WASM_MODULE);
    // Forgotten by both of the loader's lists, so that the next call gets an instance of its own and this one,
    // with all its memory, can be collected.
    sdkRequire.cache[WASM_MODULE].parent?.children.splice(0);
    delete sdkRequire.cache[WASM_MODULE];
    if (wasm === null) {
      throw new Error("the simnet module made no WASM instance that mines blocks");
    }
    const session = new module.SDK(readProject, new module.SDKOptions(false, false, false));
    return { module, session, memory: wasm.memory, externrefs: wasm.__wbindgen_externrefs };
  } finally {
    globalThis.FinalizationRegistry = RealRegistry;
    WebAssembly.Instance = RealInstance;
  }
}

/** Start an empty session on a frozen clock, so that two boots are identical. */
export async function startSession(sdk) {
  const RealDate = globalThis.Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [BOOT_TIME_MS] : args));
    }
    static now() {
      return BOOT_TIME_MS;
    }
  };
  try {
    await sdk.session.initSession("/devnet", "/devnet/Clarinet.toml", null);
  } finally {
    globalThis.Date = RealDate;
  }
}

// wasm-bindgen's own slots come first; a vfs function follows, then what the module keeps.
const FIRST_HELD = 1028;

/**
 * Return what the module keeps outside its memory: strings it interned and the global object, by slot.
 *
 * The memory knows them by slot number only, so whoever stores the memory must store these with it.
 */
export function heldObjects({ externrefs }) {
  const held = [];
  for (let slot = FIRST_HELD; slot < externrefs.length; slot += 1) {
    const value = externrefs.get(slot);
    if (typeof value === "string") {
      held.push({ slot, text: value });
    } else if (value === globalThis) {
      held.push({ slot, text: null });
    }
  }
  return held;
}

/** Put held objects back into their slots; for a memory that was loaded. */
export function restoreHeld({ externrefs }, held) {
  for (const { slot, text } of held) {
    if (slot >= externrefs.length) {
      externrefs.grow(slot + 1 - externrefs.length, null);
    }
    externrefs.set(slot, text ?? globalThis);
  }
}

// The project is in memory only: nothing of it can be edited away under a running chain.
async function readProject(action, request) {
  const read = (path) => PROJECT[path.replace("/devnet/", "")];
  switch (action) {
    case "vfs/exists":
      return read(request.path) !== undefined;
    case "vfs/readFile": {
      const text = read(request.path);
      if (text === undefined) {
        throw new Error(`no such file in the devnet project: ${request.path}`);
      }
      return text;
    }
    case "vfs/readFiles":
      return Object.fromEntries(request.paths.map((path) => [path, read(path)]));
    case "vfs/writeFile":
      return undefined;
    default:
      throw new Error(`unknown file action ${action}`);
  }
}

/** What a boot image depends on, besides the genesis. */
export const SESSION_KEY = JSON.stringify([SDK_VERSION, BOOT_TIME_MS, PROJECT]);
