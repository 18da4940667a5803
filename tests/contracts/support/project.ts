/** Which sources a chain runs, for which token, and how closely the VM watches them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Contract = "policy-registry" | "liquidity-pool";
export const CONTRACTS: readonly Contract[] = ["policy-registry", "liquidity-pool"];

const FOLDER = fileURLToPath(new URL("../../../contracts/", import.meta.url));
const TESTNET = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT";
/** The token of mainnet, which the VM brings at boot. */
export const MAINNET = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4";
const WATCHED = "CONTRACTS_WATCHED_PROJECT";

/** A project as the VM boots it. */
export interface Project {
  readonly manifest: string;
  /** Who deployed the sBTC token. */
  readonly token: string;
  /** Whether the boot deploys the contracts, which the VM can then watch line by line. */
  readonly isWatched: boolean;
}

const replaced = new Map<Contract, string>();

/** The source of a contract, as it is deployed. */
export function source(contract: Contract): string {
  return replaced.get(contract) ?? readFileSync(join(FOLDER, `${contract}.clar`), "utf8");
}

/** Deploys other code in a contract's place from the next chain on; without code, its own again. */
export function replaceSource(contract: Contract, code?: string): void {
  if (code === undefined) replaced.delete(contract);
  else replaced.set(contract, code);
}

/**
 * The project in use. The repository's own manifest names no contract, because the pool names a token that no plan of
 * Clarinet's makes; the VM measures coverage of a manifest's contracts only. So the suite watches a copy for mainnet's
 * token, which the VM brings, and everything else runs the sources to the letter.
 */
export function projectInUse(): Project {
  const folder = process.env[WATCHED];
  if (folder !== undefined)
    return { manifest: join(folder, "Clarinet.toml"), token: MAINNET, isWatched: true };
  return { manifest: join(FOLDER, "Clarinet.toml"), token: TESTNET, isWatched: false };
}

/** Writes the watched copy into a folder and makes it the project in use, here and in processes started from here. */
export function watchIn(folder: string): void {
  mkdirSync(join(folder, "settings"));
  writeFileSync(
    join(folder, "settings", "Devnet.toml"),
    readFileSync(join(FOLDER, "settings", "Devnet.toml"), "utf8"),
  );
  const entries = CONTRACTS.map((contract) => {
    writeFileSync(join(folder, `${contract}.clar`), forMainnet(source(contract)));
    return `[contracts.${contract}]\npath = "${contract}.clar"\nclarity_version = 4\nepoch = "3.4"\n`;
  });
  const manifest = readFileSync(join(FOLDER, "Clarinet.toml"), "utf8");
  writeFileSync(join(folder, "Clarinet.toml"), [manifest, ...entries].join("\n"));
  process.env[WATCHED] = folder;
}

/** A source with the token of mainnet: the one line that a deployment replaces. */
export function forMainnet(code: string): string {
  return code.replace(
    `(define-constant SBTC '${TESTNET}.sbtc-token)`,
    `(define-constant SBTC '${MAINNET}.sbtc-token)`,
  );
}
