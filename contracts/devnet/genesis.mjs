// What the chain holds before its first block: the accounts, and the real sBTC under its testnet id.
import { createHash } from "node:crypto";

import { ACCOUNTS, STX } from "./accounts.mjs";
import { SESSION_KEY } from "./sdk.mjs";

export const EPOCH = "3.4";
// The version the node gives to a contract whose transaction names none, in this epoch.
export const DEFAULT_CLARITY = 5;

const SBTC_DEPLOYER = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT";
const SBTC_MAINNET_DEPLOYER = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4";
const SBTC_CLARITY = 3;

export const SBTC_CONTRACT = `${SBTC_DEPLOYER}.sbtc-token`;
export const SBTC_ASSET = `${SBTC_CONTRACT}::sbtc-token`;
const SBTC_MINTABLE = `${SBTC_CONTRACT}.sbtc-token`;

/** Identifies the boot state: same key, same state. */
export const GENESIS_KEY = createHash("sha256")
  .update(
    JSON.stringify([
      SESSION_KEY,
      EPOCH,
      SBTC_CONTRACT,
      ACCOUNTS.map((a) => [a.address, `${a.ustx}`, `${a.sats}`]),
    ]),
  )
  .digest("hex");

/** Bring a fresh session to the boot state. */
export function applyGenesis(vm) {
  vm.setEpoch(EPOCH);
  for (const { address, ustx } of ACCOUNTS) {
    vm.mintStx(address, ustx);
  }
  vm.mintStx(SBTC_DEPLOYER, STX);
  vm.mine(["sbtc-registry", "sbtc-token"].map(sbtcDeploy(vm)));
  for (const { address, sats } of ACCOUNTS) {
    mintSbtc(vm, address, sats);
  }
  vm.mineBurn(1);
}

function sbtcDeploy(vm) {
  return (name) => ({
    deployContract: {
      name,
      content: vm.source(`${SBTC_MAINNET_DEPLOYER}.${name}`),
      options: { clarityVersion: SBTC_CLARITY },
      sender: SBTC_DEPLOYER,
    },
  });
}

/** Give sBTC to a wallet; contracts are refused, they crash the simnet. */
export function mintSbtc(vm, address, sats) {
  vm.mintToken(SBTC_MINTABLE, address, sats);
}

/** The sBTC that genesis gave out, `[address, sats]` each. */
export const GENESIS_SBTC = ACCOUNTS.map(({ address, sats }) => [address, sats]);
