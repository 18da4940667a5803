// Builders for the devnet's tests: chains in this process, servers as processes, signed transactions.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import {
  Cl,
  makeContractCall,
  makeContractDeploy,
  makeSTXTokenTransfer,
  PostConditionMode,
  serializeCVBytes,
  sponsorTransaction,
} from "@stacks/transactions";

import { ACCOUNTS, FEE_SINK } from "../../contracts/devnet/accounts.mjs";
import { BlockLog } from "../../contracts/devnet/blocklog.mjs";
import { Chain } from "../../contracts/devnet/chain.mjs";
import { SBTC_CONTRACT } from "../../contracts/devnet/genesis.mjs";
import { bootMachine } from "../../contracts/devnet/machine.mjs";
import { silenceConsole } from "../../contracts/devnet/sdk.mjs";

export const MAIN = fileURLToPath(new URL("../../contracts/devnet/main.mjs", import.meta.url));
// Images are named by what they depend on, so runs may share them.
export const CACHE = join(tmpdir(), "bithedge-devnet-images");
export const FEE = 1_000n;

export const [DEPLOYER, ALICE, BOB, CAROL] = ACCOUNTS;
export const keyOf = ({ privateKey }) => privateKey.slice(2);

/** A contract that can succeed, refuse, fail at run time, print, and pay out of its own pocket. */
export const COUNTER = `
(define-data-var total uint u0)
(define-map seen principal uint)
(define-fungible-token chip)
(define-public (add (n uint))
  (begin
    (var-set total (+ (var-get total) n))
    (map-set seen tx-sender n)
    (print { topic: "added", n: n, at: burn-block-height })
    (ok (var-get total))))
(define-public (refuse) (begin (var-set total u999) (err u7)))
(define-public (fail) (begin (var-set total u999) (ok (unwrap-panic (if true none (some u1))))))
(define-public (pay (n uint) (to principal)) (stx-transfer? n tx-sender to))
(define-public (mint (n uint)) (ft-mint? chip n tx-sender))
(define-public (payout (n uint) (to principal))
  (as-contract? ((with-stx n)) (try! (stx-transfer? n current-contract to))))
(define-public (typed (a (buff 2)) (b (optional (string-ascii 3))) (c { x: int })) (ok true))
(define-read-only (get-total) (var-get total))
(define-read-only (get-clock) { burn: burn-block-height, time: stacks-block-time })
`;
export const COUNTER_ID = `${DEPLOYER.address}.counter`;

export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "bithedge-devnet-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Open a chain in this process; its clock stands still unless told otherwise. */
export async function openChain(data = temporaryFolder(), now = () => 1_800_000_000) {
  silenceConsole();
  const machine = await bootMachine({ data, cache: CACHE });
  return new Chain({ machine, log: new BlockLog(join(data, "chain.log")), now });
}

const bytes = (tx) => Buffer.from(tx.serialize(), "hex");
const common = ({ nonce, fee = FEE, from = ALICE }) => ({
  network: "testnet",
  nonce,
  fee,
  senderKey: keyOf(from),
});

export async function transfer({ to = BOB.address, amount = 5n, ...rest }) {
  return bytes(await makeSTXTokenTransfer({ ...common(rest), recipient: to, amount, memo: rest.memo ?? "" }));
}

export async function call(
  name,
  args,
  { contract = COUNTER_ID, mode = PostConditionMode.Allow, conditions = [], ...rest },
) {
  const [contractAddress, contractName] = contract.split(".");
  return bytes(
    await makeContractCall({
      ...common(rest),
      contractAddress,
      contractName,
      functionName: name,
      functionArgs: args,
      postConditionMode: mode,
      postConditions: conditions,
      sponsored: rest.sponsored ?? false,
    }),
  );
}

export async function deploy({ source = COUNTER, name = "counter", clarityVersion = 4, ...rest }) {
  const facts = {
    ...common({ from: DEPLOYER, fee: 20_000n, ...rest }),
    contractName: name,
    codeBody: source,
    clarityVersion,
  };
  return bytes(await makeContractDeploy({ ...facts, postConditionMode: PostConditionMode.Allow }));
}

/** A call of `from` whose fee `sponsor` pays. */
export async function sponsored(
  name,
  args,
  { from = ALICE, nonce, sponsor = CAROL, sponsorNonce, fee = FEE },
) {
  const [contractAddress, contractName] = COUNTER_ID.split(".");
  const transaction = await makeContractCall({
    ...common({ from, nonce, fee: 0n }),
    contractAddress,
    contractName,
    functionName: name,
    functionArgs: args,
    postConditionMode: PostConditionMode.Allow,
    sponsored: true,
  });
  const sponsorFacts = { sponsorPrivateKey: keyOf(sponsor), sponsorNonce, fee, network: "testnet" };
  return bytes(await sponsorTransaction({ transaction, ...sponsorFacts }));
}

/** Deploy the counter as the chain's first transaction. */
export async function withCounter(chain) {
  chain.submit(await deploy({ nonce: chain.nonce(DEPLOYER.address) }));
  chain.mine({ blocks: 1 });
  return chain;
}

export const total = (chain) => chain.vm.callReadOnly(COUNTER_ID, "get-total", [], ALICE.address);
export const uint = (n) => `0x01${BigInt(n).toString(16).padStart(32, "0")}`;
export const receipts = (chain) => chain.tip.receipts.map(({ status }) => status);
export const feesAt = (chain) => chain.balance(FEE_SINK);

/** Everything that two equal chains agree on, read from the VM and from the books over it. */
export function digest(chain) {
  const addresses = [...ACCOUNTS.map(({ address }) => address), FEE_SINK, COUNTER_ID];
  const sbtc = (address) =>
    chain.vm.callReadOnly(
      SBTC_CONTRACT,
      "get-balance",
      [serializeCVBytes(Cl.principal(address))],
      ALICE.address,
    );
  const read = () => (chain.interface(COUNTER_ID) === undefined ? null : total(chain));
  return {
    height: chain.tip.height,
    hash: chain.tip.hash,
    burn: chain.vm.burnHeight,
    stacks: chain.vm.stacksHeight,
    stx: addresses.map((address) => chain.vm.evaluate(`(stx-get-balance '${address})`)),
    sbtc: addresses.map(sbtc),
    books: addresses.map((address) => chain.history.ledger.holdings(address).map(String)),
    nonces: addresses.map((address) => chain.nonce(address)),
    total: read(),
    clock: read() === null ? null : chain.vm.callReadOnly(COUNTER_ID, "get-clock", [], ALICE.address),
    logs: createHash("sha256")
      .update(JSON.stringify(chain.history.logs(COUNTER_ID)))
      .digest("hex"),
  };
}

/** Start the server as a process; resolves when it is ready. It is killed after the test file. */
export async function startServer({ data = temporaryFolder(), args = [], stdin = "ignore" } = {}) {
  const started = performance.now();
  const command = [
    MAIN,
    "--data",
    data,
    "--cache",
    CACHE,
    "--block-time",
    "0",
    "--burn-time",
    "0",
    "--json",
    ...args,
  ];
  const child = spawn(process.execPath, command, { stdio: [stdin, "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  // A hook of the runner would end it with the test that started it; an open handle would keep the run alive.
  process.on("exit", () => child.kill("SIGKILL"));
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    exited.then((end) => reject(new Error(`the server ended: ${JSON.stringify(end)}`)));
  });
  child.unref();
  child.stdout.unref();
  const ready = JSON.parse(line);
  return { child, exited, data, ready, url: ready.node, bootMs: performance.now() - started };
}

/** Send a signal and wait for the end. */
export async function end(server, signal) {
  server.child.ref();
  server.child.kill(signal);
  return server.exited;
}

async function answer(response) {
  const text = await response.text();
  const json = (response.headers.get("content-type") ?? "").startsWith("application/json");
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
}

export const get = async (url, path) => answer(await fetch(`${url}${path}`));

export async function post(url, path, body) {
  const headers = { "content-type": "application/json" };
  return answer(await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function send(url, raw) {
  const headers = { "content-type": "application/octet-stream" };
  return answer(await fetch(`${url}/v2/transactions`, { method: "POST", headers, body: raw }));
}
