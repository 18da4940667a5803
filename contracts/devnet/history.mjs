// The canonical chain and what is looked up in it; grows by a block, shrinks by a block.
import { GENESIS_SBTC, SBTC_ASSET } from "./genesis.mjs";
import { sha256 } from "./hashes.mjs";
import { TokenLedger } from "./ledger.mjs";

const hex = (...parts) => sha256(...parts.map((part) => `${part}|`)).toString("hex");

export const burnHash = (height) => hex("bitcoin block", height);
export const consensusHash = (height) => hex("consensus", height).slice(0, 40);
export const minerTxid = (height) => hex("block commit", height);
const indexHash = (hash, burnHeight) => hex("index", hash, consensusHash(burnHeight));
const ZERO = "00".repeat(32);

/** The block the chain starts from. */
export function genesisBlock({ key, height, burnHeight, time }) {
  const hash = hex("genesis", key);
  return withHashes({
    height,
    hash,
    parent: ZERO,
    parentIndex: ZERO,
    burnHeight,
    burnAdvance: 0,
    time,
    burnTime: time,
    tenure: 1,
    salt: "",
    txs: [],
    receipts: [],
    mints: [],
  });
}

/** The block over `parent`; simnet's own hashes would be equal on both branches of a fork. */
export function childBlock(parent, { burnAdvance, time, salt, txs, receipts, mints }) {
  const height = parent.height + 1;
  const burnHeight = parent.burnHeight + burnAdvance;
  const content = [...txs.map(({ txid }) => txid), ...mints.map((mint) => JSON.stringify(mint))];
  return withHashes({
    height,
    hash: hex("block", parent.hash, height, burnHeight, salt, ...content),
    parent: parent.hash,
    parentIndex: parent.indexHash,
    burnHeight,
    burnAdvance,
    time: Math.max(time, parent.time),
    burnTime: burnAdvance > 0 ? Math.max(time, parent.time) : parent.burnTime,
    tenure: parent.tenure + (burnAdvance > 0 ? 1 : 0),
    salt,
    txs,
    receipts,
    mints,
  });
}

function withHashes(block) {
  return Object.freeze({ ...block, indexHash: indexHash(block.hash, block.burnHeight) });
}

export class History {
  #blocks;
  #byHash = new Map();
  #places = new Map();
  #nonces = new Map();
  #logs = new Map();
  #orphans = new Map();
  ledger = new TokenLedger();

  constructor(genesis) {
    this.#blocks = [genesis];
    this.#name(genesis);
    for (const [address, sats] of GENESIS_SBTC) {
      this.ledger.credit(SBTC_ASSET, address, sats);
    }
  }

  get genesis() {
    return this.#blocks[0];
  }

  get tip() {
    return this.#blocks.at(-1);
  }

  get length() {
    return this.#blocks.length;
  }

  nonce(address) {
    return this.#nonces.get(address) ?? 0;
  }

  at(height) {
    return this.#blocks[height - this.genesis.height];
  }

  /** Find a canonical block by its hash or its index hash. */
  byHash(hash) {
    return this.#byHash.get(hash);
  }

  /** Where a transaction stands in the canonical chain: `{block, index, tx, receipt}`, or undefined. */
  find(txid) {
    return this.#places.get(txid);
  }

  /** Where it last stood on a branch that was left. */
  orphan(txid) {
    return this.#orphans.get(txid);
  }

  /** What a contract printed, oldest first: `{height, txIndex, eventIndex, txid, topic, value}`. */
  logs(contract) {
    return this.#logs.get(contract) ?? [];
  }

  append(block) {
    this.#blocks.push(block);
    this.#name(block);
    block.txs.forEach((tx, index) => {
      this.#places.set(tx.txid, { block, index, tx, receipt: block.receipts[index] });
      this.#nonces.set(tx.origin.address, tx.origin.nonce + 1);
      this.#nonces.set(tx.payer.address, tx.payer.nonce + 1);
      this.#log(block, tx, index);
    });
    this.#book(block, 1n);
  }

  /** Take the tip off and return it. */
  pop() {
    const block = this.#blocks.pop();
    this.#byHash.delete(block.hash);
    this.#byHash.delete(block.indexHash);
    for (const tx of block.txs.toReversed()) {
      this.#orphans.set(tx.txid, this.#places.get(tx.txid));
      this.#places.delete(tx.txid);
      this.#nonces.set(tx.payer.address, tx.payer.nonce);
      this.#nonces.set(tx.origin.address, tx.origin.nonce);
    }
    for (const contract of new Set(block.receipts.flatMap(({ events }) => printers(events)))) {
      const entries = this.#logs.get(contract);
      while (entries.at(-1)?.height === block.height) {
        entries.pop();
      }
    }
    this.#book(block, -1n);
    return block;
  }

  #name(block) {
    this.#byHash.set(block.hash, block);
    this.#byHash.set(block.indexHash, block);
  }

  #log({ height, receipts }, { txid }, txIndex) {
    receipts[txIndex].events.forEach(({ event, data }, eventIndex) => {
      if (event === "print_event") {
        const entries = this.#logs.get(data.contract_identifier) ?? [];
        this.#logs.set(data.contract_identifier, entries);
        entries.push({ height, txIndex, eventIndex, txid, topic: data.topic, value: data.raw_value });
      }
    });
  }

  #book({ receipts, mints }, sign) {
    for (const { events } of receipts) {
      this.ledger.book(events, sign);
    }
    for (const { asset, address, amount } of mints) {
      if (asset !== "stx") {
        this.ledger.credit(SBTC_ASSET, address, sign * BigInt(amount));
      }
    }
  }
}

function printers(events) {
  return events.filter(({ event }) => event === "print_event").map(({ data }) => data.contract_identifier);
}
