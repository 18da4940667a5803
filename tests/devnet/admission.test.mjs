// What the node refuses: its reasons and bodies, over HTTP.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Cl, makeSTXTokenTransfer, Pc, PostConditionMode, privateKeyToPublic } from "@stacks/transactions";
import { SBTC_CONTRACT } from "../../contracts/devnet/genesis.mjs";
import { hash160, sha256, sha512t } from "../../contracts/devnet/hashes.mjs";
import { verifySignatures } from "../../contracts/devnet/signature.mjs";
import { Transaction } from "../../contracts/devnet/transaction.mjs";
import {
  ALICE,
  BOB,
  CAROL,
  COUNTER_ID,
  call,
  DEPLOYER,
  deploy,
  post,
  send,
  sponsored,
  startServer,
  transfer,
} from "./support.mjs";

let url;
before(async () => {
  ({ url } = await startServer());
  await send(url, await deploy({ nonce: 0 }));
  await send(url, await transfer({ nonce: 0 }));
  await post(url, "/devnet/mine", {});
});

const txidOf = (raw) => sha512t(raw).toString("hex");

async function refusal(raw) {
  const { status, body } = await send(url, raw);
  assert.equal(status, 400, JSON.stringify(body));
  assert.equal(body.error, "transaction rejected");
  assert.equal(body.txid, txidOf(raw));
  return body;
}

const hex128 = (n) => `0x${BigInt(n).toString(16).padStart(32, "0")}`;

test("an accepted transaction answers its txid as a JSON string, and again when sent twice", async () => {
  const raw = await transfer({ nonce: 1 });

  const first = await send(url, raw);
  const asJson = await post(url, "/v2/transactions", { tx: raw.toString("hex"), attachment: null });

  assert.deepEqual([first.status, first.body], [200, txidOf(raw)]);
  assert.deepEqual([asJson.status, asJson.body], [200, txidOf(raw)]);
  assert.match(first.headers.get("content-type"), /^application\/json/);
  assert.match(first.headers.get("x-canonical-stacks-tip-height"), /^\d+$/);
});

for (const [what, raw] of [
  ["nothing", Buffer.alloc(0)],
  ["rubbish", Buffer.from("hello")],
  ["zeros", Buffer.alloc(200)],
]) {
  test(`${what} is no transaction: 400 in plain text`, async () => {
    const { status, body, headers } = await send(url, raw);

    assert.equal(status, 400);
    assert.match(headers.get("content-type"), /^text\/plain/);
    assert.match(body, /^Failed to decode: /);
  });
}

test("bytes left over or missing do not decode", async () => {
  const raw = await transfer({ nonce: 2 });

  for (const bad of [Buffer.concat([raw, Buffer.from([0])]), raw.subarray(0, raw.length - 1)]) {
    const { status, body } = await send(url, bad);
    assert.equal(status, 400);
    assert.match(body, /^Failed to decode: /);
  }
});

test("another network is BadTransactionVersion", async () => {
  const facts = {
    recipient: BOB.address,
    amount: 1n,
    fee: 500n,
    nonce: 2,
    senderKey: ALICE.privateKey.slice(2),
  };
  const tx = await makeSTXTokenTransfer({ ...facts, network: "mainnet" });
  assert.equal(tx.transactionVersion, 0);

  const body = await refusal(Buffer.from(tx.serialize(), "hex"));

  assert.deepEqual(Object.keys(body), ["error", "reason", "txid"]);
  assert.equal(body.reason, "BadTransactionVersion");
});

test("a changed byte, a bad recovery id and a high S are SignatureValidation", async () => {
  const raw = await transfer({ nonce: 2 });
  const order = BigInt("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  const changed = Buffer.from(raw);
  changed[raw.length - 1] ^= 1;
  const badId = Buffer.from(raw);
  badId[44] = 4;
  const high = Buffer.from(raw);
  const s = order - BigInt(`0x${raw.subarray(77, 109).toString("hex")}`);
  Buffer.from(s.toString(16).padStart(64, "0"), "hex").copy(high, 77);
  high[44] ^= 1;

  for (const bad of [changed, badId, high]) {
    const { reason, reason_data: data } = await refusal(bad);
    assert.equal(reason, "SignatureValidation");
    assert.equal(typeof data.message, "string");
  }
});

test("a fee below a uSTX a byte is FeeTooLow", async () => {
  const raw = await transfer({ nonce: 2, fee: 179n });

  const { reason, reason_data: data } = await refusal(raw);

  assert.equal(reason, "FeeTooLow");
  assert.deepEqual(data, { expected: raw.length, actual: 179 });
});

test("a used nonce is BadNonce", async () => {
  const { reason, reason_data: data } = await refusal(await transfer({ nonce: 0, amount: 9n }));

  assert.equal(reason, "BadNonce");
  assert.deepEqual(data, { expected: 1, actual: 0, principal: ALICE.address, is_origin: true });
});

test("a sponsor with a used nonce is named as not the origin", async () => {
  await send(url, await transfer({ from: CAROL, nonce: 0 }));
  await post(url, "/devnet/mine", {});

  const raw = await sponsored("add", [Cl.uint(1)], { from: BOB, nonce: 0, sponsor: CAROL, sponsorNonce: 0 });
  const { reason, reason_data: data } = await refusal(raw);

  assert.equal(reason, "BadNonce");
  assert.deepEqual(data, { expected: 1, actual: 0, principal: CAROL.address, is_origin: false });
});

test("a gap of 26 is admitted, one more is TooMuchChaining", async () => {
  const { status } = await send(url, await transfer({ from: BOB, to: ALICE.address, nonce: 26 }));
  assert.equal(status, 200);

  const { reason, reason_data: data } = await refusal(
    await transfer({ from: BOB, to: ALICE.address, nonce: 27 }),
  );

  assert.equal(reason, "TooMuchChaining");
  assert.equal(typeof data.message, "string");
  assert.deepEqual(
    { ...data, message: "" },
    {
      message: "",
      expected: 26,
      actual: 27,
      principal: BOB.address,
      is_origin: true,
    },
  );
});

test("more than the balance is NotEnoughFunds, in hex", async () => {
  const huge = 2n ** 60n;
  const { reason, reason_data: data } = await refusal(
    await transfer({ from: CAROL, nonce: 1, amount: huge }),
  );

  assert.equal(reason, "NotEnoughFunds");
  assert.equal(data.expected, hex128(huge + 1_000n));
  assert.match(data.actual, /^0x[0-9a-f]{32}$/);
});

test("a fee no higher at the same nonce is ConflictingNonceInMempool", async () => {
  await send(url, await transfer({ from: DEPLOYER, nonce: 1 }));

  const body = await refusal(await transfer({ from: DEPLOYER, nonce: 1, amount: 8n }));

  assert.equal(body.reason, "ConflictingNonceInMempool");
  assert.equal(body.reason_data, undefined);
});

test("calls name what is missing or misfits", async () => {
  const nonce = 2;
  const name = async (fn, args, facts = {}) =>
    (await refusal(await call(fn, args, { nonce, ...facts }))).reason;
  const typed = (a, b, c) => [a, b, c];
  const x = Cl.tuple({ x: Cl.int(1) });

  assert.equal(
    await name("add", [Cl.uint(1)], { contract: `${DEPLOYER.address}.nowhere` }),
    "NoSuchContract",
  );
  assert.equal(await name("nothing", []), "NoSuchPublicFunction");
  assert.equal(await name("add", []), "BadFunctionArgument");
  assert.equal(await name("add", [Cl.int(1)]), "BadFunctionArgument");
  assert.equal(await name("typed", typed(Cl.bufferFromHex("010203"), Cl.none(), x)), "BadFunctionArgument");
  assert.equal(
    await name("typed", typed(Cl.bufferFromHex("01"), Cl.some(Cl.stringAscii("four")), x)),
    "BadFunctionArgument",
  );
  assert.equal(
    await name("typed", typed(Cl.bufferFromHex("01"), Cl.none(), Cl.tuple({ y: Cl.int(1) }))),
    "BadFunctionArgument",
  );
});

test("a mainnet address in the payload is BadAddressVersionByte", async () => {
  const contract = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token";

  assert.equal(
    (await refusal(await call("get-balance", [], { nonce: 2, contract }))).reason,
    "BadAddressVersionByte",
  );
});

test("a second contract of one name is ContractAlreadyExists", async () => {
  const { reason, reason_data: data } = await refusal(await deploy({ nonce: 2 }));

  assert.equal(reason, "ContractAlreadyExists");
  assert.deepEqual(data, { contract_identifier: COUNTER_ID });
});

test("a transfer to oneself or of nothing is refused", async () => {
  const self = await refusal(await transfer({ nonce: 2, to: ALICE.address }));
  const nothing = await refusal(await transfer({ nonce: 2, amount: 0n }));

  assert.deepEqual(
    [self.reason, self.reason_data],
    ["TransferRecipientCannotEqualSender", { recipient: ALICE.address }],
  );
  assert.equal(nothing.reason, "TransferAmountMustBePositive");
});

test("the fee is judged before the nonce, the nonce before the funds, the funds before the payload", async () => {
  const poor = { amount: 2n ** 60n, to: ALICE.address };

  assert.equal((await refusal(await transfer({ ...poor, nonce: 0, fee: 1n }))).reason, "FeeTooLow");
  assert.equal((await refusal(await transfer({ ...poor, nonce: 0 }))).reason, "BadNonce");
  assert.equal((await refusal(await transfer({ ...poor, nonce: 2 }))).reason, "NotEnoughFunds");
});

test("sBTC moves under the testnet id with a post-condition on it", async () => {
  const args = [Cl.uint(70), Cl.principal(CAROL.address), Cl.principal(BOB.address), Cl.none()];
  const conditions = [Pc.principal(CAROL.address).willSendEq(70).ft(SBTC_CONTRACT, "sbtc-token")];
  const facts = { from: CAROL, nonce: 1, contract: SBTC_CONTRACT, mode: PostConditionMode.Deny, conditions };
  const raw = await call("transfer", args, facts);

  const { status } = await send(url, raw);
  const { body } = await post(url, "/devnet/mine", {});

  assert.equal(status, 200);
  assert.ok(body.mined.includes(`0x${txidOf(raw)}`));
});

test("two of three signatures are enough, one is not", async () => {
  const keys = [ALICE, BOB, CAROL].map(({ privateKey }) => privateKey.slice(2));
  const publicKeys = keys.map((key) => privateKeyToPublic(key));
  const facts = { recipient: DEPLOYER.address, amount: 1n, fee: 500n, nonce: 0, network: "testnet" };
  const multi = { numSignatures: 2, publicKeys, useNonSequentialMultiSig: false };

  const tx = await makeSTXTokenTransfer({ ...facts, ...multi, signerKeys: keys.slice(0, 2) });
  const one = await makeSTXTokenTransfer({ ...facts, ...multi, signerKeys: keys.slice(0, 1) });

  const decoded = new Transaction(Buffer.from(tx.serialize(), "hex"));
  verifySignatures(decoded);
  assert.match(decoded.origin.address, /^SN/);
  assert.equal((await refusal(Buffer.from(one.serialize(), "hex"))).reason, "SignatureValidation");
});

test("the hashes are those of the wire", () => {
  assert.equal(
    sha512t(Buffer.from("abc")).toString("hex"),
    "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
  );
  assert.equal(hash160(Buffer.alloc(0)).toString("hex"), "b472a266d0bd89c13706a4132ccfb16f7c3b9fcb");
  assert.equal(sha256().toString("hex").slice(0, 8), "e3b0c442");
});
