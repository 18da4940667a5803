/** The real Clarity VM with sBTC and both contracts deployed, spoken to in plain JavaScript values. */
import { initSimnet, type Simnet } from "@stacks/clarinet-sdk";
import { Cl, ClarityType, type ClarityValue } from "@stacks/transactions";

import { harvest } from "./coverage";
import { CONTRACTS, type Contract, MAINNET, type Project, projectInUse, source } from "./project";

export const DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM";
export const REGISTRY = `${DEPLOYER}.policy-registry`;
export const POOL = `${DEPLOYER}.liquidity-pool`;
/** The suite runs by the rules in force; CLARITY_EPOCH=4.0 runs it by the next ones. */
export const EPOCH = process.env.CLARITY_EPOCH === "4.0" ? "4.0" : "3.4";

export type { Contract } from "./project";
export { source } from "./project";
export type Plain = bigint | boolean | string | null | Plain[] | { [key: string]: Plain };
export type Fields = Record<string, Plain>;

/** A Clarity value as a plain one; buffers and principals become strings, responses `{ ok }` or `{ error }`. */
export function plain(value: ClarityValue): Plain {
  switch (value.type) {
    case ClarityType.Int:
    case ClarityType.UInt:
      return BigInt(value.value);
    case ClarityType.BoolTrue:
      return true;
    case ClarityType.BoolFalse:
      return false;
    case ClarityType.OptionalNone:
      return null;
    case ClarityType.OptionalSome:
      return plain(value.value);
    case ClarityType.ResponseOk:
      return { ok: plain(value.value) };
    case ClarityType.ResponseErr:
      return { error: plain(value.value) };
    case ClarityType.List:
      return value.value.map(plain);
    case ClarityType.Tuple:
      return Object.fromEntries(Object.entries(value.value).map(([key, field]) => [key, plain(field)]));
    default:
      return value.value;
  }
}

export const ok = (value: Plain): Plain => ({ ok: value });
export const refusal = (code: number): Plain => ({ error: BigInt(code) });

/** A call's share of what a block can hold, by kind. */
export type Costs = Record<"runtime" | "readCount" | "readLength" | "writeCount" | "writeLength", number>;

export interface Transfer {
  readonly sender: string;
  readonly recipient: string;
  readonly sats: bigint;
}

let running: Chain | undefined;

/** One chain. Asking for the next one ends this one, because the VM holds a single session. */
export class Chain {
  /** What our contracts have printed since the beginning. */
  readonly printed: Fields[] = [];
  /** The sBTC that the last call moved. */
  transfers: Transfer[] = [];
  /** What the last call cost, where the VM is asked to watch. */
  costs: Costs | undefined;
  /** The sBTC token's contract. */
  readonly token: string;

  private constructor(
    readonly simnet: Simnet,
    private readonly project: Project,
  ) {
    this.token = `${project.token}.sbtc-token`;
  }

  static async start(): Promise<Chain> {
    const project = projectInUse();
    Chain.endLast(); // its coverage ends with its session
    // The SDK boots the VM once and starts a session each time.
    const simnet = await initSimnet(project.manifest, false, {
      trackCosts: project.isWatched,
      trackCoverage: project.isWatched,
    });
    running = new Chain(simnet, project);
    simnet.setEpoch(EPOCH);
    if (!project.isWatched) running.deployAll();
    return running;
  }

  /** Keeps what the VM has seen of the last chain. */
  static endLast(): void {
    running?.end();
    running = undefined;
  }

  private end(): void {
    if (this.project.isWatched) harvest(this.simnet);
  }

  private deployAll(): void {
    for (const name of ["sbtc-registry", "sbtc-token"]) {
      const code = this.simnet.getContractSource(`${MAINNET}.${name}`) ?? "";
      this.simnet.deployContract(name, code, { clarityVersion: 3 }, this.project.token);
    }
    for (const contract of CONTRACTS) this.deploy(contract, source(contract));
  }

  /** Deploys a contract of the project, or a stranger's beside it. */
  deploy(name: string, code: string): void {
    this.simnet.deployContract(name, code, { clarityVersion: 4 }, DEPLOYER);
  }

  call(contract: string, method: string, args: ClarityValue[], sender: string): Plain {
    const { result, events, costs } = this.simnet.callPublicFn(contract, method, args, sender);
    this.costs = costs?.total;
    this.transfers = [];
    for (const { event, data } of events) {
      if (event === "ft_transfer_event") {
        const { sender: from, recipient, amount } = data as Record<"sender" | "recipient" | "amount", string>;
        this.transfers.push({ sender: from, recipient, sats: BigInt(amount) });
      }
      const ours = data.contract_identifier === REGISTRY || data.contract_identifier === POOL;
      if (event === "print_event" && ours && data.value) this.printed.push(plain(data.value) as Fields);
    }
    return plain(result);
  }

  read(contract: Contract, method: string, args: ClarityValue[] = []): Plain {
    return plain(this.simnet.callReadOnlyFn(contract, method, args, DEPLOYER).result);
  }

  get height(): bigint {
    return BigInt(this.simnet.burnBlockHeight);
  }

  /** The time that the next transaction's block will have: the VM gives each block ten seconds. */
  get time(): bigint {
    return this.simnet.getBlockTime() + 10n;
  }

  /** Mines burn blocks; without a number, one. */
  pass(blocks: bigint | number = 1): bigint {
    this.simnet.mineEmptyBurnBlocks(Number(blocks));
    return this.height;
  }

  /** Mines up to a height, which must not be past. */
  reach(height: bigint): bigint {
    if (height < this.height) throw new Error(`height ${height} is past: it is ${this.height}`);
    return height === this.height ? height : this.pass(height - this.height);
  }

  mint(who: string, sats: bigint): void {
    this.simnet.mintFT(`${this.token}.sbtc-token`, who, sats);
  }

  balance(who: string): bigint {
    const { result } = this.simnet.callReadOnlyFn(this.token, "get-balance", [Cl.principal(who)], DEPLOYER);
    return (plain(result) as { ok: bigint }).ok;
  }
}
