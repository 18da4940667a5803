/**
 * What the contract pays: `[option, strike, amount, collateral, price]` a line on standard input, sats a line on
 * standard output. The real `get-payout-for` on the real VM, for whoever must equal it.
 */
import { text } from "node:stream/consumers";

import { Cl } from "@stacks/transactions";

import { load } from "./load.mjs";

const { module, close } = await load("tests/contracts/support/chain.ts");
await close();
const chain = await module.Chain.start();
const lines = (await text(process.stdin)).trim().split("\n");
const answers = lines.map((line) => {
  const [option, ...numbers] = JSON.parse(line);
  const args = [Cl.stringAscii(option), ...numbers.map((number) => Cl.uint(BigInt(number)))];
  return chain.read("policy-registry", "get-payout-for", args);
});
process.stdout.write(`${answers.join("\n")}\n`);
