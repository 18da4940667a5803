// The mempool with its memory: every transaction ever taken, and why one left unmined.
import { Mempool } from "./mempool.mjs";
import { Transaction } from "./transaction.mjs";

export class WaitingRoom {
  #known = new Map();
  #dropped = new Map();
  mempool = new Mempool();

  /** Remember a transaction, so that blocks may name it. */
  learn(tx) {
    this.#known.set(tx.txid, tx);
  }

  known(txid) {
    return this.#known.get(txid);
  }

  /** Why a transaction left the mempool unmined: `{tx, status, replacedBy, at, height}`, or undefined. */
  dropped(txid) {
    return this.#dropped.get(txid);
  }

  /** Take what was admitted: raw hex, the second and the height it came at. */
  accept({ raw, at, height }) {
    const tx = new Transaction(Buffer.from(raw, "hex"));
    this.learn(tx);
    for (const { tx: old } of this.mempool.add(tx, { at, height })) {
      const facts = { tx: old, status: "dropped_replace_by_fee", replacedBy: tx.txid, at, height };
      this.#dropped.set(old.txid, facts);
    }
  }

  /** Let go of what was mined. */
  release(txs) {
    for (const { txid } of txs) {
      this.mempool.remove(txid);
      this.#dropped.delete(txid);
    }
  }

  forget(txid, status) {
    const entry = this.mempool.get(txid);
    this.mempool.remove(txid);
    if (entry !== undefined) {
      this.#dropped.set(txid, { ...entry, status, replacedBy: null });
    }
  }

  /** Drop what can never be mined any more: its nonce is used up. */
  collectStale(chain, status) {
    for (const { tx } of this.mempool.entries()) {
      if ([tx.origin, tx.payer].some(({ address, nonce }) => nonce < chain.nonce(address))) {
        this.forget(tx.txid, status);
      }
    }
  }

  /** Take back what a fork undid: to wait again if `requeue`, else it is dropped. */
  takeBack(txs, { requeue, at, height }) {
    for (const tx of txs) {
      if (!(requeue && this.mempool.readmit(tx, { at, height }))) {
        const facts = { tx, status: "dropped_replace_across_fork", replacedBy: null, at, height };
        this.#dropped.set(tx.txid, facts);
      }
    }
  }
}
