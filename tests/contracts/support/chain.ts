/** The real Clarity VM with sBTC and both contracts deployed, spoken to in plain JavaScript values. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { initSimnet, type Simnet } from "@stacks/clarinet-sdk";
import { Cl, ClarityType, type ClarityValue } from "@stacks/transactions";

const MANIFEST = fileURLToPath(new URL("../../../contracts/Clarinet.toml", import.meta.url));
const SBTC_AT_BOOT = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4";
const SBTC_DEPLOYER = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT";

export const DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM";
export const REGISTRY = `${DEPLOYER}.policy-registry`;
export const POOL = `${DEPLOYER}.liquidity-pool`;
export const SBTC = `${SBTC_DEPLOYER}.sbtc-token`;
/** The suite runs by the rules in force; CLARITY_EPOCH=4.0 runs it by the next ones. */
export const EPOCH = process.env.CLARITY_EPOCH === "4.0" ? "4.0" : "3.4";

export type Contract = "policy-registry" | "liquidity-pool";
export type Plain = bigint | boolean | string | null | Plain[] | { [key: string]: Plain };
export type Fields = Record<string, Plain>;

/** The source of a contract, as it is deployed. */
export function source(contract: Contract): string {
  return readFileSync(new URL(`../../../contracts/${contract}.clar`, import.meta.url), "utf8");
}

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

/** One chain. Asking for the next one ends this one, because the VM holds a single session. */
export class Chain {
  /** What our contracts have printed since the beginning. */
  readonly printed: Fields[] = [];

  private constructor(readonly simnet: Simnet) {}

  static async start(): Promise<Chain> {
    const simnet = await initSimnet(MANIFEST); // boots the VM once
    await simnet.initSession(process.cwd(), MANIFEST, null);
    const chain = new Chain(simnet);
    simnet.setEpoch(EPOCH);
    for (const name of ["sbtc-registry", "sbtc-token"]) {
      const code = simnet.getContractSource(`${SBTC_AT_BOOT}.${name}`) ?? "";
      simnet.deployContract(name, code, { clarityVersion: 3 }, SBTC_DEPLOYER);
    }
    chain.deploy("policy-registry", source("policy-registry"));
    chain.deploy("liquidity-pool", source("liquidity-pool"));
    return chain;
  }

  /** Deploys a contract of the project, or a stranger's beside it. */
  deploy(name: string, code: string): void {
    this.simnet.deployContract(name, code, { clarityVersion: 4 }, DEPLOYER);
  }

  call(contract: string, method: string, args: ClarityValue[], sender: string): Plain {
    const { result, events } = this.simnet.callPublicFn(contract, method, args, sender);
    for (const { event, data } of events) {
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
    this.simnet.mintFT(`${SBTC}.sbtc-token`, who, sats);
  }

  balance(who: string): bigint {
    const { result } = this.simnet.callReadOnlyFn(SBTC, "get-balance", [Cl.principal(who)], DEPLOYER);
    return (plain(result) as { ok: bigint }).ok;
  }
}
