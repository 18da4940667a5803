/** Numbers that look random and are the same in every run of a seed (mulberry32). */
export class Dice {
  constructor(private state: number) {}

  private next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** One of 0 to `sides` - 1. */
  roll(sides: number): number {
    return this.next() % sides;
  }

  /** A number from `low` to `high`, both possible. */
  between(low: bigint, high: bigint): bigint {
    if (high <= low) return low;
    return low + (((BigInt(this.next()) << 32n) | BigInt(this.next())) % (high - low + 1n));
  }

  /** True `times` in a hundred. */
  chance(times: number): boolean {
    return this.roll(100) < times;
  }

  one<T>(list: readonly T[]): T {
    return list[this.roll(list.length)] as T;
  }

  /** The list in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.roll(left.length), 1)[0] as T);
  }

  /** The number, or one beside it: where bounds are, mistakes are. */
  near(number: bigint): bigint {
    const moved = number + BigInt(this.roll(3)) - 1n;
    return moved < 0n ? 0n : moved;
  }
}
