// The hashes of the wire, and addresses from them.
import { createHash } from "node:crypto";

import { addressFromVersionHash, addressToString } from "@stacks/transactions";

export const SINGLE_SIG_VERSION = 26;
export const MULTI_SIG_VERSION = 21;

export const sha512t = (...parts) => digest("sha512-256", parts);
export const sha256 = (...parts) => digest("sha256", parts);
export const hash160 = (...parts) =>
  createHash("ripemd160")
    .update(sha256(...parts))
    .digest();

function digest(name, parts) {
  const hash = createHash(name);
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest();
}

const known = new Map();

/** Return the c32 address of a 20-byte hash; cached, since a chain has few senders and c32 is slow. */
export function addressOf(version, hash) {
  const key = `${version}${hash.toString("hex")}`;
  let address = known.get(key);
  if (address === undefined) {
    if (known.size >= 10_000) {
      known.clear();
    }
    address = addressToString(addressFromVersionHash(version, hash.toString("hex")));
    known.set(key, address);
  }
  return address;
}
