// A chain with one of everything on it, served by a process; for the tests of the views.
import assert from "node:assert/strict";

import { Cl, Pc, PostConditionMode } from "@stacks/transactions";

import {
  ALICE,
  BOB,
  CAROL,
  call,
  DEPLOYER,
  deploy,
  get,
  post,
  send,
  sponsored,
  startServer,
  transfer,
} from "./support.mjs";

export class Scenario {
  #nonces = new Map();
  txids = {};

  constructor(url) {
    this.url = url;
  }

  /** Start a server and use it: a deployment, calls, a transfer, a sponsored call, a failure. */
  static async start() {
    const { url } = await startServer();
    const scene = new Scenario(url);
    await scene.#play();
    return scene;
  }

  /** The next nonce of an account, used up by asking. */
  take({ address }) {
    const nonce = this.next({ address });
    this.#nonces.set(address, nonce + 1);
    return nonce;
  }

  next({ address }) {
    return this.#nonces.get(address) ?? 0;
  }

  /** Get a path that must answer 200, and return its body. */
  async body(path) {
    const answer = await get(this.url, path);
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async control(path, facts) {
    const answer = await post(this.url, path, facts);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  }

  async accepted(raw) {
    const answer = await send(this.url, raw);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return `0x${answer.body}`;
  }

  async mined(raw) {
    const txid = await this.accepted(raw);
    await this.control("/devnet/mine", { count: 1 });
    return txid;
  }

  add(n, from = ALICE) {
    return call("add", [Cl.uint(n)], { from, nonce: this.take(from) });
  }

  async #play() {
    const { txids } = this;
    txids.deploy = await this.mined(await deploy({ nonce: this.take(DEPLOYER) }));
    const conditions = [Pc.principal(ALICE.address).willSendLte(50).ustx()];
    const facts = { nonce: this.take(ALICE), mode: PostConditionMode.Deny, conditions };
    txids.pay = await this.mined(await call("pay", [Cl.uint(50), Cl.principal(BOB.address)], facts));
    for (const n of [1, 2, 3, 4, 5]) {
      txids[`add${n}`] = await this.accepted(await this.add(n));
      if (n % 2 === 0) {
        await this.control("/devnet/mine", { count: 1 });
      }
    }
    const moved = { from: BOB, to: CAROL.address, nonce: this.take(BOB), memo: "hi" };
    txids.transfer = await this.accepted(await transfer(moved));
    const paid = { from: BOB, nonce: this.take(BOB), sponsor: CAROL, sponsorNonce: this.take(CAROL) };
    txids.sponsored = await this.accepted(await sponsored("mint", [Cl.uint(9)], paid));
    await this.control("/devnet/mine", { count: 1 });
    txids.fail = await this.mined(await call("fail", [], { nonce: this.take(ALICE) }));
  }
}
