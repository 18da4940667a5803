// The waiting room: one transaction per nonce of an origin and of a payer.
import { Rejection } from "./admission.mjs";

const slot = ({ address, nonce }) => `${address}:${nonce}`;

export class Mempool {
  #byTxid = new Map();
  #byOrigin = new Map();
  #byPayer = new Map();

  get size() {
    return this.#byTxid.size;
  }

  get(txid) {
    return this.#byTxid.get(txid);
  }

  /** Entries in order of arrival. */
  entries() {
    return [...this.#byTxid.values()];
  }

  conflicts(tx) {
    const found = [this.#byOrigin.get(slot(tx.origin)), this.#byPayer.get(slot(tx.payer))];
    return [...new Set(found.filter((entry) => entry !== undefined))];
  }

  /**
   * Add a transaction that passed admission; return the entries it replaced.
   *
   * Throws ConflictingNonceInMempool unless its fee is strictly above that of each it would replace.
   */
  add(tx, facts) {
    const replaced = this.conflicts(tx);
    if (replaced.some((entry) => entry.tx.fee >= tx.fee)) {
      throw new Rejection("ConflictingNonceInMempool");
    }
    for (const entry of replaced) {
      this.remove(entry.tx.txid);
    }
    this.#insert({ tx, ...facts });
    return replaced;
  }

  /** Put back what a fork undid, unless its place was taken; return whether it went in. */
  readmit(tx, facts) {
    if (this.conflicts(tx).length > 0) {
      return false;
    }
    this.#insert({ tx, ...facts });
    return true;
  }

  remove(txid) {
    const entry = this.#byTxid.get(txid);
    if (entry === undefined) {
      return;
    }
    this.#byTxid.delete(txid);
    this.#byOrigin.delete(slot(entry.tx.origin));
    this.#byPayer.delete(slot(entry.tx.payer));
  }

  /** Nonces waiting for an address, rising, whether it sends or sponsors. */
  nonces(address) {
    const found = this.entries().flatMap(({ tx }) =>
      [tx.origin, tx.payer].filter((side) => side.address === address).map(({ nonce }) => nonce),
    );
    return [...new Set(found)].sort((a, b) => a - b);
  }

  /**
   * Choose what goes into a block: per sender in order of nonces, the highest fee first among heads.
   *
   * `balance(address)` is the chain's; what a payer has already spent in this choice is held against it,
   * money that the block itself would bring in is not counted. What lacks funds waits.
   */
  choose(chain, limit, excluded = new Set()) {
    const nonces = new Map();
    const funds = new Map();
    const nonceOf = (address) => nonces.get(address) ?? chain.nonce(address);
    const fundsOf = (address) => funds.get(address) ?? chain.balance(address);
    const isHead = ({ tx: { origin, payer, txid } }) =>
      !excluded.has(txid) &&
      origin.nonce === nonceOf(origin.address) &&
      payer.nonce === nonceOf(payer.address);
    const heads = new Set(this.entries().filter(isHead));
    const chosen = [];
    while (chosen.length < limit && heads.size > 0) {
      const head = dearest(heads);
      heads.delete(head);
      const { tx } = head;
      const spent = tx.payload.type === "token_transfer" ? tx.payload.amount : 0n;
      if (!affords(tx, spent, fundsOf)) {
        continue;
      }
      funds.set(tx.payer.address, fundsOf(tx.payer.address) - tx.fee);
      funds.set(tx.origin.address, fundsOf(tx.origin.address) - spent);
      for (const side of [tx.origin, tx.payer]) {
        nonces.set(side.address, side.nonce + 1);
      }
      chosen.push(tx);
      for (const entry of this.#followers(tx).filter(isHead)) {
        heads.add(entry);
      }
    }
    return chosen;
  }

  #followers(tx) {
    return [tx.origin, tx.payer].flatMap(({ address, nonce }) => {
      const next = slot({ address, nonce: nonce + 1 });
      return [this.#byOrigin.get(next), this.#byPayer.get(next)].filter((entry) => entry !== undefined);
    });
  }

  #insert(entry) {
    this.#byTxid.set(entry.tx.txid, entry);
    this.#byOrigin.set(slot(entry.tx.origin), entry);
    this.#byPayer.set(slot(entry.tx.payer), entry);
  }
}

function affords(tx, spent, fundsOf) {
  if (tx.sponsor === null) {
    return fundsOf(tx.origin.address) >= tx.fee + spent;
  }
  return fundsOf(tx.sponsor.address) >= tx.fee && fundsOf(tx.origin.address) >= spent;
}

function dearest(heads) {
  let best = null;
  for (const entry of heads) {
    if (best === null || entry.tx.fee > best.tx.fee) {
      best = entry;
    }
  }
  return best;
}
