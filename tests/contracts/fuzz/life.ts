/** One game on one chain: acts in any order, forks among them, the laws after each, and everybody paid at the end. */
import type { ClarityValue } from "@stacks/transactions";

import { Chain, type Fields, type Plain, POOL } from "../support/chain";
import { beginning, type Told, tell } from "../support/rebuild";
import { differences } from "../support/state";
import { BTC, STRANGER, World } from "../support/world";
import { type Act, encode } from "./acts";
import { Booty } from "./booty";
import { Dice } from "./dice";
import { Game } from "./game";
import { escapeOf, honestAct } from "./honest";
import { objection } from "./judge";
import { most, Scene } from "./judge/scene";
import { broken, type Deed } from "./laws";
import { altered, intrusion } from "./mischief";
import { EVERY_KEY, EVERYBODY, MUST_SIGN, THEFTS, THIEF } from "./people";
import { thiefAct } from "./thief";

/** An act, or burn blocks that pass. */
export type Move = Act | { readonly name: "pass"; readonly blocks: bigint };

/** Every number small, so that a short game sees windows, deadlines and silences pass. */
const HURRIED = { grace: 144n, timelock: 72n, silence: 1_008n, "request-life": 6n, window: 72n };
const FUNDS = 100n * BTC;

/** A law that a move has broken, or a fault of the VM, with all that led to it. */
export class LawBrokenError extends Error {
  constructor(
    message: string,
    readonly seed: number,
    readonly moves: readonly Move[],
  ) {
    super(message);
  }
}

export interface Report {
  calls: number;
  succeeded: number;
  forks: number;
  closed: number;
  /** Successes by act. */
  acts: Record<string, number>;
}

export class Life {
  readonly history: Move[] = [];
  readonly report: Report = { calls: 0, succeeded: 0, forks: 0, closed: 0, acts: {} };
  private readonly dice: Dice;
  private readonly game: Game;
  private readonly parameters: Record<string, bigint>;
  private mempool: Act[] = [];

  private world!: World;
  private told!: Told;
  private booty!: Booty;
  private balances = new Map<string, bigint>();
  private donated = 0n;

  constructor(readonly seed: number) {
    this.dice = new Dice(seed);
    this.game = new Game(this.dice, THEFTS[seed % THEFTS.length] as (typeof THEFTS)[number]);
    this.parameters = { ...(this.dice.chance(75) ? HURRIED : {}), attestor: MUST_SIGN };
  }

  private get chain(): Chain {
    return this.world.chain;
  }

  /** A chain of its own, as it is once set up. */
  async begin(): Promise<void> {
    this.world = new World(await Chain.start());
    this.world.setUp({ parameters: this.parameters, deposit: 0n });
    this.chain.mint(THIEF.address, FUNDS);
    this.balances = new Map(EVERYBODY.map((who) => [who, this.chain.balance(who)]));
    this.told = beginning(this.world.deployed);
    for (const event of this.chain.printed) tell(this.told, event);
    this.booty = new Booty(this.game.theft, this.chain.height + this.scene().parameter("timelock"));
    this.history.length = 0;
    this.donated = 0n;
  }

  private scene(): Scene {
    return new Scene(this.told, this.chain.height, this.chain.time, this.balances);
  }

  async play(steps: number): Promise<Report> {
    await this.begin();
    const forkAt = this.dice.chance(50) ? Math.floor(steps / 3) + this.dice.roll(Math.ceil(steps / 3)) : -1;
    const silentAt = this.dice.chance(30) ? Math.floor((steps * 4) / 5) : -1;
    for (let step = 0; step < steps; step += 1) {
      if (step === forkAt) await this.fork(1 + this.dice.roll(60));
      if (step === silentAt) this.apply({ name: "pass", blocks: this.scene().parameter("silence") + 1n });
      this.apply(this.nextAct());
      if (this.dice.chance(30)) this.letTimePass();
      if (step % 60 === 59) this.compareWithChain();
    }
    this.end();
    return this.report;
  }

  private nextAct(): Act {
    const { dice, game } = this;
    const scene = this.scene();
    const past = this.history.slice(-40).filter((move): move is Act => move.name !== "pass");
    if (this.mempool.length > 0 && dice.chance(60)) return this.mempool.shift() as Act;
    if (past.length > 0 && dice.chance(12)) return altered(game, scene, dice.one(past));
    if (dice.chance(2)) return intrusion(game, scene, past);
    if (game.theft.name !== "nothing" && dice.chance(25)) return thiefAct(game, scene);
    return honestAct(game, scene);
  }

  private letTimePass(): void {
    const blocks = BigInt(1 + this.dice.roll(this.dice.chance(8) ? 80 : 3));
    this.game.drift();
    this.apply({ name: "pass", blocks });
  }

  /** The chain forgets its last moves and goes on another way; what was signed then comes in again, in another order. */
  private async fork(depth: number): Promise<void> {
    const kept = this.history.slice(0, -depth);
    const lost = this.history.slice(-depth).filter((move): move is Act => move.name !== "pass");
    await this.begin();
    for (const move of kept) this.apply(move);
    this.mempool = this.dice.shuffled(lost).filter(() => this.dice.chance(75));
    this.report.forks += 1;
  }

  /** Makes a move and holds it against the judge and the laws. */
  apply(move: Move): void {
    this.history.push(move);
    if (move.name === "pass") this.chain.pass(move.blocks);
    else this.act(move);
  }

  private act(act: Act): void {
    const before = this.scene();
    const refusal = objection(before, act);
    const { contract, method, args } = encode(act);
    const heard = this.chain.printed.length;
    const result = this.answer(contract === "sbtc-token" ? this.chain.token : contract, method, args, act);
    const isDone = "ok" in (result as Fields);
    this.report.calls += 1;
    if (isDone && refusal !== undefined) this.fail(act, [`it succeeded, although: ${refusal}`]);
    if (!isDone && refusal === undefined)
      this.fail(act, [`it was refused with ${codeOf(result)}, for no reason`]);
    const printed = this.chain.printed.slice(heard);
    if (!isDone) {
      if (printed.length + this.chain.transfers.length > 0)
        this.fail(act, ["it was refused and left a trace"]);
      return;
    }
    this.report.succeeded += 1;
    this.report.acts[act.name] = (this.report.acts[act.name] ?? 0) + 1;
    this.told = copyOf(this.told);
    for (const event of printed) tell(this.told, event);
    this.settleBalances();
    if (act.name === "donate") this.donated += act.amount;
    const deed: Deed = { act, before, after: this.told, printed, transfers: this.chain.transfers };
    this.booty.note(deed, this.game.soldToThief);
    const vaultBalance = this.balances.get(POOL) ?? 0n;
    const faults = [...broken(deed, vaultBalance, this.donated), ...this.booty.broken(before.height)];
    if (faults.length > 0) this.fail(act, faults);
  }

  /** The VM's answer; a runtime fault is a broken law. */
  private answer(contract: string, method: string, args: ClarityValue[], act: Act): Plain {
    try {
      return this.chain.call(contract, method, args, act.by);
    } catch (error) {
      return this.fail(act, [`the VM faults: ${error}`]);
    }
  }

  private settleBalances(): void {
    const balances = new Map(this.balances);
    for (const { sender, recipient, sats } of this.chain.transfers) {
      balances.set(sender, (balances.get(sender) ?? 0n) - sats);
      balances.set(recipient, (balances.get(recipient) ?? 0n) + sats);
    }
    this.balances = balances;
  }

  /** The chain's own balances, maps and variables beside what the events told. */
  private compareWithChain(): void {
    const policies = [...this.told.policies.values()] as { "quote-id": string }[];
    const acts = this.history.filter((move): move is Act => move.name !== "pass");
    const tried = {
      quotes: acts.flatMap((act) => (act.name === "buy" ? [act.terms.quoteId] : [])),
      serials: acts.flatMap((act) => (act.name === "withdraw" ? [act.serial] : [])),
      providers: EVERYBODY,
      keys: EVERY_KEY.map(({ compressed }) => compressed),
    };
    const faults = differences(this.chain, this.told, tried);
    for (const who of [...EVERYBODY, POOL]) {
      const [real, counted] = [this.chain.balance(who), this.balances.get(who) ?? 0n];
      if (real !== counted) faults.push(`${who} has ${real}, counted ${counted}`);
    }
    const quotes = new Set(policies.map((policy) => policy["quote-id"]));
    if (quotes.size !== policies.length) faults.push("one quote was sold twice");
    if (faults.length > 0) this.fail(undefined, faults);
  }

  /** The daemon is gone: strangers settle nothing more, release everything, open the way out, and pay everybody. */
  private end(): void {
    const held = (): bigint[] => [...this.told.collaterals.keys()].map(BigInt);
    const expiries = [...this.told.policies.values()].map((policy) => (policy as { expiry: bigint }).expiry);
    const last = most(this.scene().pausedUntil("settlements"), ...expiries);
    const deadline = last + this.scene().parameter("grace") + 1n;
    if (deadline > this.chain.height) this.apply({ name: "pass", blocks: deadline - this.chain.height });
    for (let ids = held(); ids.length > 0; ids = held()) {
      this.apply({ name: "release", by: STRANGER, ids: ids.slice(0, 50) });
    }
    if (!this.scene().isClosed) this.close();
    for (const who of this.told.providers.keys()) this.apply(escapeOf(this.game, this.scene(), who));
    for (const who of this.told.providers.keys()) this.apply(escapeOf(this.game, this.scene(), who));
    this.compareWithChain();
    this.report.closed += 1;
    this.everybodyHasLeft();
  }

  private close(): void {
    const scene = this.scene();
    const opens = (scene.told.liabilities.at as bigint) + scene.parameter("silence") + 1n;
    if (opens > scene.height) this.apply({ name: "pass", blocks: opens - scene.height });
    this.apply({ name: "open-escape", by: STRANGER });
  }

  /** Under a true root no more stays behind than fractions, unless somebody has reached the yield cap. */
  private everybodyHasLeft(): void {
    const scene = this.scene();
    const people = [...this.told.providers.keys()];
    const root = this.told.liabilities.root as string;
    const isTrue = root === "" || this.game.theft.roles.length === 0;
    const isCapped = people.some((who) => {
      const account = scene.account(who);
      return account.withdrawn + account.escaped + BigInt(people.length) >= scene.cap(account);
    });
    const isShort = people.some((who) => !this.game.trees.get(root)?.knows(who) && root !== "");
    if (scene.total("locked") !== 0n) this.fail(undefined, ["collateral is locked for ever"]);
    if (isTrue && !isCapped && !isShort && scene.total("available") > BigInt(people.length))
      this.fail(undefined, [`${scene.total("available")} sats are nobody's`]);
  }

  private fail(act: Act | undefined, faults: readonly string[]): never {
    const where = `seed ${this.seed}, theft of ${this.game.theft.name}, move ${this.history.length}`;
    const message = `${where}: ${act === undefined ? "" : wordsOf(act)}\n  ${faults.join("\n  ")}`;
    throw new LawBrokenError(message, this.seed, [...this.history]);
  }
}

const codeOf = (result: Plain): string => String((result as { error?: bigint }).error);

/** The same state, whose maps may be changed without changing those of the original. */
function copyOf(told: Told): Told {
  const fields = Object.entries(told).map(([name, value]) => [
    name,
    value instanceof Map ? new Map(value) : name === "totals" ? { ...(value as object) } : value,
  ]);
  return Object.fromEntries(fields) as Told;
}

/** A move on one line; keys go by their addresses. */
export const wordsOf = (move: Move): string =>
  JSON.stringify(move, (name, field) => {
    if (name === "tree" || name === "secret" || name === "compressed") return undefined;
    return typeof field === "bigint" ? `${field}` : field;
  });
