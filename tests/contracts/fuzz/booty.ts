/** What a thief has made, and the most that the contracts let a thief make with what was stolen. */
import { ceilingOfEscape, minus } from "./judge/money";
import { most } from "./judge/scene";
import type { Deed } from "./laws";
import { THIEF, type Theft } from "./people";

/** Sats by window, the highest seen. */
type Limits = Map<bigint, bigint>;

const sum = (numbers: Iterable<bigint>): bigint => [...numbers].reduce((a, b) => a + b, 0n);

export class Booty {
  /** What the thief has now, less what it began with. */
  gain = 0n;
  private readonly sales: Limits = new Map();
  private readonly profits: Limits = new Map();
  private insured = 0n;
  private escape = 0n;

  constructor(
    readonly theft: Theft,
    /** The first height at which a change by a stolen owner can take effect. */
    private readonly ready: bigint,
  ) {}

  /** Notes an act that succeeded; `honest` are the quotes that the daemon itself signed for the thief. */
  note({ act, before, transfers }: Deed, honest: ReadonlySet<string>): void {
    for (const { sender, recipient, sats } of transfers) {
      if (recipient === THIEF.address) this.gain += sats;
      if (sender === THIEF.address) this.gain -= sats;
    }
    const { index } = before.window;
    if (act.name === "buy" && act.by === THIEF.address) {
      if (honest.has(act.terms.quoteId)) this.insured += act.terms.collateral;
      else raise(this.sales, index, before.limit("sale-share"));
    }
    if (act.name === "withdraw" && act.by === THIEF.address)
      raise(this.profits, index, before.limit("profit-share"));
    if (act.name === "escape" && act.provider === THIEF.address) {
      const { deposited, withdrawn } = before.account(THIEF.address);
      this.escape = most(
        this.escape,
        minus(ceilingOfEscape(before, THIEF.address), minus(deposited, withdrawn)),
      );
    }
  }

  /**
   * The most that the thief may have made: in each window what may be sold and what may leave as profit, what its own
   * honest policies insured, and after a long silence its deposits' yield cap.
   */
  get most(): bigint {
    return sum(this.sales.values()) + sum(this.profits.values()) + this.insured + this.escape;
  }

  /** The laws of a thief. */
  *broken(height: bigint): Generator<string> {
    const { name } = this.theft;
    if (this.gain > this.most) yield `a thief of ${name} has made ${this.gain}, of at most ${this.most}`;
    if (name === "owner" && height < this.ready && this.gain > 0n) yield "a thief of the owner did not wait";
  }
}

function raise(limits: Limits, index: bigint, limit: bigint): void {
  limits.set(index, most(limits.get(index) ?? 0n, limit));
}
