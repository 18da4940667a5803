// What the node's own paths show.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Cl, deserializeTransaction, serializeCV } from "@stacks/transactions";

import { Scenario } from "./scenario.mjs";
import { ALICE, BOB, CAROL, COUNTER, COUNTER_ID, get, post, transfer } from "./support.mjs";

const [ADDRESS, NAME] = COUNTER_ID.split(".");
const READ = `/v2/contracts/call-read/${ADDRESS}/${NAME}`;
const TX = "/extended/v3/transactions";

let url;
let scene;
let txids;
before(async () => {
  scene = await Scenario.start();
  ({ url, txids } = scene);
});

const body = (path) => scene.body(path);
const control = (path, facts) => scene.control(path, facts);

test("an account shows balance and nonce in the node's form", async () => {
  const bare = await body(`/v2/accounts/${ALICE.address}?proof=0`);
  const proved = await body(`/v2/accounts/${ALICE.address}`);

  assert.deepEqual(Object.keys(bare), ["balance", "locked", "unlock_height", "nonce"]);
  assert.match(bare.balance, /^0x[0-9a-f]{32}$/);
  assert.equal(bare.nonce, scene.next(ALICE));
  assert.ok("balance_proof" in proved && "nonce_proof" in proved);
  assert.equal((await get(url, "/v2/accounts/nobody")).status, 400);
});

test("info, health and the tip header agree with the API", async () => {
  const info = await get(url, "/v2/info");
  const latest = await body("/extended/v2/blocks/latest");
  const health = await body("/v3/health");

  assert.equal(info.body.network_id, 2_147_483_648);
  assert.equal(`0x${info.body.stacks_tip}`, latest.hash);
  assert.equal(info.body.stacks_tip_height, latest.height);
  assert.equal(info.body.burn_block_height, latest.burn_block_height);
  assert.equal(info.headers.get("x-canonical-stacks-tip-height"), `${latest.height}`);
  assert.equal(health.node_stacks_tip_height, latest.height);
});

test("read-only calls answer okay or a cause, with 200", async () => {
  const read = (fn, args = []) => post(url, `${READ}/${fn}`, { sender: ALICE.address, arguments: args });

  assert.deepEqual((await read("get-total")).body, { okay: true, result: `0x${serializeCV(Cl.uint(15))}` });
  assert.deepEqual((await read("add", [`0x${serializeCV(Cl.uint(1))}`])).body, {
    okay: false,
    cause: "NotReadOnly",
  });
  assert.match((await read("nothing")).body.cause, /UndefinedFunction/);
  assert.equal((await read("get-total", [`0x${serializeCV(Cl.uint(1))}`])).body.okay, false);
  assert.equal((await read("get-total", ["0xzz"])).status, 400);
  assert.deepEqual((await read("get-total")).body, { okay: true, result: `0x${serializeCV(Cl.uint(15))}` });
});

test("contract source, interface, map entries and variables", async () => {
  const source = await body(`/v2/contracts/source/${ADDRESS}/${NAME}?proof=0`);
  const { functions } = await body(`/v2/contracts/interface/${ADDRESS}/${NAME}`);
  const entry = (principal) =>
    fetch(`${url}/v2/map_entry/${ADDRESS}/${NAME}/seen?proof=0`, {
      method: "POST",
      body: JSON.stringify(`0x${serializeCV(Cl.principal(principal))}`),
    }).then((response) => response.json());

  assert.equal(source.source, COUNTER);
  assert.equal(source.publish_height, (await body(`${TX}/${txids.deploy}`)).block.height);
  assert.ok(functions.some(({ name, access }) => name === "get-total" && access === "read_only"));
  assert.deepEqual(await entry(ALICE.address), { data: `0x${serializeCV(Cl.some(Cl.uint(5)))}` });
  assert.deepEqual(await entry(CAROL.address), { data: "0x09" });
  assert.deepEqual(await body(`/v2/data_var/${ADDRESS}/${NAME}/total?proof=0`), {
    data: `0x${serializeCV(Cl.uint(15))}`,
  });
  assert.equal((await get(url, `/v2/data_var/${ADDRESS}/${NAME}/nothing`)).status, 404);
  assert.equal((await get(url, `/v2/contracts/interface/${ADDRESS}/nowhere`)).status, 404);
});

test("fees come from what was paid, never below a uSTX a byte", async () => {
  const length = 300;
  const asked = { transaction_payload: "00", estimated_len: length };

  const answer = (await post(url, "/v2/fees/transaction", asked)).body;

  assert.equal(answer.estimations.length, 3);
  const fees = answer.estimations.map(({ fee }) => fee);
  assert.deepEqual(
    fees,
    fees.toSorted((a, b) => a - b),
  );
  assert.ok(fees.every((fee) => fee >= length));
  assert.equal(await body("/v2/fees/transfer"), 1);
});

test("the node finds a mined transaction and a waiting one", async () => {
  const found = await body(`/v3/transaction/${txids.transfer.slice(2)}`);
  const raw = await transfer({ from: BOB, to: CAROL.address, nonce: scene.next(BOB) + 3 });
  const waiting = await scene.accepted(raw);

  assert.equal(deserializeTransaction(found.tx).txid(), txids.transfer.slice(2));
  assert.deepEqual([found.result, found.is_canonical], ["0703", true]);
  assert.deepEqual(await body(`/v2/transactions/unconfirmed/${waiting}`), {
    tx: raw.toString("hex"),
    status: "Mempool",
  });
  assert.equal((await get(url, `/v3/transaction/${"00".repeat(32)}`)).status, 404);
  await control("/devnet/drop", { txids: [waiting] });
});

test("a block in the node's binary form holds its transactions", async () => {
  const { block } = await body(`${TX}/${txids.transfer}`);

  const bytes = Buffer.from(await (await fetch(`${url}/v3/blocks/height/${block.height}`)).arrayBuffer());

  assert.equal(bytes.readBigUInt64BE(1), BigInt(block.height));
  const count = bytes.readUInt32BE(17 + 20 + 32 + 32 + 32 + 8 + 65 + 4 + 7);
  assert.equal(count, 3);
  assert.ok(
    bytes.includes(
      Buffer.from(
        deserializeTransaction((await body(`/v3/transaction/${txids.transfer}`)).tx).serializeBytes(),
      ),
    ),
  );
});
