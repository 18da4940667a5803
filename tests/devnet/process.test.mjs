// The server as a process: durability, restarts, control paths, faults, and that it outlives nobody.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Cl } from "@stacks/transactions";

import {
  ALICE,
  BOB,
  CACHE,
  COUNTER_ID,
  call,
  DEPLOYER,
  deploy,
  digest,
  end,
  get,
  MAIN,
  openChain,
  post,
  send,
  startServer,
  temporaryFolder,
  transfer,
} from "./support.mjs";

async function usedServer() {
  const server = await startServer();
  await send(server.url, await deploy({ nonce: 0 }));
  await post(server.url, "/devnet/mine", {});
  for (let nonce = 0; nonce < 4; nonce += 1) {
    await send(
      server.url,
      await call(nonce === 1 ? "fail" : "add", nonce === 1 ? [] : [Cl.uint(1)], { nonce }),
    );
    await post(server.url, "/devnet/mine", nonce === 2 ? { burn: 3 } : {});
  }
  await post(server.url, "/devnet/mint", { address: COUNTER_ID, sbtc_sats: 5, stx_ustx: 7 });
  return server;
}

async function facts(url) {
  const paths = [
    "/extended/v2/blocks?limit=30",
    `/extended/v2/smart-contracts/${COUNTER_ID}/logs`,
    `/v2/accounts/${ALICE.address}?proof=0`,
    `/extended/v3/principals/${ALICE.address}/nonces`,
    `/extended/v3/principals/${COUNTER_ID}/balances/ft`,
    "/extended/v3/mempool/transactions",
    "/devnet/accounts",
  ];
  return Promise.all(paths.map(async (path) => (await get(url, path)).body));
}

test("mined blocks, nonces and the mempool survive kill -9", async () => {
  const first = await usedServer();
  await send(first.url, await transfer({ nonce: 4 }));
  const before = await facts(first.url);
  await end(first, "SIGKILL");

  const second = await startServer({ data: first.data });

  assert.deepEqual(await facts(second.url), before);
  assert.ok(second.bootMs < 5_000, `restart took ${second.bootMs} ms`);
  const { body } = await post(second.url, "/devnet/mine", {});
  assert.equal(body.mined.length, 1);
  await end(second, "SIGTERM");
});

test("a torn last line is forgotten, a fork survives", async () => {
  const first = await usedServer();
  await post(first.url, "/devnet/fork", { depth: 2, requeue: true, salt: "torn" });
  const before = await facts(first.url);
  await end(first, "SIGKILL");
  appendFileSync(join(first.data, "chain.log"), '12345678 {"kind":"block","blo');

  const second = await startServer({ data: first.data });

  assert.deepEqual(await facts(second.url), before);
  await end(second, "SIGTERM");
});

test("a log damaged in the middle is refused, not guessed at", async () => {
  const server = await usedServer();
  await end(server, "SIGTERM");
  const path = join(server.data, "chain.log");
  const text = readFileSync(path, "utf8");
  truncateSync(path, 0);
  appendFileSync(path, text.replace('"salt"', '"sale"'));

  await assert.rejects(startServer({ data: server.data }), /the server ended: .*"code":1/);
});

const imageIn = (data) =>
  join(
    data,
    readdirSync(data).find((name) => name.startsWith("boot-")),
  );

test("two cold boots are equal, and equal a warm one; a damaged image is made anew", async () => {
  const data = temporaryFolder();
  const start = () => startServer({ data, args: ["--cache", data] });
  const first = await start();
  const before = await facts(first.url);
  await end(first, "SIGTERM");
  const image = readFileSync(imageIn(data));
  const fd = openSync(imageIn(data), "r+");
  writeSync(fd, Buffer.from("damage"), 0, 6, 50_000_000);
  closeSync(fd);

  const second = await start();
  const warm = await openChain();

  assert.deepEqual(await facts(second.url), before);
  assert.ok(readFileSync(imageIn(data)).equals(image), "the memory after two boots differs");
  assert.equal(`0x${warm.tip.hash}`, before[0].results[0].hash);
  await end(second, "SIGTERM");
});

test("checkpoints start a restart, and one of another branch does not", async () => {
  const data = temporaryFolder();
  const chain = await openChain(data);
  chain.submit(await deploy({ nonce: 0 }));
  chain.mine({ blocks: 105 });
  const checkpoints = () => readdirSync(data).filter((name) => name.startsWith("checkpoint-"));
  assert.equal(checkpoints().length, 1);
  chain.submit(await call("add", [Cl.uint(4)], { nonce: 0 }));
  chain.mine({ blocks: 1 });

  const again = await openChain(data);
  assert.deepEqual(digest(again), digest(chain));

  again.fork({ height: again.tip.height - 20, requeue: true, include: [] });
  assert.equal(checkpoints().length, 0, "it stood above the fork");
  again.mine({ blocks: 1 });
  assert.deepEqual(digest(await openChain(data)), digest(again));
});

test("a second server on one folder gives up", async () => {
  const server = await startServer();

  const rival = spawn(process.execPath, [MAIN, "--data", server.data, "--cache", CACHE], { stdio: "ignore" });
  const code = await new Promise((resolve) => rival.once("exit", resolve));

  assert.equal(code, 5);
  await end(server, "SIGTERM");
  assert.ok(!existsSync(join(server.data, "devnet.lock")));
});

test("the server ends when its parent closes the pipe", async () => {
  const server = await startServer({ stdin: "pipe", args: ["--parent", `${process.pid}`] });
  server.child.ref();

  server.child.stdin.end();

  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

// A pipe that a stranger keeps open tells nothing: this one stays open all the while.
test("the server ends when the process it was told of is not its parent", async () => {
  const args = [MAIN, "--data", temporaryFolder(), "--cache", CACHE, "--parent", "1"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "inherit"] });

  assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
});

test("wrong options are told with exit code 2", async () => {
  for (const args of [
    [],
    ["--data", "x", "--port", "70000"],
    ["--data", "x", "--block-time", "soon"],
    ["--nonsense"],
  ]) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: "ignore" });
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 2, args.join(" "));
  }
});

test("blocks come by the clock, empty ones too, and stop on request", async () => {
  const { url, ...server } = await startServer({ args: ["--block-time", "0.1", "--burn-time", "0.25"] });
  const height = async () => (await get(url, "/devnet/stats")).body;
  const start = await height();
  let now = start;
  while (now.block_height < start.block_height + 3 || now.burn_height < start.burn_height + 2) {
    await sleep(50);
    now = await height();
  }

  await post(url, "/devnet/faults", { rules: [], mining: false });
  const stopped = await height();
  await sleep(300);

  assert.equal((await height()).block_height, stopped.block_height);
  await end({ url, ...server }, "SIGTERM");
});

test("control paths: accounts, mining, minting, floor, and what they refuse", async () => {
  const { url, ...server } = await startServer();
  const { items } = (await get(url, "/devnet/accounts")).body;
  assert.equal(items[0].name, "deployer");
  assert.ok(items.length >= 9);
  for (const { private_key: key, stx_ustx: stx, sbtc_sats: sats } of items) {
    assert.match(key, /^0x[0-9a-f]{64}01$/);
    assert.ok(stx >= 1e12 && sats >= 1e9);
  }
  const minted = await post(url, "/devnet/mint", { address: BOB.address, sbtc_sats: 3, stx_ustx: 2 });
  assert.equal(minted.status, 200);
  const bob = (await get(url, "/devnet/accounts")).body.items.find(({ address }) => address === BOB.address);
  assert.deepEqual([bob.sbtc_sats % 1_000, bob.stx_ustx % 1_000], [3, 2]);

  const started = performance.now();
  const burnt = (await post(url, "/devnet/mine", { burn: 2_000 })).body;
  assert.ok(performance.now() - started < 5_000);
  assert.deepEqual([burnt.burn_height, burnt.block_height], [2_002, minted.body.block_height + 1]);

  const floor = (await post(url, "/devnet/floor", {})).body;
  assert.equal(floor.floor_height, burnt.block_height);
  const deep = await post(url, "/devnet/fork", { depth: 1 });
  assert.deepEqual([deep.status, deep.body.largest_depth], [422, 0]);
  for (const [path, body] of [
    ["/devnet/mine", { burn: 2_001 }],
    ["/devnet/mine", { blocks: 1 }],
    ["/devnet/mint", { address: "nobody", stx_ustx: 1 }],
    ["/devnet/mint", { address: BOB.address }],
    ["/devnet/fork", {}],
    ["/devnet/fork", { depth: 1, include: ["0x00"] }],
    ["/devnet/faults", { rules: [{ kind: "earthquake" }] }],
  ]) {
    assert.equal((await post(url, path, body)).status, 400, `${path} ${JSON.stringify(body)}`);
  }
  const form = await fetch(`${url}/devnet/mine`, { method: "POST", body: "{}" });
  assert.equal(form.status, 415);
  await end({ url, ...server }, "SIGTERM");
});

function outcome(url, raw, timeoutMs) {
  return new Promise((resolve) => {
    const asked = request(`${url}/v2/transactions`, { method: "POST" }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    asked.on("error", () => resolve("cut"));
    const giveUp = () => {
      resolve("silence");
      asked.destroy();
    };
    setTimeout(giveUp, timeoutMs).unref();
    asked.end(raw);
  });
}

test("faults strike as told, and as often as told", async () => {
  const { url, ...server } = await startServer();
  const strike = (rule) =>
    post(url, "/devnet/faults", { rules: [{ method: "POST", path: "/v2/transactions", count: 1, ...rule }] });
  const waiting = async () => (await get(url, "/devnet/stats")).body.mempool;
  const raw = (nonce) => transfer({ from: DEPLOYER, nonce });

  await strike({ kind: "drop" });
  assert.deepEqual([await outcome(url, await raw(0), 5_000), await waiting()], ["cut", 0]);
  await strike({ kind: "lose" });
  assert.deepEqual([await outcome(url, await raw(0), 5_000), await waiting()], ["cut", 1]);
  await strike({ kind: "forget" });
  assert.deepEqual([await outcome(url, await raw(1), 5_000), await waiting()], [200, 1]);
  await strike({ kind: "error", status: 502 });
  assert.deepEqual([await outcome(url, await raw(1), 5_000), await waiting()], [502, 1]);
  await strike({ kind: "refuse", reason: "ServerFailureDatabase" });
  assert.deepEqual([await outcome(url, await raw(1), 5_000), await waiting()], [400, 1]);
  await strike({ kind: "stall" });
  assert.deepEqual([await outcome(url, await raw(1), 200), await waiting()], ["silence", 1]);
  await strike({ kind: "delay", ms: 250 });
  const started = performance.now();
  assert.deepEqual([await outcome(url, await raw(1), 5_000), await waiting()], [200, 2]);
  assert.ok(performance.now() - started >= 240);
  assert.equal(await outcome(url, await raw(2), 5_000), 200, "one stroke was asked for");
  assert.deepEqual((await get(url, "/devnet/faults")).body.rules[0].hits, 1);
  await end({ url, ...server }, "SIGTERM");
});
