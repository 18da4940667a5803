// Mining: what fails in a block, who pays, what post-conditions stop.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import {
  Cl,
  createLPList,
  makeUnsignedSTXTokenTransfer,
  Pc,
  PostConditionMode,
  postConditionToWire,
  privateKeyToPublic,
  TransactionSigner,
} from "@stacks/transactions";
import { Rejection } from "../../contracts/devnet/admission.mjs";
import { repr } from "../../contracts/devnet/clarity.mjs";
import {
  ALICE,
  BOB,
  CAROL,
  COUNTER_ID,
  call,
  DEPLOYER,
  deploy,
  FEE,
  feesAt,
  keyOf,
  openChain,
  receipts,
  sponsored,
  total,
  transfer,
  uint,
  withCounter,
} from "./support.mjs";

const { Deny, Originator } = PostConditionMode;
const ERR_NONE = "0x0809";

let chain;
before(async () => {
  chain = await withCounter(await openChain());
});

const next = ({ address }) => chain.nonce(address);
const refused = (reason) => (error) => error instanceof Rejection && error.reason === reason;

async function mineCalls(names, from = ALICE) {
  const start = next(from);
  for (const [index, name] of names.entries()) {
    chain.submit(await call(name, name === "add" ? [Cl.uint(1)] : [], { from, nonce: start + index }));
  }
  const fees = feesAt(chain);
  chain.mine({ blocks: 1 });
  assert.equal(feesAt(chain) - fees, FEE * BigInt(names.length), "each one pays, whatever became of it");
  return receipts(chain);
}

for (const names of [
  ["fail", "add", "add"],
  ["add", "fail", "add"],
  ["add", "add", "fail"],
  ["fail", "add", "fail", "add"],
  ["fail", "fail"],
]) {
  test(`a block of ${names.join(", ")} keeps what succeeded and charges all`, async () => {
    const earlier = BigInt(total(chain).replace("0x01", "0x"));

    const statuses = await mineCalls(names);

    assert.deepEqual(
      statuses,
      names.map((name) => (name === "add" ? "success" : "abort_by_response")),
    );
    const added = BigInt(names.filter((name) => name === "add").length);
    assert.equal(total(chain), uint(earlier + added));
  });
}

test("a runtime error answers (err none) and says why", async () => {
  await mineCalls(["fail"]);

  const [receipt] = chain.tip.receipts;
  assert.equal(receipt.result, ERR_NONE);
  assert.match(receipt.error, /fail/);
});

test("a plain err is rolled back, keeps its value and leaves no event", async () => {
  const earlier = total(chain);

  await mineCalls(["refuse"]);

  assert.equal(total(chain), earlier);
  assert.deepEqual(chain.tip.receipts[0], {
    status: "abort_by_response",
    executed: true,
    result: "0x080100000000000000000000000000000007",
    events: [],
    error: null,
  });
});

test("a post-condition that fails after a runtime error in the same block stops only its own transaction", async () => {
  const start = next(ALICE);
  const balance = chain.balance(BOB.address);
  const pay = [Cl.uint(50), Cl.principal(BOB.address)];
  chain.submit(await call("fail", [], { nonce: start }));
  chain.submit(await call("pay", pay, { nonce: start + 1, mode: Deny }));
  chain.submit(await call("add", [Cl.uint(3)], { nonce: start + 2 }));
  const earlier = BigInt(total(chain).replace("0x01", "0x"));

  chain.mine({ blocks: 1 });

  assert.deepEqual(receipts(chain), ["abort_by_response", "abort_by_post_condition", "success"]);
  assert.equal(chain.balance(BOB.address), balance);
  assert.equal(total(chain), uint(earlier + 3n));
  assert.equal(chain.tip.receipts[1].result, "0x0703", "the value that the call returned");
  assert.deepEqual(chain.tip.receipts[1].events, []);
});

async function paid(mode, conditions, name = "pay") {
  const args = [Cl.uint(50), Cl.principal(BOB.address)];
  chain.submit(await call(name, args, { nonce: next(ALICE), mode, conditions }));
  chain.mine({ blocks: 1 });
  return receipts(chain)[0];
}

test("deny lets a covered move pass and stops a wrong amount", async () => {
  assert.equal(await paid(Deny, [Pc.principal(ALICE.address).willSendEq(50).ustx()]), "success");
  assert.equal(
    await paid(Deny, [Pc.principal(ALICE.address).willSendLte(49).ustx()]),
    "abort_by_post_condition",
  );
});

test("deny wants what a contract pays out covered too, originator does not", async () => {
  chain.submit(await transfer({ from: BOB, nonce: next(BOB), to: COUNTER_ID, amount: 500n }));
  chain.mine({ blocks: 1 });

  assert.equal(await paid(Deny, [], "payout"), "abort_by_post_condition");
  assert.equal(await paid(Originator, [], "payout"), "success");
  assert.equal(await paid(Deny, [Pc.principal(COUNTER_ID).willSendEq(50).ustx()], "payout"), "success");
  assert.equal(await paid(Originator, []), "abort_by_post_condition");
});

test("a transfer with post-conditions is dropped, never mined", async () => {
  const unsigned = await makeUnsignedSTXTokenTransfer({
    recipient: BOB.address,
    amount: 5n,
    fee: FEE,
    nonce: next(CAROL),
    publicKey: privateKeyToPublic(keyOf(CAROL)),
    network: "testnet",
  });
  unsigned.postConditions = createLPList([
    postConditionToWire(Pc.principal(CAROL.address).willSendEq(5).ustx()),
  ]);
  new TransactionSigner(unsigned).signOrigin(keyOf(CAROL));
  const txid = chain.submit(Buffer.from(unsigned.serialize(), "hex"));

  chain.mine({ blocks: 1 });

  assert.deepEqual(receipts(chain), []);
  assert.equal(chain.dropped(txid).status, "dropped_problematic");
});

test("what the node is told to forget is dropped", async () => {
  const txid = chain.submit(await transfer({ from: CAROL, nonce: next(CAROL) }));

  assert.deepEqual(chain.drop([txid, "ff".repeat(32)]), [txid]);

  assert.equal(chain.mempool.size, 0);
  assert.equal(chain.dropped(txid).status, "dropped_stale_garbage_collect");
});

test("a higher fee replaces, an equal one does not", async () => {
  const nonce = next(ALICE);
  const first = chain.submit(await call("add", [Cl.uint(1)], { nonce }));

  const again = await call("add", [Cl.uint(2)], { nonce });
  assert.throws(() => chain.submit(again), refused("ConflictingNonceInMempool"));
  const second = chain.submit(await call("add", [Cl.uint(2)], { nonce, fee: FEE + 1n }));

  assert.equal(chain.mempool.size, 1);
  assert.deepEqual(
    [chain.dropped(first).status, chain.dropped(first).replacedBy],
    ["dropped_replace_by_fee", second],
  );
  chain.mine({ blocks: 1 });
  assert.equal(chain.history.find(second).block, chain.tip);
});

test("a sponsor pays the fee and its nonce is used up", async () => {
  const balances = [ALICE, CAROL].map(({ address }) => chain.balance(address));
  const nonces = [next(ALICE), next(CAROL)];
  chain.submit(await sponsored("add", [Cl.uint(1)], { nonce: nonces[0], sponsorNonce: nonces[1] }));

  chain.mine({ blocks: 1 });

  assert.deepEqual(receipts(chain), ["success"]);
  assert.equal(chain.balance(ALICE.address), balances[0]);
  assert.equal(chain.balance(CAROL.address), balances[1] - FEE);
  assert.deepEqual([next(ALICE), next(CAROL)], [nonces[0] + 1, nonces[1] + 1]);
});

test("replacing reaches over a sponsor: its own transaction at that nonce must pay more", async () => {
  const [nonce, sponsorNonce] = [next(ALICE), next(CAROL)];
  const helped = chain.submit(await sponsored("add", [Cl.uint(1)], { nonce, sponsorNonce }));

  const cheap = await transfer({ from: CAROL, nonce: sponsorNonce });
  assert.throws(() => chain.submit(cheap), refused("ConflictingNonceInMempool"));
  const own = chain.submit(await transfer({ from: CAROL, nonce: sponsorNonce, fee: FEE + 1n }));

  assert.equal(chain.dropped(helped).replacedBy, own);
  chain.mine({ blocks: 1 });
  assert.equal(next(ALICE), nonce);
});

test("a gap waits and is mined once it is filled", async () => {
  const nonce = next(ALICE);
  chain.submit(await call("add", [Cl.uint(1)], { nonce: nonce + 1 }));
  chain.mine({ blocks: 1 });
  assert.deepEqual(receipts(chain), []);

  chain.submit(await call("add", [Cl.uint(1)], { nonce }));
  chain.mine({ blocks: 1 });
  assert.deepEqual(receipts(chain), ["success", "success"]);
});

test("one whose payer was emptied within the block waits, and the fees still add up", async () => {
  const poor = chain.balance(DEPLOYER.address);
  const nonce = next(DEPLOYER);
  const empty = [Cl.uint(poor - 30_000n), Cl.principal(ALICE.address)];
  chain.submit(await call("pay", empty, { from: DEPLOYER, nonce, fee: 10_000n }));
  chain.submit(await transfer({ from: DEPLOYER, nonce: nonce + 1, amount: 1n, fee: 25_000n }));
  chain.submit(await call("fail", [], { nonce: next(ALICE) }));
  const fees = feesAt(chain);

  chain.mine({ blocks: 1 });

  assert.deepEqual(receipts(chain).toSorted(), ["abort_by_response", "success"]);
  assert.equal(feesAt(chain) - fees, 10_000n + FEE);
  assert.equal(chain.mempool.size, 1);
  chain.submit(await transfer({ to: DEPLOYER.address, nonce: next(ALICE), amount: poor - 30_000n }));
  chain.mine({ blocks: 2 });
  assert.equal(chain.mempool.size, 0);
});

test("two deployments of one name: the second is dropped, not mined", async () => {
  const nonce = next(BOB);
  const source = "(define-read-only (one) u1)";
  chain.submit(await deploy({ from: BOB, name: "one", source, nonce }));
  const second = chain.submit(await deploy({ from: BOB, name: "one", source, nonce: nonce + 1 }));

  chain.mine({ blocks: 1 });

  assert.deepEqual(receipts(chain), ["success"]);
  assert.equal(chain.tip.receipts[0].result, "0x0703");
  assert.equal(chain.dropped(second).status, "dropped_problematic");
});

test("a contract that does not compile is mined, charged and absent", async () => {
  const nonce = next(BOB);
  chain.submit(await deploy({ from: BOB, name: "broken", source: "(define-public (f) (nope))", nonce }));

  chain.mine({ blocks: 1 });

  assert.deepEqual(receipts(chain), ["abort_by_response"]);
  assert.equal(chain.interface(`${BOB.address}.broken`), undefined);
  assert.equal(next(BOB), nonce + 1);
});

test("burn blocks take the mempool first and share one Stacks block", async () => {
  chain.submit(await call("add", [Cl.uint(1)], { nonce: next(ALICE) }));
  const { height, burnHeight } = chain.tip;

  const mined = chain.mine({ burn: 2_000 });

  assert.deepEqual(
    mined.map((block) => [block.height, block.burnHeight, block.txs.length]),
    [
      [height + 1, burnHeight, 1],
      [height + 2, burnHeight + 2_000, 0],
    ],
  );
  assert.equal(chain.vm.burnHeight, burnHeight + 2_000);

  const added = chain.history.logs(COUNTER_ID).at(-1);
  assert.match(repr(added.value), new RegExp(`\\(at u${burnHeight}\\)`), "the mempool saw the height before");
  chain.submit(await call("add", [Cl.uint(1)], { nonce: next(ALICE) }));
  chain.mine({ blocks: 1 });
  const later = chain.history.logs(COUNTER_ID).at(-1);
  assert.match(repr(later.value), new RegExp(`\\(at u${chain.tip.burnHeight}\\)`));
});

test("sBTC and STX are minted to wallets and to contracts", () => {
  const read = (address) => chain.history.ledger.holdings(address).map(([, amount]) => amount);
  chain.mint([
    { asset: "sbtc", address: COUNTER_ID, amount: "77" },
    { asset: "stx", address: COUNTER_ID, amount: "5" },
  ]);
  const stx = chain.balance(COUNTER_ID);

  chain.mint([{ asset: "stx", address: COUNTER_ID, amount: "5" }]);

  assert.deepEqual(read(COUNTER_ID), [77n]);
  assert.equal(chain.balance(COUNTER_ID), stx + 5n);
});

test("the sum of all fees is what the sink holds", () => {
  const blocks = Array.from({ length: chain.history.length - 1 }, (_, index) =>
    chain.history.at(chain.history.genesis.height + 1 + index),
  );

  const paidInAll = blocks.flatMap(({ txs }) => txs).reduce((sum, tx) => sum + tx.fee, 0n);

  assert.ok(paidInAll > 0n);
  assert.equal(feesAt(chain), paidInAll);
});
