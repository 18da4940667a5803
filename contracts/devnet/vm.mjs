// The Clarity VM: plain data in, plain data out, every wrapper object freed by hand.
const CRASH = /recursive use of an object|unreachable|memory access out of bounds|call stack/;

/** An operation that the VM refused to finish: a runtime or analysis error. */
export class VmError extends Error {
  constructor(message, crashed) {
    super(message);
    this.crashed = crashed;
  }
}

function parseEvents(text) {
  return JSON.parse(text).map((event) => JSON.parse(event));
}

export class Vm {
  #module;
  #session;
  #interfaces = null;

  /** Called after a crash, which leaves the session locked in its memory: whoever holds an older state sets it back. */
  heal = () => {};

  constructor(sdk) {
    this.#module = sdk.module;
    this.#session = sdk.session;
  }

  /** Where the session object lies in the memory: an image fits only where it lies at the same place. */
  get sessionPointer() {
    return this.#session.__wbg_ptr;
  }

  get stacksHeight() {
    return this.#session.stacksBlockHeight;
  }

  get burnHeight() {
    return this.#session.burnBlockHeight;
  }

  setEpoch(epoch) {
    this.#session.setEpoch(epoch);
  }

  /** Forget what was read from the memory; for whoever sets the memory back. */
  forget() {
    this.#interfaces = null;
  }

  /** Mine one Stacks block of operations; return `{result, events}` of each. Throws VmError at the first fault. */
  mine(operations) {
    if (operations.some((operation) => operation.deployContract !== undefined)) {
      this.forget();
    }
    const results = this.#guarded(() => this.#session.mineBlock(operations));
    return results.map(({ result, events }) => ({ result, events: parseEvents(events) }));
  }

  mineEmpty() {
    this.#session.mineEmptyStacksBlock();
  }

  /** Mine burn blocks; each brings a Stacks block of its own inside the VM. */
  mineBurn(count) {
    this.#session.mineEmptyBurnBlocks(count);
  }

  mintStx(address, amount) {
    this.#session.mintSTX(address, amount);
  }

  mintToken(asset, address, amount) {
    this.#session.mintFT(asset, address, amount);
  }

  /** Call a read-only function; return the result's hex with 0x. */
  callReadOnly(contract, name, args, sender) {
    const call = new this.#module.CallFnArgs(contract, name, args, sender);
    try {
      const answer = this.#guarded(() => this.#module.SDK.prototype.callReadOnlyFn.call(this.#session, call));
      const { result } = answer;
      answer.free();
      return result;
    } finally {
      call.free();
    }
  }

  /** Evaluate an expression of our own making; return its value's hex with 0x. */
  evaluate(expression) {
    return this.#guarded(() => this.#session.runSnippet(expression));
  }

  source(contract) {
    return this.#session.getContractSource(contract);
  }

  /** Return a contract's interface, or undefined. All are fetched at once, which takes 7 ms, and kept. */
  interface(contract) {
    this.#interfaces ??= this.#session.getContractsInterfaces();
    return this.#interfaces.get(contract);
  }

  /** Return a map entry as an optional's hex; throws VmError for an unknown map and for no entry alike. */
  mapEntry(contract, map, key) {
    return this.#guarded(() => this.#session.getMapEntry(contract, map, key));
  }

  dataVar(contract, name) {
    return this.#guarded(() => this.#session.getDataVar(contract, name));
  }

  #guarded(work) {
    try {
      return work();
    } catch (error) {
      const message = String(error?.message ?? error);
      if (message.startsWith("Failed to parse js txs")) {
        throw new TypeError(message);
      }
      const crashed = error instanceof WebAssembly.RuntimeError || CRASH.test(message);
      if (crashed) {
        this.heal();
      }
      throw new VmError(message, crashed);
    }
  }
}
