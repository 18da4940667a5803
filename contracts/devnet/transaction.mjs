// SIP-005 transactions from their raw bytes. The payload is decoded on first use: a restart reads thousands.
import { BytesReader, deserializeCV, deserializePostConditionWire } from "@stacks/transactions";

import { addressOf, MULTI_SIG_VERSION, SINGLE_SIG_VERSION, sha512t } from "./hashes.mjs";

export const TESTNET_VERSION = 0x80;
export const TESTNET_CHAIN_ID = 0x80000000;
export const ALLOW = 1;
export const DENY = 2;
export const ORIGINATOR = 3;

const AUTH_STANDARD = 4;
const AUTH_SPONSORED = 5;
const SINGLE_SIG_MODES = [0, 2];
const MULTI_SIG_MODES = [1, 3, 5, 7];
const CONTRACT_NAME = /^[a-zA-Z]([a-zA-Z0-9]|[-_]){0,127}$/;
const CLARITY_NAME = /^([a-zA-Z]([a-zA-Z0-9]|[-_!?+<>=/*])*|[-+=/*]|[<>]=?)$/;
const MEMO_BYTES = 34;

/** The bytes are no transaction. */
export class DecodeError extends Error {}

class Reader extends BytesReader {
  readBytes(length) {
    if (this.consumed + length > this.source.length) {
      throw new DecodeError("failed to fill whole buffer");
    }
    return super.readBytes(length);
  }

  take(length) {
    return Buffer.from(this.readBytes(length));
  }

  text(prefixBytes, pattern) {
    const length = Number(this.readBigUIntBE(prefixBytes));
    const text = this.take(length).toString("latin1");
    if (pattern !== null && !pattern.test(text)) {
      throw new DecodeError(`Failed to parse name: ${JSON.stringify(text)}`);
    }
    return text;
  }
}

function readFields(reader) {
  return Array.from({ length: reader.readUInt32BE() }, () => {
    const id = reader.readUInt8();
    if (id > 3) {
      throw new DecodeError(`Failed to parse auth field: unknown id ${id}`);
    }
    return { isKey: id < 2, compressed: id % 2 === 0, bytes: reader.take(id < 2 ? 33 : 65) };
  });
}

function readCondition(reader) {
  const start = reader.consumed;
  const mode = reader.readUInt8();
  const single = SINGLE_SIG_MODES.includes(mode);
  if (!single && !MULTI_SIG_MODES.includes(mode)) {
    throw new DecodeError(`Failed to parse hash mode ${mode}`);
  }
  const signer = reader.take(20);
  const condition = {
    mode,
    single,
    signer,
    address: addressOf(mode === 0 ? SINGLE_SIG_VERSION : MULTI_SIG_VERSION, signer),
    nonceBytes: reader.take(8),
    fee: reader.readBigUIntBE(8),
  };
  condition.nonce = Number(condition.nonceBytes.readBigUInt64BE());
  if (single) {
    condition.fields = [{ isKey: false, compressed: readKeyEncoding(reader, mode), bytes: reader.take(65) }];
    condition.required = 1;
  } else {
    condition.fields = readFields(reader);
    condition.required = reader.readUInt16BE();
  }
  return { ...condition, start, end: reader.consumed };
}

function readKeyEncoding(reader, mode) {
  const encoding = reader.readUInt8();
  if (encoding > 1 || (encoding === 1 && mode !== 0)) {
    throw new DecodeError(
      "Failed to parse singlesig spending condition: incompatible hash mode and key encoding",
    );
  }
  return encoding === 0;
}

const PAYLOADS = {
  0: (reader) => {
    const start = reader.consumed;
    const recipient = deserializeCV(reader);
    if (typeof recipient.value !== "string" || ![5, 6].includes(reader.source[start])) {
      throw new DecodeError("Failed to parse recipient: not a principal");
    }
    const amount = reader.readBigUIntBE(8);
    return { type: "token_transfer", recipient: recipient.value, amount, memo: reader.take(MEMO_BYTES) };
  },
  1: (reader) => deployment(reader, null),
  2: (reader) => {
    const address = addressOf(reader.readUInt8(), reader.take(20));
    const contract = `${address}.${reader.text(1, CONTRACT_NAME)}`;
    const name = reader.text(1, CLARITY_NAME);
    const args = Array.from({ length: reader.readUInt32BE() }, () => {
      const start = reader.consumed;
      const value = deserializeCV(reader);
      // The bytes as sent: the library would sort a tuple's keys otherwise than the VM. A plain array, since
      // the simnet cannot read a Buffer.
      return { value, bytes: new Uint8Array(reader.source.subarray(start, reader.consumed)) };
    });
    return { type: "contract_call", contract, function: name, args };
  },
  4: (reader) => skipped(reader, "coinbase"),
  5: (reader) => skipped(reader, "coinbase"),
  6: (reader) => {
    const version = reader.readUInt8();
    if (version < 1 || version > 6) {
      throw new DecodeError(`Unrecognized ClarityVersion byte ${version}`);
    }
    return deployment(reader, version);
  },
  7: (reader) => skipped(reader, "tenure_change"),
  8: (reader) => skipped(reader, "coinbase"),
};

function deployment(reader, clarityVersion) {
  const name = reader.text(1, CONTRACT_NAME);
  return { type: "smart_contract", name, clarityVersion, source: reader.text(4, null) };
}

function skipped(reader, type) {
  reader.readBytes(reader.source.length - reader.consumed);
  return { type };
}

/** A decoded transaction; amounts are bigints, nonces numbers, `txid` is hex without 0x. */
export class Transaction {
  #body = null;

  constructor(raw) {
    const reader = new Reader(raw);
    this.raw = raw;
    this.version = reader.readUInt8();
    this.chainId = reader.readUInt32BE();
    const auth = reader.readUInt8();
    if (auth !== AUTH_STANDARD && auth !== AUTH_SPONSORED) {
      throw new DecodeError("Failed to parse transaction authorization: unrecognized auth flags");
    }
    this.origin = readCondition(reader);
    this.sponsor = auth === AUTH_SPONSORED ? readCondition(reader) : null;
    this.bodyAt = reader.consumed;
    this.anchorMode = reader.readUInt8();
    this.postConditionMode = reader.readUInt8();
    this.txid = sha512t(raw).toString("hex");
  }

  get payer() {
    return this.sponsor ?? this.origin;
  }

  get fee() {
    return this.payer.fee;
  }

  get payload() {
    return this.#decoded().payload;
  }

  get postConditions() {
    return this.#decoded().postConditions;
  }

  /** The contract that a deployment would make. */
  get contractId() {
    return `${this.origin.address}.${this.payload.name}`;
  }

  #decoded() {
    this.#body ??= decodeBody(this.raw, this.bodyAt);
    return this.#body;
  }
}

function decodeBody(raw, start) {
  const reader = new Reader(raw);
  reader.consumed = start;
  const [anchor, mode] = reader.readBytes(2);
  if (anchor < 1 || anchor > 3 || mode < ALLOW || mode > ORIGINATOR) {
    throw new DecodeError("Failed to parse transaction: invalid anchor or post-condition mode");
  }
  const postConditions = Array.from({ length: reader.readUInt32BE() }, () =>
    deserializePostConditionWire(reader),
  );
  const kind = reader.readUInt8();
  if (PAYLOADS[kind] === undefined) {
    throw new DecodeError(`Failed to parse transaction -- unknown payload ID ${kind}`);
  }
  const payload = PAYLOADS[kind](reader);
  if (reader.consumed !== raw.length) {
    throw new DecodeError("Failed to parse transaction: bytes are left over");
  }
  return { postConditions, payload };
}

/** Decode bytes from outside, the payload too; throws DecodeError. */
export function decodeTransaction(raw) {
  try {
    const tx = new Transaction(raw);
    return tx.payload === undefined ? null : tx;
  } catch (error) {
    throw error instanceof DecodeError ? error : new DecodeError(error.message);
  }
}
