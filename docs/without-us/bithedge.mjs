#!/usr/bin/env node
// BitHedge without BitHedge: what a holder and a provider do with a key, a node and public attestations alone.
//
// Needs Node 20 and `npm install @stacks/transactions@7`. README.md beside this file tells when to use which word.
// Nothing is sent without --send: every word first says what it would do, and why the contract would refuse it.
import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";

import { Cl } from "@stacks/transactions";

import { Contracts, Refusal } from "./chain.mjs";

const USAGE = `usage: node bithedge.mjs WORD --node URL --contracts DEPLOYER [--key FILE] [options]

  status        [--policy N] [--provider ADDRESS]              what the chain says
  request       --policy N [--min-payout SATS]                 exercise at the price of the next height
  settle        --policy N --attestation FILE                  be paid at a public price
  release       --policies N,N.. [--attestation FILE]          free the collateral of policies that have run out
  open-escape                                                  after the silence: close the pool, open the way out
  escape        --provider ADDRESS [--leaf FILE]               pay a provider what is due to it

  --node        a Stacks node, such as https://api.hiro.so
  --contracts   the address that published the contracts
  --key         a file with a private key in hex, mode 600: it pays the fee, and for \`request\` it is the holder's
  --send        sign and send; without it nothing leaves this machine
  --fee         in uSTX (10000)
  --wait        seconds to wait until it is mined (900)`;

const NO_LEAF = { equity: 0n, deposited: 0n, withdrawn: 0n };

// ---------------------------------------------------------------- files

function keyOf(path) {
  if (statSync(path).mode & 0o077) throw new Refusal(`${path}: others can read it, chmod 600 first`);
  const hex = readFileSync(path, "utf8").trim().replace(/^0x/, "");
  if (!/^([0-9a-f]{64}|[0-9a-f]{64}01)$/i.test(hex)) throw new Refusal(`${path}: no private key in hex`);
  return hex.length === 64 ? `${hex}01` : hex;
}

/** {"price_usd_e8":N,"height":N,"attestations":[{"public_key","signature"}]}: a public price, signed. */
function attestationOf(path) {
  const { price_usd_e8: price, height, attestations } = JSON.parse(readFileSync(path, "utf8"));
  const signatures = attestations.map(({ signature }) => Cl.bufferFromHex(signature.replace(/^0x/, "")));
  return { price: BigInt(price), height: BigInt(height), signatures: Cl.list(signatures) };
}

/** {"leaf":{"equity_sats","deposited_sats","withdrawn_sats"},"proof":[{"sibling","left"}]}: a place in the root. */
function leafOf(path) {
  if (path === undefined) return { leaf: NO_LEAF, proof: [] };
  const { leaf, proof } = JSON.parse(readFileSync(path, "utf8"));
  const { equity_sats: equity, deposited_sats: deposited, withdrawn_sats: withdrawn } = leaf;
  return {
    leaf: { equity: BigInt(equity), deposited: BigInt(deposited), withdrawn: BigInt(withdrawn) },
    proof,
  };
}

// ---------------------------------------------------------------- words

const say = (text) => process.stdout.write(`${text}\n`);
const number = (text, name) => {
  if (!/^\d+$/.test(text ?? "")) throw new Refusal(`--${name} wants a number`);
  return BigInt(text);
};
const uint = (value) => Cl.uint(value);

async function policyOf(chain, id) {
  const policy = await chain.registry("get-policy-data", uint(id));
  if (policy === null) throw new Refusal(`there is no policy ${id}`);
  return { id, ...policy };
}

const inWords = (p) =>
  `policy ${p.id}: ${p.option} of ${p.owner}, strike ${p.strike} (USD x 1e8), ${p.amount} sats, at most ` +
  `${p.collateral} sats, heights ${p.start} to ${p.expiry}, ${p.status}`;

async function status(chain, { policy, provider }) {
  const { burn } = await chain.registry("get-clock");
  const { available, locked, buffer } = await chain.vault("get-pool-totals");
  const { at } = await chain.vault("get-liabilities");
  const silence = await parameter(chain, "silence");
  const closed = await chain.vault("is-closed");
  say(
    `height ${burn}; the pool is ${closed ? "closed" : "open"}: ${available} available, ${locked} locked, ${buffer} buffer`,
  );
  if (!closed)
    say(`the way out opens from height ${at + silence + 1n} on, unless a root is published before`);
  if (policy !== undefined) say(inWords(await policyOf(chain, number(policy, "policy"))));
  if (provider !== undefined) {
    const account = await chain.vault("get-provider-totals", Cl.principal(provider));
    say(
      `${provider}: deposited ${account.deposited}, withdrawn ${account.withdrawn}, escaped ${account.escaped}`,
    );
  }
}

async function request(chain, { policy: id, "min-payout": least = "1", send }) {
  const policy = await policyOf(chain, number(id, "policy"));
  say(inWords(policy));
  const { burn } = await chain.registry("get-clock");
  if (policy.status !== "active") throw new Refusal(`it is ${policy.status}`);
  if (burn >= policy.expiry)
    throw new Refusal("it is too late to request: settle it at the price of its expiry");
  const min = number(least, "min-payout");
  say(
    `a binding order to exercise at the public price of the next height, about ${burn + 1n}, for ${min} sats or more`,
  );
  if (!send) return;
  if (chain.address !== policy.owner)
    throw new Refusal(`only its owner may request; the key is ${chain.address}`);
  await chain.send("policy-registry", "request-exercise", [uint(policy.id), uint(min)]);
  const found = await chain.registry("get-request", uint(policy.id));
  if (found === null || found.height < burn)
    throw new Refusal("it was mined and refused: an earlier request still holds");
  say(`requested at height ${found.height}: get the attestation of height ${found.height + 1n}, then settle`);
}

const parameter = (chain, name) => chain.registry("get-parameter", Cl.stringAscii(name));

/** The last height at which a claim on the price of `height` comes before a release with a price; pauses move it. */
async function claimedUntil(chain, height) {
  const deadline = await chain.registry("get-deadline", uint(height));
  return deadline - (await parameter(chain, "grace")) + (await parameter(chain, "request-life"));
}

/** The first rule by which a public price settles a policy, or why there is none. */
async function ruleOf(chain, policy, payout, height) {
  const { burn } = await chain.registry("get-clock");
  if (height <= policy.start || height > policy.expiry || height > burn) {
    throw new Refusal(
      `a price of height ${height} does not count: ${policy.start + 1n} to ${policy.expiry} do`,
    );
  }
  if (payout === policy.collateral) return "touch";
  if (height === policy.expiry && burn > policy.expiry) return "expiry";
  const wish = await chain.registry("get-request", uint(policy.id));
  if (wish === null || height !== wish.height + 1n) {
    throw new Refusal(
      "no rule takes this price: it is no touch, not that of expiry, and not that of a request",
    );
  }
  if (payout < wish["min-payout"])
    throw new Refusal(`the request wanted ${wish["min-payout"]} sats, this is ${payout}`);
  const last = await claimedUntil(chain, height);
  if (burn > last) throw new Refusal(`the request was good until height ${last}: make another`);
  return "request";
}

async function settle(chain, { policy: id, attestation: file, send }) {
  if (file === undefined) throw new Refusal("--attestation is missing");
  const policy = await policyOf(chain, number(id, "policy"));
  const { price, height, signatures } = attestationOf(file);
  say(inWords(policy));
  if (policy.status !== "active") throw new Refusal(`it is ${policy.status}`);
  const { ok: payout } = await chain.registry("get-payout", uint(policy.id), uint(price));
  if (!payout) throw new Refusal(`at ${price} it pays nothing`);
  const rule = await ruleOf(chain, policy, payout, height);
  if (!(await chain.registry("verify-attestation", uint(price), uint(height), signatures))) {
    throw new Refusal("the attestation is not signed by enough registered attestors");
  }
  say(`pays ${payout} sats to ${policy.owner} by the rule "${rule}"`);
  if (!send) return;
  const args = [uint(policy.id), uint(price), uint(height), signatures, Cl.none()];
  await chain.send("liquidity-pool", "settle-policy", args, [chain.pays(payout)]);
  if ((await policyOf(chain, policy.id)).status !== "settled")
    throw new Refusal("it was mined and refused: run it again to see why");
  say("settled");
}

/** Why a policy cannot be released now, or null. */
async function heldBack(chain, policy, burn, shown) {
  if (policy.status === "settled") return "settled";
  if (policy.status === "expired") return null;
  if (shown === undefined) {
    const deadline = await chain.registry("get-deadline", uint(policy.expiry));
    return burn > deadline ? null : `without a price only after height ${deadline}`;
  }
  if (shown.height !== policy.expiry) return `its expiry is ${policy.expiry}`;
  const { ok: payout } = await chain.registry("get-payout", uint(policy.id), uint(shown.price));
  if (payout > 0n) return `it pays ${payout}: settle it`;
  const last = await claimedUntil(chain, policy.expiry);
  return burn > last ? null : `only after height ${last}`;
}

async function release(chain, { policies, attestation: file, send }) {
  const shown = file === undefined ? undefined : attestationOf(file);
  const { burn } = await chain.registry("get-clock");
  const due = [];
  for (const text of (policies ?? "").split(",")) {
    const policy = await policyOf(chain, number(text, "policies"));
    const why = await heldBack(chain, policy, burn, shown);
    say(`${inWords(policy)}; ${why ?? "due"}`);
    if (why === null) due.push(policy.id);
  }
  if (due.length === 0) throw new Refusal("nothing is due");
  if (!send) return;
  const proof =
    shown &&
    Cl.tuple({ price: uint(shown.price), height: uint(shown.height), attestations: shown.signatures });
  await chain.send("liquidity-pool", "release-collateral-aggregate", [
    Cl.list(due.map(uint)),
    proof === undefined ? Cl.none() : Cl.some(proof),
  ]);
  const left = await Promise.all(due.map((id) => chain.vault("get-collateral", uint(id))));
  if (left.some((sats) => sats > 0n)) throw new Refusal("it was mined and refused: run it again to see why");
  say(`released ${due.join(", ")}`);
}

async function openEscape(chain, { send }) {
  if (await chain.vault("is-closed")) throw new Refusal("the way out is open already");
  const { burn } = await chain.registry("get-clock");
  const { at } = await chain.vault("get-liabilities");
  const silence = await parameter(chain, "silence");
  if (burn <= at + silence)
    throw new Refusal(
      `the last sign of life was at height ${at}: wait for height ${at + silence + 1n}, it is ${burn}`,
    );
  say("closes the pool for ever and opens the way out; policies can still be settled and released");
  if (!send) return;
  await chain.send("liquidity-pool", "open-escape", []);
  if (!(await chain.vault("is-closed")))
    throw new Refusal("it was mined and refused: run it again to see why");
  say("the way out is open");
}

async function payOut(chain, { provider, leaf: file, send }) {
  if (provider === undefined) throw new Refusal("--provider is missing");
  const who = Cl.principal(provider);
  const { leaf, proof } = leafOf(file);
  const fields = Cl.tuple({
    equity: uint(leaf.equity),
    deposited: uint(leaf.deposited),
    withdrawn: uint(leaf.withdrawn),
  });
  const steps = proof.map(({ sibling, left }) =>
    Cl.tuple({ sibling: Cl.bufferFromHex(sibling.replace(/^0x/, "")), left: Cl.bool(left) }),
  );
  if (!(await chain.vault("is-closed")))
    throw new Refusal("the pool is open: withdraw, or open the way out first");
  const account = await chain.vault("get-provider-totals", who);
  const known = await chain.vault("verify-liability", who, fields, Cl.list(steps));
  const { "as-of": asOf } = await chain.vault("get-liabilities");
  if (!known && (file !== undefined || account.since <= asOf)) {
    throw new Refusal("the leaf is not under the last root: take the one of the root that the chain holds");
  }
  const due = await chain.vault("get-escape-due", who, fields);
  if (due === 0n) throw new Refusal("nothing is due now; more may be when collateral comes free");
  say(`pays ${due} sats to ${provider}`);
  if (!send) return;
  await chain.send("liquidity-pool", "escape-funds", [who, fields, Cl.list(steps)], [chain.pays(due)]);
  const after = await chain.vault("get-provider-totals", who);
  if (after.escaped !== account.escaped + due)
    throw new Refusal("it was mined and refused: run it again to see why");
  say(`paid ${due} sats`);
}

// ---------------------------------------------------------------- the command line

const WORDS = { status, request, settle, release, "open-escape": openEscape, escape: payOut };
const OPTIONS = [
  "node",
  "contracts",
  "key",
  "fee",
  "wait",
  "policy",
  "policies",
  "min-payout",
  "attestation",
  "provider",
  "leaf",
];

async function main() {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: "string" }]));
  const { values, positionals } = parseArgs({
    options: { ...options, send: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const word = WORDS[positionals[0]];
  if (word === undefined || positionals.length > 1 || !values.node || !values.contracts)
    throw new Refusal(USAGE);
  if (values.send && values.key === undefined) throw new Refusal("--send wants the --key that pays the fee");
  const { node, contracts } = values;
  const key = values.key === undefined ? undefined : keyOf(values.key);
  const fee = number(values.fee ?? "10000", "fee");
  const wait = Number(number(values.wait ?? "900", "wait"));
  await word(new Contracts({ node, contracts, key, fee, wait }), values);
  if (!values.send && word !== status) say("nothing was sent: add --send");
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Refusal || error.code ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
