// What the node lets into its mempool, in the node's order and with its reasons.
import { addressToString, createAddress } from "@stacks/transactions";

import { admits, repr, typeName } from "./clarity.mjs";
import { MULTI_SIG_VERSION, SINGLE_SIG_VERSION } from "./hashes.mjs";
import { SignatureError, verifySignatures } from "./signature.mjs";
import { TESTNET_CHAIN_ID, TESTNET_VERSION } from "./transaction.mjs";

// A transaction may be this far ahead of its account's nonce; the gap need not be filled yet.
export const CHAIN_LIMIT = 26;

/** The node's refusal: `reason` and, for some, `data`. */
export class Rejection extends Error {
  constructor(reason, data) {
    super(reason);
    this.reason = reason;
    this.data = data;
  }

  body(txid) {
    const body = { error: "transaction rejected", reason: this.reason };
    return this.data === undefined ? { ...body, txid } : { ...body, reason_data: this.data, txid };
  }
}

export const hex128 = (amount) => `0x${amount.toString(16).padStart(32, "0")}`;

function checkNetwork(tx) {
  if (tx.version !== TESTNET_VERSION || tx.chainId !== TESTNET_CHAIN_ID) {
    throw new Rejection("BadTransactionVersion");
  }
}

function checkSignature(tx) {
  try {
    verifySignatures(tx);
  } catch (error) {
    if (error instanceof SignatureError) {
      throw new Rejection("SignatureValidation", { message: error.message });
    }
    throw error;
  }
}

function checkFee(tx) {
  const least = BigInt(tx.raw.length);
  if (tx.fee < least) {
    throw new Rejection("FeeTooLow", { expected: Number(least), actual: Number(tx.fee) });
  }
}

function checkNonce({ address, nonce }, chain, isOrigin) {
  const expected = chain.nonce(address);
  const facts = { actual: nonce, principal: address, is_origin: isOrigin };
  if (nonce < expected) {
    throw new Rejection("BadNonce", { expected, ...facts });
  }
  if (nonce > expected + CHAIN_LIMIT) {
    throw new Rejection("TooMuchChaining", {
      message: "Nonce would exceed chaining limit in mempool",
      expected: expected + CHAIN_LIMIT,
      ...facts,
    });
  }
}

function checkFunds(tx, chain) {
  const moved = tx.payload.type === "token_transfer" ? tx.payload.amount : 0n;
  const demands =
    tx.sponsor === null
      ? [[tx.origin.address, tx.fee + moved]]
      : [
          [tx.sponsor.address, tx.fee],
          [tx.origin.address, moved],
        ];
  for (const [address, expected] of demands) {
    const actual = chain.balance(address);
    if (actual < expected) {
      throw new Rejection("NotEnoughFunds", { expected: hex128(expected), actual: hex128(actual) });
    }
  }
}

function checkVersionByte(principal) {
  const { version } = createAddress(principal.split(".")[0]);
  if (version !== SINGLE_SIG_VERSION && version !== MULTI_SIG_VERSION) {
    throw new Rejection("BadAddressVersionByte");
  }
}

function checkCall(payload, chain) {
  checkVersionByte(payload.contract);
  const contract = chain.interface(payload.contract);
  if (contract === undefined) {
    throw new Rejection("NoSuchContract");
  }
  const called = contract.functions.find(
    ({ name, access }) => name === payload.function && access !== "private",
  );
  if (called === undefined) {
    throw new Rejection("NoSuchPublicFunction");
  }
  if (called.args.length !== payload.args.length) {
    const message = `Contract call argument error: expected ${called.args.length} arguments, got ${payload.args.length}`;
    throw new Rejection("BadFunctionArgument", { message });
  }
  called.args.forEach(({ type }, index) => {
    const { value, bytes } = payload.args[index];
    if (!admits(type, value)) {
      const text = repr(Buffer.from(bytes).toString("hex"));
      const message = `Contract call argument error: expecting ${typeName(type)}, found ${text}`;
      throw new Rejection("BadFunctionArgument", { message });
    }
  });
}

function checkTransfer(tx) {
  const { recipient, amount } = tx.payload;
  checkVersionByte(recipient);
  if (recipient === tx.origin.address) {
    throw new Rejection("TransferRecipientCannotEqualSender", { recipient });
  }
  if (amount === 0n) {
    throw new Rejection("TransferAmountMustBePositive");
  }
}

function checkPayload(tx, chain) {
  switch (tx.payload.type) {
    case "token_transfer":
      return checkTransfer(tx);
    case "contract_call":
      return checkCall(tx.payload, chain);
    case "smart_contract":
      if (chain.interface(tx.contractId) !== undefined) {
        throw new Rejection("ContractAlreadyExists", { contract_identifier: tx.contractId });
      }
      return undefined;
    case "coinbase":
      throw new Rejection("NoCoinbaseViaMempool");
    default:
      throw new Rejection("NoTenureChangeViaMempool");
  }
}

/** Throw a Rejection unless the node would take `tx`; conflicts are the mempool's to judge. */
export function checkAdmission(tx, chain) {
  checkNetwork(tx);
  checkSignature(tx);
  checkFee(tx);
  checkNonce(tx.origin, chain, true);
  if (tx.sponsor !== null) {
    checkNonce(tx.sponsor, chain, false);
  }
  checkFunds(tx, chain);
  checkPayload(tx, chain);
}

/** Return a principal in canonical form; throws TypeError where it is none. */
export function parsePrincipal(text) {
  const [address, name, ...rest] = text.split(".");
  try {
    const canonical = addressToString(createAddress(address));
    if (
      canonical !== address ||
      rest.length > 0 ||
      (name !== undefined && !/^[a-zA-Z]([a-zA-Z0-9]|[-_]){0,127}$/.test(name))
    ) {
      throw new TypeError("not canonical");
    }
    return text;
  } catch {
    throw new TypeError(`not a Stacks principal: ${text.slice(0, 200)}`);
  }
}
