// Forks: state after any of them equals that of a straight chain, by undo records and by rebuilding alike.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { Cl } from "@stacks/transactions";

import { ForkError } from "../../contracts/devnet/chain.mjs";
import { decodeTransaction } from "../../contracts/devnet/transaction.mjs";
import {
  ALICE,
  BOB,
  CAROL,
  call,
  DEPLOYER,
  deploy,
  digest,
  FEE,
  openChain,
  temporaryFolder,
  total,
  transfer,
  uint,
  withCounter,
} from "./support.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const collecting = setInterval(collect, 20);
after(() => clearInterval(collecting));

// A seeded generator (mulberry32), so that a failing run can be had again.
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const CALLS = [
  () => ["add", [Cl.uint(3)]],
  () => ["fail", []],
  () => ["refuse", []],
  () => ["mint", [Cl.uint(9)]],
  () => ["pay", [Cl.uint(11), Cl.principal(BOB.address)]],
];

// After what waits already, and never so far ahead that the node would refuse.
function nextNonce(chain, { address }) {
  const mined = chain.nonce(address);
  const last = chain.mempool.nonces(address).at(-1) ?? mined - 1;
  const nonce = Math.max(mined, last + 1);
  return nonce < mined + 20 ? nonce : null;
}

async function submitSome(chain, random, step) {
  for (const from of [ALICE, CAROL, CAROL]) {
    const nonce = nextNonce(chain, from);
    if (random(3) > 0 && nonce !== null) {
      const [name, args] = CALLS[random(CALLS.length)]();
      chain.submit(await call(name, args, { from, nonce, fee: FEE + BigInt(step) }));
    }
  }
  if (random(12) === 0) {
    const nonce = nextNonce(chain, DEPLOYER);
    chain.submit(await deploy({ name: `extra-${step}`, source: `(define-data-var v uint u${step})`, nonce }));
  }
}

/** The same canonical blocks, mined in one go on a VM that never forked. */
async function straightened(data) {
  const copy = temporaryFolder();
  mkdirSync(copy, { recursive: true });
  copyFileSync(join(data, "chain.log"), join(copy, "chain.log"));
  return openChain(copy);
}

test("fifty steps with random forks, collected all the while, equal the straight chain", async () => {
  const random = generator(20_261_124);
  const data = temporaryFolder();
  const chain = await withCounter(await openChain(data));
  chain.raiseFloor();
  for (let step = 0; step < 50; step += 1) {
    await submitSome(chain, random, step);
    if (random(4) === 0 && chain.largestDepth > 0) {
      const depth = 1 + random(Math.min(6, chain.largestDepth));
      chain.fork({ height: chain.tip.height - depth, requeue: random(3) > 0, include: [] });
    } else if (random(8) === 0) {
      chain.mine({ burn: 1 + random(5) });
    } else {
      chain.mine({ blocks: 1 });
    }
    total(chain);
  }

  const straight = await straightened(data);

  assert.ok(chain.forks >= 5, `only ${chain.forks} forks were made`);
  assert.deepEqual(digest(chain), digest(straight));
});

test("undoing by pages and rebuilding from the image give the same state", async () => {
  const data = temporaryFolder();
  const chain = await withCounter(await openChain(data));
  for (let nonce = 0; nonce < 6; nonce += 1) {
    chain.submit(
      await call(nonce % 3 === 1 ? "fail" : "add", nonce % 3 === 1 ? [] : [Cl.uint(1)], { nonce }),
    );
    chain.mine(nonce === 3 ? { burn: 7 } : { blocks: 1 });
  }
  const rebuilt = await straightened(data);
  const height = chain.tip.height - 4;
  assert.equal(rebuilt.stats().undo_bytes, 0, "a chain just opened has no undo records");

  chain.fork({ height, requeue: false, include: [], salt: "one" });
  rebuilt.fork({ height, requeue: false, include: [], salt: "one" });

  assert.deepEqual(digest(rebuilt), digest(chain));
  for (const each of [chain, rebuilt]) {
    each.submit(await call("add", [Cl.uint(5)], { nonce: each.nonce(ALICE.address) }));
    each.mine({ blocks: 1 });
  }
  assert.deepEqual(digest(rebuilt), digest(chain));
});

test("an undone contract is gone and can be deployed again", async () => {
  const chain = await withCounter(await openChain());
  chain.submit(await deploy({ from: BOB, name: "late", source: "(define-read-only (one) u1)", nonce: 0 }));
  chain.mine({ blocks: 1 });
  assert.notEqual(chain.interface(`${BOB.address}.late`), undefined);

  chain.fork({ height: chain.tip.height - 1, requeue: true, include: [] });

  assert.equal(chain.interface(`${BOB.address}.late`), undefined);
  chain.mine({ blocks: 1 });
  assert.deepEqual(
    chain.tip.receipts.map(({ status }) => status),
    ["success"],
  );
});

test("a double spend is mined first on the branch, and what it conflicts with is dropped", async () => {
  const chain = await withCounter(await openChain());
  const first = chain.submit(await transfer({ from: ALICE, nonce: 0, amount: 5n }));
  const other = chain.submit(await transfer({ from: CAROL, nonce: 0, amount: 5n }));
  chain.mine({ blocks: 2 });
  const { height, hash, burnHeight } = chain.tip;
  const twin = decodeTransaction(await transfer({ from: ALICE, nonce: 0, amount: 6n }));
  const useless = decodeTransaction(await transfer({ from: ALICE, nonce: 9, amount: 6n }));

  const done = chain.fork({ height: height - 2, requeue: true, include: [twin, useless] });

  assert.deepEqual(done.orphaned.toSorted(), [first, other].toSorted());
  assert.deepEqual(done.included, [twin.txid]);
  assert.deepEqual(done.refused, [{ txid: useless.txid, reason: "BadNonce" }]);
  assert.equal(chain.tip.height, height + 1);
  assert.equal(chain.tip.burnHeight, burnHeight);
  assert.notEqual(chain.history.at(height).hash, hash);
  assert.equal(chain.dropped(first).status, "dropped_replace_across_fork");
  assert.deepEqual(
    chain.mempool.entries().map(({ tx }) => tx.txid),
    [other],
  );
});

test("without requeue nothing comes back by itself", async () => {
  const chain = await withCounter(await openChain());
  const gone = chain.submit(await call("add", [Cl.uint(1)], { nonce: 0 }));
  chain.mine({ blocks: 1 });

  chain.fork({ height: chain.tip.height - 1, requeue: false, include: [] });
  chain.mine({ blocks: 1 });

  assert.equal(chain.history.find(gone), undefined);
  assert.equal(chain.history.orphan(gone).tx.txid, gone);
  assert.equal(total(chain), uint(0));
  assert.equal(chain.nonce(ALICE.address), 0);
});

test("burn heights are no lower after a fork, and a batch of them is undone as one", async () => {
  const chain = await withCounter(await openChain());
  const before = digest(chain);
  chain.mine({ burn: 500 });
  const { burnHeight } = chain.tip;

  chain.fork({ height: chain.tip.height - 1, requeue: true, include: [] });

  assert.equal(chain.tip.burnHeight, burnHeight);
  assert.equal(chain.vm.burnHeight, burnHeight);
  assert.equal(digest(chain).burn - before.burn, 500);
});

test("a fork below the floor, or of nothing, is refused with the largest depth", async () => {
  const chain = await withCounter(await openChain());
  chain.raiseFloor();
  chain.mine({ blocks: 3 });
  const { hash, height } = chain.tip;

  for (const depth of [0, 4, 100]) {
    assert.throws(
      () => chain.fork({ height: height - depth, requeue: true, include: [] }),
      (error) => error instanceof ForkError && error.largestDepth === 3,
    );
  }

  assert.equal(chain.tip.hash, hash);
  chain.fork({ height: height - 3, requeue: true, include: [] });
  assert.equal(chain.largestDepth, 4);
});

test("a hundred blocks can be undone, one more cannot", async () => {
  const chain = await openChain();
  chain.mine({ blocks: 103 });
  assert.equal(chain.largestDepth, 100);
  const { height } = chain.tip;

  assert.throws(() => chain.fork({ height: height - 101, requeue: true, include: [] }), ForkError);
  chain.fork({ height: height - 100, requeue: true, include: [] });

  assert.equal(chain.tip.height, height + 1);
});
