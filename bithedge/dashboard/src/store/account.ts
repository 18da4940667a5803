/** Who signs. On devnet its keys are public and stay in this browser; elsewhere there are none here. */

import { signal } from "@preact/signals";
import { get } from "../api/client";
import type { Account, DevnetAccount } from "../api/schema";
import type { Wallet } from "../wallet/wallet";
import { config } from "./config";

export interface Signer {
  address: string;
  name: string;
}

const KEPT = "bithedge.devnet-wallet";

export const account = signal<Signer | null>(null);
export const balances = signal<Account | null>(null);
export const devnetAccounts = signal<DevnetAccount[] | null>(null);
let keys: DevnetAccount | null = null;

/** Return the wallet that signs for the account; its code is fetched at the first use. */
export async function openWallet(): Promise<Wallet> {
  if (keys === null) {
    throw new Error("No wallet is connected.");
  }
  const { DevnetWallet } = await import("../wallet/devnet");
  return new DevnetWallet(keys.address, keys.private_key);
}

export async function loadDevnetAccounts(): Promise<void> {
  devnetAccounts.value = (await get<{ items: DevnetAccount[] }>("/v1/devnet/accounts")).items;
}

export function connectDevnet(chosen: DevnetAccount): void {
  keys = chosen;
  account.value = { address: chosen.address, name: chosen.name };
  localStorage.setItem(KEPT, chosen.address);
  void loadBalances();
}

/** Take up the account of the last visit, if this devnet still has it. */
export async function restoreAccount(): Promise<void> {
  const address = localStorage.getItem(KEPT);
  if (config.value?.network !== "devnet" || address === null) {
    return;
  }
  await loadDevnetAccounts();
  const found = devnetAccounts.value?.find((item) => item.address === address);
  if (found) {
    connectDevnet(found);
  } else {
    localStorage.removeItem(KEPT);
  }
}

export function leave(): void {
  keys = null;
  account.value = null;
  balances.value = null;
  localStorage.removeItem(KEPT);
}

export async function loadBalances(): Promise<void> {
  const address = account.peek()?.address;
  if (address === undefined) {
    return;
  }
  const answer = await get<Account>(`/v1/accounts/${address}`).catch(() => null);
  if (answer && account.peek()?.address === address) {
    balances.value = answer;
  }
}
