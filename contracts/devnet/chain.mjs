// The chain: what is submitted, mined, forked. Every change is an event in the log before anybody hears of it.
import { checkAdmission, Rejection } from "./admission.mjs";
import { LogError } from "./blocklog.mjs";
import { GENESIS_KEY } from "./genesis.mjs";
import { childBlock, genesisBlock, History } from "./history.mjs";
import { Mempool } from "./mempool.mjs";
import { decodeTransaction, Transaction } from "./transaction.mjs";
import { WaitingRoom } from "./waiting.mjs";

/** A control request that cannot be met: `body` is the answer. */
export class ForkError extends Error {
  constructor(message, largestDepth) {
    super(message);
    this.largestDepth = largestDepth;
  }
}

const stored = (block) => ({
  burnAdvance: block.burnAdvance,
  time: block.time,
  salt: block.salt,
  txids: block.txs.map(({ txid }) => txid),
  receipts: block.receipts,
  mints: block.mints,
});

export class Chain {
  #machine;
  #log;
  #now;
  #salt = "";
  #forks = 0;
  #floor;
  #waiting = new WaitingRoom();
  #balances = new Map();

  constructor({ machine, log, now }) {
    this.#machine = machine;
    this.#log = log;
    this.#now = now;
    this.history = new History(this.#genesis());
    this.#floor = this.history.genesis.height;
    for (const event of log.events.splice(0).slice(1)) {
      this.#apply(event);
    }
    machine.catchUp(this.history);
  }

  get mempool() {
    return this.#waiting.mempool;
  }

  get vm() {
    return this.#machine.vm;
  }

  get tip() {
    return this.history.tip;
  }

  get floor() {
    return this.#floor;
  }

  get forks() {
    return this.#forks;
  }

  /** How many blocks a fork may undo now. */
  get largestDepth() {
    return Math.min(this.#machine.reach, this.tip.height - this.#floor);
  }

  // What admission and the choice for a block ask.
  nonce(address) {
    return this.history.nonce(address);
  }

  balance(address) {
    let balance = this.#balances.get(address);
    if (balance === undefined) {
      balance = BigInt(this.vm.evaluate(`(stx-get-balance '${address})`).replace("0x01", "0x"));
      this.#balances.set(address, balance);
    }
    return balance;
  }

  interface(contract) {
    return this.vm.interface(contract);
  }

  /** Why a transaction left the mempool unmined: `{tx, status, replacedBy, at, height}`, or undefined. */
  dropped(txid) {
    return this.#waiting.dropped(txid);
  }

  /** Take raw bytes into the mempool and return the txid; throws DecodeError or Rejection (with `txid`). */
  submit(raw) {
    const tx = decodeTransaction(raw);
    if (this.mempool.get(tx.txid) !== undefined) {
      return tx.txid;
    }
    try {
      checkAdmission(tx, this);
      if (this.mempool.conflicts(tx).some((entry) => entry.tx.fee >= tx.fee)) {
        throw new Rejection("ConflictingNonceInMempool");
      }
    } catch (error) {
      if (error instanceof Rejection) {
        error.txid = tx.txid;
      }
      throw error;
    }
    this.#write({ kind: "tx", raw: raw.toString("hex"), at: this.#now(), height: this.tip.height }, false);
    return tx.txid;
  }

  /** Mine `blocks` Stacks blocks, the mempool first, then `burn` burn blocks that share one Stacks block. */
  mine({ blocks = 0, burn = 0, limit = Infinity }) {
    const mined = [];
    const first = burn > 0 && blocks === 0 && this.mempool.choose(this, 1).length > 0 ? 1 : 0;
    for (let count = blocks + first; count > 0; count -= 1) {
      mined.push(this.#mineOne({ limit }));
    }
    if (burn > 0) {
      mined.push(this.#mineOne({ burnAdvance: burn }));
    }
    return mined;
  }

  /** Mine one block that also gives out `mints`: `{asset, address, amount}`, amounts as decimal strings. */
  mint(mints) {
    return this.#mineOne({ mints, limit: Infinity });
  }

  /** Forget transactions that wait, as a node may; return the txids that did wait. */
  drop(txids) {
    const waiting = txids.filter((txid) => this.mempool.get(txid) !== undefined);
    if (waiting.length > 0) {
      this.#write({ kind: "drop", txids: waiting, status: "dropped_stale_garbage_collect" }, false);
    }
    return waiting;
  }

  /** Let no fork go below the present tip any more. */
  raiseFloor() {
    this.#write({ kind: "floor", height: this.tip.height }, true);
  }

  /**
   * Leave the blocks above `height` and grow a branch one longer, its burn height no lower.
   *
   * `include` (transactions) is mined first on it; what was undone waits again if `requeue`.
   */
  fork({ height, requeue, include, salt }) {
    const depth = this.tip.height - height;
    if (depth < 1 || depth > this.largestDepth) {
      throw new ForkError(
        `a fork may undo 1 to ${this.largestDepth} blocks now, not ${depth}`,
        this.largestDepth,
      );
    }
    this.#machine.rewind(this.history, height);
    const undone = this.#popTo(height);
    this.#salt = salt ?? `fork ${this.#forks + 1}`;
    const { chosen, refused } = this.#chooseIncluded(include);
    const branch = [this.#execute({ txs: chosen, mints: [] }).block];
    this.history.append(branch[0]);
    for (const { burnAdvance } of undone) {
      const { block } = this.#execute({ burnAdvance, txs: [], mints: [] });
      this.history.append(block);
      branch.push(block);
    }
    const raws = include.map((tx) => tx.raw.toString("hex"));
    const event = {
      kind: "fork",
      height,
      salt: this.#salt,
      requeue,
      raws,
      at: this.#now(),
      blocks: branch.map(stored),
    };
    this.#log.append(event, { sync: true });
    this.#afterFork(undone, event);
    const orphaned = undone.flatMap(({ txs }) => txs.map(({ txid }) => txid));
    return { height, orphaned, included: branch[0].txs.map(({ txid }) => txid), refused };
  }

  /** Figures for whoever watches. */
  stats() {
    return {
      block_height: this.tip.height,
      burn_height: this.tip.burnHeight,
      block_hash: `0x${this.tip.hash}`,
      blocks: this.history.length,
      mempool: this.mempool.size,
      forks: this.#forks,
      floor_height: this.#floor,
      largest_depth: this.largestDepth,
      vm_stacks_height: this.vm.stacksHeight,
      memory_bytes: this.#machine.memoryBytes,
      undo_bytes: this.#machine.undoBytes,
      rss_bytes: process.memoryUsage.rss(),
    };
  }

  close() {
    this.#log.close();
  }

  #genesis() {
    const { vm } = this.#machine;
    if (this.#log.events.length === 0) {
      const event = {
        kind: "genesis",
        key: GENESIS_KEY,
        height: vm.stacksHeight,
        burn: vm.burnHeight,
        at: this.#now(),
      };
      this.#log.append(event, { sync: true });
      this.#log.events.push(event);
    }
    const [{ kind, key, height, burn, at }] = this.#log.events;
    if (kind !== "genesis" || key !== GENESIS_KEY) {
      throw new LogError(
        "this data folder holds the chain of another devnet version: start with an empty one",
      );
    }
    return genesisBlock({ key, height, burnHeight: burn, time: at });
  }

  #write(event, sync) {
    this.#log.append(event, { sync });
    this.#apply(event);
  }

  // What an event does to everything but the VM, live and after a restart alike.
  #apply(event) {
    switch (event.kind) {
      case "tx":
        return this.#waiting.accept(event);
      case "block":
        return this.#extend(this.#restored(event.block));
      case "drop":
        for (const txid of event.txids) {
          this.#waiting.forget(txid, event.status);
        }
        return undefined;
      case "floor":
        this.#floor = event.height;
        return undefined;
      case "fork":
        return this.#applyFork(event);
      default:
        throw new LogError(`the log holds an event of unknown kind ${event.kind}`);
    }
  }

  #restored({ txids, ...facts }) {
    const block = childBlock(this.tip, { ...facts, txs: txids.map((txid) => this.#waiting.known(txid)) });
    this.#salt = block.salt;
    return block;
  }

  #extend(block) {
    this.history.append(block);
    this.#balances.clear();
    this.#waiting.release(block.txs);
    this.#waiting.collectStale(this, "dropped_stale_garbage_collect");
  }

  #mineOne({ burnAdvance = 0, mints = [], limit = 0 }) {
    const txs = this.mempool.choose(this, limit);
    const { block, refused } = this.#execute({ burnAdvance, mints, txs });
    this.#write({ kind: "block", block: stored(block) }, true);
    const invalid = refused.filter(({ reason }) => reason === "invalid").map(({ tx }) => tx.txid);
    if (invalid.length > 0) {
      this.#write({ kind: "drop", txids: invalid, status: "dropped_problematic" }, false);
    }
    this.#machine.checkpoint(this.history);
    return block;
  }

  #execute({ burnAdvance = 0, mints, txs }) {
    const { entries, refused } = this.#machine.mine({ burnAdvance, mints, txs });
    const block = childBlock(this.tip, {
      burnAdvance,
      mints,
      time: this.#now(),
      salt: this.#salt,
      txs: entries.map(({ tx }) => tx),
      receipts: entries.map(({ receipt }) => receipt),
    });
    return { block, refused };
  }

  #popTo(height) {
    const undone = [];
    while (this.tip.height > height) {
      undone.unshift(this.history.pop());
    }
    this.#balances.clear();
    return undone;
  }

  // A pool of its own puts them in order of nonces; whatever it does not choose is told with the node's reason.
  #chooseIncluded(include) {
    const pool = new Mempool();
    const refused = [];
    for (const tx of include) {
      this.#waiting.learn(tx);
      try {
        checkAdmission(tx, this);
        pool.add(tx, {});
      } catch (error) {
        if (!(error instanceof Rejection)) {
          throw error;
        }
        refused.push({ txid: tx.txid, reason: error.reason });
      }
    }
    const chosen = pool.choose(this, Infinity);
    const left = pool.entries().filter(({ tx }) => !chosen.includes(tx));
    return {
      chosen,
      refused: [...refused, ...left.map(({ tx }) => ({ txid: tx.txid, reason: "BadNonce" }))],
    };
  }

  #applyFork(event) {
    const undone = this.#popTo(event.height);
    for (const raw of event.raws) {
      this.#waiting.learn(new Transaction(Buffer.from(raw, "hex")));
    }
    for (const block of event.blocks) {
      this.history.append(this.#restored(block));
    }
    this.#afterFork(undone, event);
  }

  #afterFork(undone, { requeue, height, at }) {
    this.#forks += 1;
    this.#balances.clear();
    const branch = [];
    for (let above = height + 1; above <= this.tip.height; above += 1) {
      branch.push(...this.history.at(above).txs);
    }
    const left = undone.flatMap(({ txs }) => txs).filter(({ txid }) => this.history.find(txid) === undefined);
    this.#waiting.takeBack(left, { requeue, at, height });
    this.#waiting.release(branch);
    this.#waiting.collectStale(this, "dropped_replace_across_fork");
  }
}
