// What the API's paths show.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Cl, deserializeTransaction, serializeCV } from "@stacks/transactions";

import { SBTC_ASSET } from "../../contracts/devnet/genesis.mjs";
import { sha512t } from "../../contracts/devnet/hashes.mjs";
import { Scenario } from "./scenario.mjs";
import { ALICE, BOB, CAROL, COUNTER, COUNTER_ID, call, get } from "./support.mjs";

const LOGS = `/extended/v2/smart-contracts/${COUNTER_ID}/logs`;
const TX = "/extended/v3/transactions";
const hash = /^0x[0-9a-f]{64}$/;

let url;
let scene;
let txids;
before(async () => {
  scene = await Scenario.start();
  ({ url, txids } = scene);
});

const body = (path) => scene.body(path);
const control = (path, facts) => scene.control(path, facts);

test("v3 shows a mined call, with what was asked to be included only", async () => {
  const bare = await body(`${TX}/${txids.pay}`);
  const full = await body(`${TX}/${txids.pay}?include=function_args,post_conditions&include=result`);

  assert.deepEqual(bare.contract_call, { contract_id: COUNTER_ID, function_name: "pay" });
  assert.deepEqual(
    [bare.status, bare.type, bare.sponsor, bare.fee_rate],
    ["success", "contract_call", null, "1000"],
  );
  assert.ok(!("result" in bare) && !("post_conditions" in bare));
  assert.deepEqual(bare.sender, { address: ALICE.address, nonce: 0 });
  assert.match(bare.block.index_hash, hash);
  assert.equal(bare.parent_block.hash, (await body(`/extended/v2/blocks/${bare.block.height - 1}`)).hash);
  assert.deepEqual(full.result, { hex: "0x0703", repr: "(ok true)" });
  assert.deepEqual(full.contract_call.function_args[0], {
    hex: `0x${serializeCV(Cl.uint(50))}`,
    repr: "u50",
  });
  assert.equal(full.contract_call.function_args[1].repr, `'${BOB.address}`);
  assert.deepEqual(full.post_conditions, [
    {
      principal: { type_id: "principal_standard", address: ALICE.address },
      type: "stx",
      condition_code: "sent_less_than_or_equal_to",
      amount: "50",
    },
  ]);
});

test("v3 shows transfers, deployments, sponsors and failures", async () => {
  const moved = await body(`${TX}/${txids.transfer}`);
  const made = await body(`${TX}/${txids.deploy}?include=source_code`);
  const helped = await body(`${TX}/${txids.sponsored}`);
  const failed = await body(`${TX}/${txids.fail}?include=result`);

  assert.deepEqual([moved.token_transfer.amount, moved.token_transfer.memo.repr], ["5", "hi"]);
  assert.deepEqual(made.smart_contract, {
    contract_id: COUNTER_ID,
    clarity_version: 4,
    source_code: COUNTER,
  });
  assert.deepEqual(helped.sponsor, { address: CAROL.address, nonce: 0 });
  assert.deepEqual(
    [failed.status, failed.result.repr, failed.event_count],
    ["abort_by_response", "(err none)", 0],
  );
  assert.equal(typeof failed.vm_error, "string");
});

test("v3 events carry their kind under its own name", async () => {
  const printed = await body(`${TX}/${txids.add1}/events`);
  const moved = await body(`${TX}/${txids.transfer}/events`);
  const minted = await body(`${TX}/${txids.sponsored}/events`);

  const [{ type, contract_log: log }] = printed.results;
  assert.deepEqual(
    [printed.total, type, log.contract_id, log.topic],
    [1, "contract_log", COUNTER_ID, "print"],
  );
  assert.match(log.value.repr, /^\(tuple \(at u\d+\) \(n u1\) \(topic "added"\)\)$/);
  const { type: kind, sender, recipient, amount } = moved.results[0].stx_asset;
  assert.deepEqual([kind, sender, recipient, amount], ["transfer", BOB.address, CAROL.address, "5"]);
  assert.deepEqual(minted.results[0].ft_asset, {
    type: "mint",
    recipient: BOB.address,
    asset_identifier: `${COUNTER_ID}::chip`,
    amount: "9",
  });
});

test("unknown transactions are 404 in the API's form", async () => {
  const { status, body: told } = await get(url, `${TX}/${"00".repeat(32)}`);

  assert.equal(status, 404);
  assert.deepEqual(told, { statusCode: 404, error: "Not Found", message: "Transaction not found" });
});

test("blocks are followed by parent index hashes down to the genesis", async () => {
  let block = await body("/extended/v2/blocks/latest");
  let steps = 0;
  while (steps < 100) {
    const found = await get(url, `/extended/v2/blocks/${block.parent_index_block_hash}`);
    if (found.status === 404) {
      break;
    }
    assert.equal(found.body.height, block.height - 1);
    block = found.body;
    steps += 1;
  }
  assert.equal(steps, (await body("/devnet/stats")).blocks - 1);
  assert.equal((await get(url, "/extended/v2/blocks?limit=31")).status, 400);
});

test("pages of blocks join without a gap", async () => {
  const heights = [];
  let cursor = null;
  do {
    const page = await body(`/extended/v2/blocks?limit=3${cursor === null ? "" : `&cursor=${cursor}`}`);
    heights.push(...page.results.map(({ height }) => height));
    cursor = page.prev_cursor;
  } while (cursor !== null);

  const top = heights[0];
  assert.deepEqual(
    heights,
    Array.from({ length: (await body("/devnet/stats")).blocks }, (_, index) => top - index),
  );
});

test("logs come newest first, and their cursors walk to the oldest", async () => {
  const seen = [];
  let cursor = null;
  do {
    const page = await body(`${LOGS}?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`);
    assert.equal(page.total, 5);
    seen.push(...page.results.map(({ tx_id: txid }) => txid));
    cursor = page.prev_cursor;
  } while (cursor !== null);

  assert.deepEqual(
    seen,
    [5, 4, 3, 2, 1].map((n) => txids[`add${n}`]),
  );
  const [{ event_type: type, event_index: index }] = (await body(`${LOGS}?limit=1`)).results;
  assert.deepEqual([type, index], ["smart_contract_log", 0]);
});

test("a block's transactions are listed newest first, by cursor", async () => {
  const { block } = await body(`${TX}/${txids.transfer}`);
  const path = `/extended/v3/blocks/${block.index_hash}/transactions`;

  const all = await body(path);
  const first = await body(`${path}?limit=2`);
  const rest = await body(`${path}?limit=2&cursor=${first.cursor.next}`);

  assert.deepEqual([...first.results, ...rest.results], all.results);
  assert.deepEqual(
    all.results.map(({ block: at }) => at.tx_index),
    [2, 1, 0],
  );
  assert.equal(rest.cursor.next, null);
  assert.equal((await get(url, "/extended/v3/blocks/99999/transactions")).status, 404);
});

test("nonces and the mempool tell what waits and what is missing", async () => {
  const next = scene.next(ALICE);
  const waiting = [];
  for (const nonce of [next, next + 2]) {
    waiting.push(await scene.accepted(await call("add", [Cl.uint(1)], { nonce })));
  }

  const told = await body(`/extended/v3/principals/${ALICE.address}/nonces`);
  const pool = await body("/extended/v3/mempool/transactions?limit=1");
  const rest = await body(`/extended/v3/mempool/transactions?limit=1&cursor=${pool.cursor.next}`);
  const stx = await body(`/extended/v3/principals/${ALICE.address}/balances/stx`);

  assert.deepEqual(told, {
    next_nonce: next + 3,
    last_confirmed_nonce: next - 1,
    mempool: { last_nonce: next + 2, pending_nonces: [next], missing_nonces: [next + 1] },
  });
  assert.equal(pool.total, 2);
  assert.deepEqual(
    [pool.results[0], rest.results[0]].map(({ tx_id: txid }) => txid).toSorted(),
    waiting.toSorted(),
  );
  assert.equal(stx.mempool.outbound, "2000");
  await control("/devnet/drop", { txids: waiting });
});

test("token balances are listed and asked for one by one", async () => {
  const list = await body(`/extended/v3/principals/${BOB.address}/balances/ft`);
  const one = await body(
    `/extended/v3/principals/${BOB.address}/balances/ft/${encodeURIComponent(SBTC_ASSET)}`,
  );
  const none = await body(`/extended/v3/principals/${COUNTER_ID}/balances/ft/${SBTC_ASSET}`);

  assert.deepEqual(
    list.results.map(({ balance }) => balance),
    ["10000000000", "9"],
  );
  assert.deepEqual(one, { asset_identifier: SBTC_ASSET, balance: "10000000000" });
  assert.equal(none.balance, "0");
});

test("v1 still tells of what was replaced, with a warning", async () => {
  const nonce = scene.next(ALICE);
  const first = await scene.accepted(await call("add", [Cl.uint(1)], { nonce }));
  const second = await scene.accepted(await call("add", [Cl.uint(1)], { nonce, fee: 2_000n }));

  const { headers, body: told } = await get(url, `/extended/v1/tx/${first}`);

  assert.match(headers.get("warning"), /^299 /);
  assert.deepEqual([told.tx_status, told.replaced_by_tx_id], ["dropped_replace_by_fee", second]);
  assert.equal((await get(url, `${TX}/${first}`)).status, 404);
  await control("/devnet/drop", { txids: [second] });
});

test("v1 shows names and types of arguments", async () => {
  const told = await body(`/extended/v1/tx/${txids.pay}`);

  assert.deepEqual(
    told.contract_call.function_args.map(({ name, type }) => [name, type]),
    [
      ["n", "uint"],
      ["to", "principal"],
    ],
  );
  assert.deepEqual([told.tx_status, told.canonical, told.post_condition_mode], ["success", true, "deny"]);
  assert.equal(told.events[0].asset.asset_event_type, "transfer");
});

test("after a fork an orphan reads pending, its logs and cursor are gone, v1 keeps the copy of a dropped one", async () => {
  const txid = await scene.mined(await scene.add(100));
  const raw = deserializeTransaction((await body(`/v3/transaction/${txid}`)).tx).serializeBytes();
  const { cursor, total } = await body(`${LOGS}?limit=1`);
  const { height } = (await body(`${TX}/${txid}`)).block;

  const forked = await control("/devnet/fork", { depth: 1, requeue: true });

  assert.deepEqual(
    [forked.fork_height, forked.orphaned, forked.block_height],
    [height - 1, [txid], height + 1],
  );
  assert.equal((await body(`${TX}/${txid}`)).status, "pending");
  assert.equal((await body(LOGS)).total, total - 1);
  assert.equal((await get(url, `${LOGS}?cursor=${cursor}`)).status, 404);
  assert.equal(`0x${sha512t(raw).toString("hex")}`, txid);

  await control("/devnet/mine", { count: 1 });
  await control("/devnet/fork", { depth: 1, requeue: false });
  assert.equal((await get(url, `${TX}/${txid}`)).status, 404);
  assert.equal((await body(`/extended/v1/tx/${txid}`)).canonical, false);
});
