// The two contracts, by any Stacks node: what they say, and calls signed by one key.
import {
  Cl,
  ClarityType,
  getAddressFromPrivateKey,
  makeContractCall,
  Pc,
  PostConditionMode,
} from "@stacks/transactions";

const TOKENS = {
  mainnet: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token",
  testnet: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",
};

/** What is wrong, for the user's eyes. */
export class Refusal extends Error {}

async function ask(url, path, options = {}) {
  const response = await fetch(`${url}${path}`, options);
  const text = await response.text();
  if (!response.ok) throw new Refusal(`${path}: ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

/** A Clarity value as a plain one: integers are BigInt, none is null, a response is { ok } or { error }. */
function plain(value) {
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
      return Object.fromEntries(Object.entries(value.value).map(([name, field]) => [name, plain(field)]));
    default:
      return value.value;
  }
}

/** The two contracts as any node tells of them, and one key that may call them. */
export class Contracts {
  constructor({ node, contracts, key, fee, wait }) {
    this.url = node.replace(/\/+$/, "");
    this.deployer = contracts;
    this.network = contracts.startsWith("ST") || contracts.startsWith("SN") ? "testnet" : "mainnet";
    this.pool = `${contracts}.liquidity-pool`;
    this.key = key;
    this.fee = fee;
    this.wait = wait;
  }

  get address() {
    return getAddressFromPrivateKey(this.key, this.network);
  }

  async read(contract, name, ...args) {
    const body = JSON.stringify({
      sender: this.deployer,
      arguments: args.map((arg) => `0x${Cl.serialize(arg)}`),
    });
    const headers = { "Content-Type": "application/json" };
    const path = `/v2/contracts/call-read/${this.deployer}/${contract}/${name}`;
    const answer = await ask(this.url, path, { method: "POST", body, headers });
    if (!answer.okay) throw new Refusal(`${contract} ${name}: ${answer.cause}`);
    return plain(Cl.deserialize(answer.result));
  }

  registry(name, ...args) {
    return this.read("policy-registry", name, ...args);
  }

  vault(name, ...args) {
    return this.read("liquidity-pool", name, ...args);
  }

  async nonce() {
    return (await ask(this.url, `/v2/accounts/${this.address}?proof=0`)).nonce;
  }

  /** Exactly what the pool may send in a call; a wallet's deny mode refuses a sat more or less. */
  pays(sats) {
    return Pc.principal(this.pool).willSendEq(sats).ft(TOKENS[this.network], "sbtc-token");
  }

  async send(contract, name, args, conditions = []) {
    const nonce = await this.nonce();
    const transaction = await makeContractCall({
      contractAddress: this.deployer,
      contractName: contract,
      functionName: name,
      functionArgs: args,
      postConditions: conditions,
      postConditionMode: PostConditionMode.Deny,
      senderKey: this.key,
      network: this.network,
      fee: this.fee,
      nonce,
    });
    const headers = { "Content-Type": "application/octet-stream" };
    const txid = await ask(this.url, "/v2/transactions", {
      method: "POST",
      body: Buffer.from(transaction.serialize(), "hex"),
      headers,
    });
    process.stdout.write(`sent 0x${txid}\n`);
    await this.mined(nonce);
  }

  /** Waits until the nonce is used: any node can tell that, with or without an API beside it. */
  async mined(nonce) {
    for (const end = Date.now() + this.wait * 1000; Date.now() < end; ) {
      if ((await this.nonce()) > nonce) return;
      await new Promise((done) => setTimeout(done, 250));
    }
    throw new Refusal(`not mined within ${this.wait} s; it may still be`);
  }
}
