// The VM with its memory images: boots, is caught up with the chain, and goes back in time.
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

import { applyGenesis, GENESIS_KEY } from "./genesis.mjs";
import {
  applyCheckpoint,
  checkpointFacts,
  ImageError,
  loadImage,
  readCheckpoint,
  saveCheckpoint,
  saveImage,
} from "./image.mjs";
import { PagedMemory } from "./memory.mjs";
import { Miner } from "./miner.mjs";
import { heldObjects, loadSdk, restoreHeld, startSession } from "./sdk.mjs";
import { Vm } from "./vm.mjs";

export const UNDO_LIMIT = 100;
const CHECKPOINT_BLOCKS = 100;
const CHECKPOINT_TXS = 2_000;
const CHECKPOINT_SPACING = 50;
const CHECKPOINT_NAME = /^checkpoint-\d+-[0-9a-f]{16}\.bin$/;

/** Boot a VM: from the image in `cache` where there is one that fits, else cold, leaving an image there. */
export async function bootMachine({ data, cache }) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const image = join(cache, `boot-${GENESIS_KEY.slice(0, 16)}.bin`);
  const warm = bootFromImage(image);
  if (warm !== null) {
    return new Machine({ ...warm, data, image, warm: true });
  }
  const sdk = loadSdk();
  const vm = new Vm(sdk);
  await startSession(sdk);
  applyGenesis(vm);
  vm.forget();
  const memory = new PagedMemory(sdk.memory);
  const facts = { key: GENESIS_KEY, pointer: vm.sessionPointer, held: heldObjects(sdk) };
  const { crc } = keepImage(image, memory, facts);
  memory.adopt();
  return new Machine({ sdk, vm, memory, crc, data, image, warm: false });
}

function bootFromImage(path) {
  const sdk = loadSdk();
  const vm = new Vm(sdk);
  const memory = new PagedMemory(sdk.memory);
  try {
    const fits = ({ key, pointer }) => key === GENESIS_KEY && pointer === vm.sessionPointer;
    const header = loadImage(path, memory, fits);
    if (header === null) {
      return null;
    }
    restoreHeld(sdk, header.held);
    memory.adopt();
    return { sdk, vm, memory, crc: header.crc };
  } catch (error) {
    if (!(error instanceof ImageError)) {
      throw error;
    }
    rmSync(path, { force: true });
    return null;
  }
}

// A cache that cannot be written costs speed and the deepest forks, nothing else.
function keepImage(path, memory, facts) {
  try {
    return saveImage(path, memory, facts);
  } catch {
    return { crc: crc32(memory.writable(0)) };
  }
}

export class Machine {
  #sdk;
  #memory;
  #miner;
  #crc;
  #data;
  #image;
  #undo = [];
  #since = { blocks: 0, txs: 0 };

  constructor({ sdk, vm, memory, crc, data, image, warm }) {
    this.#sdk = sdk;
    this.vm = vm;
    this.warm = warm;
    this.#memory = memory;
    vm.heal = () => {
      memory.revert();
      vm.forget();
    };
    this.#miner = new Miner(vm, memory);
    this.#crc = crc;
    this.#data = data;
    this.#image = image;
  }

  get memoryBytes() {
    return this.#memory.size;
  }

  get undoBytes() {
    return this.#undo.reduce((sum, { old }) => sum + old.length, 0);
  }

  /** How many blocks can be undone, were the chain long enough. */
  get reach() {
    return existsSync(this.#image) ? UNDO_LIMIT : this.#undo.length;
  }

  /** Mine a block; see Miner.mine. What it changed can be undone from then on. */
  mine(block) {
    const mined = this.#miner.mine(block);
    this.#settle(mined.entries.length);
    return mined;
  }

  /** Bring a freshly booted VM to the tip of `history`, from the newest checkpoint that is on its chain. */
  catchUp(history) {
    this.#replay(history, this.#restoreCheckpoint(history, history.tip.height));
  }

  /** Set the VM back to the block at `height`: by undo records, else by images and replay. */
  rewind(history, height) {
    const depth = history.tip.height - height;
    if (depth <= this.#undo.length) {
      for (let step = 0; step < depth; step += 1) {
        this.#memory.undo(this.#undo.pop());
      }
    } else {
      this.#rebuild(history, height);
    }
    this.vm.forget();
    this.#dropCheckpoints(({ height: at }) => at > height);
  }

  /** Write a checkpoint if the last one is far enough behind the tip. */
  checkpoint(history) {
    if (this.#since.blocks < CHECKPOINT_BLOCKS && this.#since.txs < CHECKPOINT_TXS) {
      return;
    }
    this.#since = { blocks: 0, txs: 0 };
    const { height, hash } = history.tip;
    const path = join(this.#data, `checkpoint-${height}-${hash.slice(0, 16)}.bin`);
    saveCheckpoint(path, this.#memory, { height, hash, boot: this.#crc, held: heldObjects(this.#sdk) });
    this.#thinCheckpoints(height);
  }

  #settle(txs) {
    this.#undo.push(this.#memory.commit());
    if (this.#undo.length > UNDO_LIMIT) {
      this.#undo.shift();
    }
    this.#since.blocks += 1;
    this.#since.txs += txs;
  }

  #rebuild(history, height) {
    const fits = ({ key, crc }) => key === GENESIS_KEY && crc === this.#crc;
    const header = loadImage(this.#image, this.#memory, fits);
    if (header === null) {
      throw new Error("the boot image has gone, the chain cannot be rebuilt");
    }
    restoreHeld(this.#sdk, header.held);
    this.#memory.adopt();
    this.#undo = [];
    this.#replay(history, this.#restoreCheckpoint(history, height), height);
  }

  // Returns the height that the VM stands at.
  #restoreCheckpoint(history, highest) {
    const usable = this.#checkpoints().filter(
      ({ boot, height, hash }) =>
        boot === this.#crc && height <= highest && history.at(height)?.hash === hash,
    );
    for (const { path, height } of usable.sort((a, b) => b.height - a.height)) {
      const checkpoint = this.#read(path, readCheckpoint);
      if (checkpoint !== null) {
        applyCheckpoint(checkpoint, this.#memory);
        restoreHeld(this.#sdk, checkpoint.facts.held);
        this.#memory.adopt(checkpoint.pages);
        return height;
      }
    }
    return history.genesis.height;
  }

  // One commit for the whole way: undo records for it would cost more than replaying it again.
  #replay(history, from, to = history.tip.height) {
    for (let height = from + 1; height <= to; height += 1) {
      const block = history.at(height);
      this.#miner.replay(block);
      this.#since.blocks += 1;
      this.#since.txs += block.txs.length;
    }
    this.vm.forget();
    this.#memory.commit();
  }

  #checkpoints() {
    return readdirSync(this.#data)
      .filter((name) => CHECKPOINT_NAME.test(name))
      .map((name) => join(this.#data, name))
      .map((path) => ({ ...this.#read(path, checkpointFacts), path }))
      .filter(({ height }) => height !== undefined);
  }

  #read(path, reader) {
    try {
      return reader(path);
    } catch (error) {
      if (!(error instanceof ImageError)) {
        throw error;
      }
      rmSync(path, { force: true });
      return null;
    }
  }

  // Kept are the newest and some on the way down to one that the deepest fork can start from.
  #thinCheckpoints(tip) {
    let last = Infinity;
    let deepEnough = false;
    const kept = new Set();
    for (const { height } of this.#checkpoints().sort((a, b) => b.height - a.height)) {
      if (!deepEnough && last - height >= CHECKPOINT_SPACING) {
        kept.add(height);
        last = height;
        deepEnough = tip - height >= UNDO_LIMIT;
      }
    }
    this.#dropCheckpoints(({ height }) => !kept.has(height));
  }

  #dropCheckpoints(goes) {
    for (const checkpoint of this.#checkpoints().filter(goes)) {
      rmSync(checkpoint.path, { force: true });
    }
  }
}
