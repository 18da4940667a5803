// Who signed a transaction, by the node's rules: single and multiple signatures, sponsors.
import { recover } from "tiny-secp256k1";

import { hash160, sha256, sha512t } from "./hashes.mjs";

const AUTH_STANDARD = 4;
const AUTH_SPONSORED = 5;
const NON_SEQUENTIAL = [5, 7];
const HALF_ORDER = Buffer.from("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", "hex");
const EMPTY_SINGLE = Buffer.alloc(8 + 8 + 1 + 65);

/** The signatures do not make the transaction its sender's. */
export class SignatureError extends Error {}

function cleared(raw, condition) {
  const kept = raw.subarray(condition.start, condition.start + 21);
  if (condition.single) {
    return Buffer.concat([kept, EMPTY_SINGLE]);
  }
  return Buffer.concat([kept, Buffer.alloc(8 + 8 + 4), raw.subarray(condition.end - 2, condition.end)]);
}

function initialHash(tx) {
  const parts = [tx.raw.subarray(0, 6), cleared(tx.raw, tx.origin)];
  if (tx.sponsor !== null) {
    parts.push(Buffer.alloc(21), EMPTY_SINGLE);
  }
  return sha512t(...parts, tx.raw.subarray(tx.bodyAt));
}

function presign(hash, flag, { fee, nonceBytes }) {
  const facts = Buffer.alloc(9);
  facts.writeUInt8(flag, 0);
  facts.writeBigUInt64BE(fee, 1);
  return sha512t(hash, facts, nonceBytes);
}

function recovered(hash, { bytes, compressed }) {
  const [recoveryId] = bytes;
  const signature = bytes.subarray(1);
  if (recoveryId > 3) {
    throw new SignatureError("Invalid signature: bad recovery id");
  }
  if (Buffer.compare(signature.subarray(32), HALF_ORDER) > 0) {
    throw new SignatureError("Invalid signature: high-S");
  }
  let key = null;
  try {
    key = recover(hash, signature, recoveryId, compressed);
  } catch {
    key = null;
  }
  if (key === null) {
    throw new SignatureError("Invalid signature: failed to recover the public key");
  }
  return Buffer.from(key);
}

const opcode = (count) => Buffer.from([0x50 + count]);

function signerOf(mode, keys, required) {
  if (mode === 0) {
    return hash160(keys[0]);
  }
  if (mode === 2) {
    return hash160(Buffer.from([0x00, 0x14]), hash160(keys[0]));
  }
  const pushes = keys.flatMap((key) => [Buffer.from([key.length]), key]);
  const script = Buffer.concat([opcode(required), ...pushes, opcode(keys.length), Buffer.from([0xae])]);
  if (mode === 1 || mode === 5) {
    return hash160(script);
  }
  return hash160(Buffer.from([0x00, 0x20]), sha256(script));
}

/** Check one condition over `hash`; return the hash that the next signer signs. */
function verifyCondition(condition, hash, flag) {
  let next = hash;
  let signatures = 0;
  const keys = condition.fields.map((field) => {
    if (field.isKey) {
      return field.bytes;
    }
    signatures += 1;
    const basis = presign(NON_SEQUENTIAL.includes(condition.mode) ? hash : next, flag, condition);
    next = sha512t(basis, Buffer.from([field.compressed ? 0 : 1]), field.bytes);
    return recovered(basis, field);
  });
  const enough = NON_SEQUENTIAL.includes(condition.mode)
    ? signatures >= condition.required
    : signatures === condition.required;
  if (!enough || keys.length === 0 || keys.length > 16) {
    throw new SignatureError("Incorrect number of signatures");
  }
  if (!signerOf(condition.mode, keys, condition.required).equals(condition.signer)) {
    throw new SignatureError(
      `Signer hash does not equal hash of public key(s): ${condition.signer.toString("hex")}`,
    );
  }
  return next;
}

/** Throw SignatureError unless origin and sponsor signed the transaction. */
export function verifySignatures(tx) {
  const signed = verifyCondition(tx.origin, initialHash(tx), AUTH_STANDARD);
  if (tx.sponsor !== null) {
    verifyCondition(tx.sponsor, signed, AUTH_SPONSORED);
  }
}
