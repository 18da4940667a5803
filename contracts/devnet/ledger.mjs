// Who holds how much of which token, folded from events: the VM cannot list a principal's tokens.

const MOTION = /^ft_(transfer|mint|burn)_event$/;

export class TokenLedger {
  #holdings = new Map();

  /** Book amounts that no event tells of. */
  credit(asset, address, amount) {
    const held = this.#holdings.get(address) ?? new Map();
    this.#holdings.set(address, held);
    const total = (held.get(asset) ?? 0n) + amount;
    if (total === 0n) {
      held.delete(asset);
    } else {
      held.set(asset, total);
    }
  }

  /** Book a transaction's events, or take them back with `sign` -1n. */
  book(events, sign) {
    for (const { event, data } of events) {
      if (!MOTION.test(event)) {
        continue;
      }
      const amount = sign * BigInt(data.amount);
      if (data.sender !== undefined) {
        this.credit(data.asset_identifier, data.sender, -amount);
      }
      if (data.recipient !== undefined) {
        this.credit(data.asset_identifier, data.recipient, amount);
      }
    }
  }

  balance(asset, address) {
    return this.#holdings.get(address)?.get(asset) ?? 0n;
  }

  /** A principal's tokens, the largest balance first. */
  holdings(address) {
    const held = [...(this.#holdings.get(address) ?? [])];
    return held.sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x > y ? -1 : 1));
  }
}
