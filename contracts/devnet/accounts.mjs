// The devnet's accounts: keys that everybody can work out, so nothing of worth may ever sit on them.
import { createHash } from "node:crypto";

import { getAddressFromPrivateKey } from "@stacks/transactions";

export const STX = 1_000_000n;
export const BTC = 100_000_000n;

const NAMES = ["deployer", ...Array.from({ length: 8 }, (_, index) => `wallet_${index + 1}`)];

function keyOf(name) {
  return `${createHash("sha256").update(`BitHedge devnet account: ${name}`).digest("hex")}01`;
}

function account(name, ustx, sats) {
  const key = keyOf(name);
  return { name, address: getAddressFromPrivateKey(key, "testnet"), privateKey: `0x${key}`, ustx, sats };
}

export const ACCOUNTS = NAMES.map((name) =>
  account(name, name === "deployer" ? 100_000_000n * STX : 10_000_000n * STX, 100n * BTC),
);

// Mints to contracts pass through it: the simnet crashes when it mints to a contract itself.
export const FAUCET = account("faucet", 0n, 0n).address;

// Fees end here. The key is the hash of a sentence that nobody signs with.
export const FEE_SINK = account("fee sink", 0n, 0n).address;
