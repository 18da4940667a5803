// A wallet: it looks at what it is given to sign, and signs only what was asked for.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import {
  addressToString,
  Cl,
  deserializeTransaction,
  encodeStructuredDataBytes,
  getAddressFromPrivateKey,
  PostConditionMode,
  postConditionToHex,
  privateKeyToPublic,
  publicKeyToHex,
  serializeCV,
  signStructuredData,
  TransactionSigner,
  wireToPostCondition,
} from "@stacks/transactions";

import { plain } from "./chain.mjs";

const bare = (hex) => hex.replace(/^0x/, "");

export class Wallet {
  #key;
  #config;

  /** `privateKey` as the devnet's accounts have it: `0x`, 33 bytes, the last `01`. */
  constructor(privateKey, config) {
    this.#key = bare(privateKey);
    this.#config = config;
    this.address = getAddressFromPrivateKey(this.#key, "testnet");
  }

  /**
   * Sign the SIP-018 message of a command.
   * @param answer what `/v1/messages` gave.
   * @param action what was asked for.
   * @param fields the action's own fields, as Clarity values under their names on chain.
   */
  authorise(answer, action, fields) {
    const id = answer.message_id.replace(/^m_/, "");
    const domain = Cl.tuple({
      name: Cl.stringAscii("BitHedge"),
      version: Cl.stringAscii("1"),
      "chain-id": Cl.uint(this.#config.chain_id),
    });
    const message = Cl.tuple({
      kind: Cl.stringAscii("command"),
      contract: Cl.principal(this.#config.contracts.policy_registry),
      action: Cl.stringAscii(action),
      address: Cl.principal(this.address),
      id: Cl.bufferFromHex(id),
      "valid-until": Cl.uint(Number.parseInt(id.slice(0, 10), 16)),
      ...fields,
    });
    assert.equal(bare(answer.domain), bare(serializeCV(domain)), "the domain is not ours");
    assert.equal(
      bare(answer.message),
      bare(serializeCV(message)),
      `the message is not the ${action} asked for`,
    );
    const shown = {
      domain: Cl.deserialize(bare(answer.domain)),
      message: Cl.deserialize(bare(answer.message)),
    };
    const digest = createHash("sha256").update(encodeStructuredDataBytes(shown)).digest("hex");
    assert.equal(bare(answer.digest), digest, "the digest is not the message's");
    return {
      message_id: answer.message_id,
      signature: `0x${signStructuredData({ ...shown, privateKey: this.#key })}`,
      public_key: `0x${publicKeyToHex(privateKeyToPublic(this.#key))}`,
    };
  }

  /**
   * Sign a prepared transaction.
   * @param prepared the `transaction` of an answer.
   * @param wanted `function`; `sends` as `[principal, sats]`: all the sBTC that may move; `arguments`, a check
   * that gets them as plain values.
   * @return the signed bytes as hex.
   */
  sign(prepared, wanted) {
    const transaction = deserializeTransaction(bare(prepared.unsigned));
    const { payload, auth } = transaction;
    const contract = `${addressToString(payload.contractAddress)}.${payload.contractName.content}`;
    assert.equal(contract, this.#config.contracts.liquidity_pool, "it calls another contract");
    assert.equal(contract, prepared.contract_id);
    assert.equal(payload.functionName.content, wanted.function);
    assert.equal(payload.functionName.content, prepared.function);
    assert.deepEqual(
      payload.functionArgs.map((value) => `0x${bare(serializeCV(value))}`),
      prepared.arguments,
    );
    wanted.arguments(payload.functionArgs.map(plain));

    const conditions = transaction.postConditions.values.map(wireToPostCondition);
    assert.equal(transaction.postConditionMode, PostConditionMode.Deny);
    assert.equal(prepared.post_condition_mode, "deny");
    assert.deepEqual(
      conditions.map((condition) => `0x${bare(postConditionToHex(condition))}`),
      prepared.post_conditions,
    );
    assert.deepEqual(conditions.map(this.#moved), [wanted.sends], "it may move something else");

    assert.equal(transaction.chainId, this.#config.chain_id);
    assert.equal(`${auth.spendingCondition.fee}`, `${prepared.fee_ustx}`);
    assert.equal(`${auth.spendingCondition.nonce}`, `${prepared.nonce}`);
    const signer = new TransactionSigner(transaction);
    signer.signOrigin(this.#key);
    return `0x${bare(signer.getTxInComplete().serialize())}`;
  }

  #moved = (condition) => {
    assert.equal(condition.type, "ft-postcondition");
    assert.equal(condition.condition, "eq");
    assert.equal(condition.asset, `${this.#config.contracts.sbtc_token}::sbtc-token`);
    return [condition.address, Number(condition.amount)];
  };
}
