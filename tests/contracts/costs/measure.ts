/** What each public function costs on the real VM, with the signatures and sizes that count. */
import { Cl, type ClarityValue } from "@stacks/transactions";

import { type Contract, type Costs, DEPLOYER, type Plain } from "../support/chain";
import {
  digest,
  type Key,
  key,
  LiabilityTree,
  nodeHash,
  quoteMessage,
  readingMessage,
  saleId,
  sign,
} from "../support/messages";
import {
  ALICE,
  ATTESTORS,
  aWorld,
  BACKEND,
  BTC,
  GUARDIAN,
  OWNER,
  QUOTE_KEY,
  type World,
} from "../support/world";

export interface Measurement {
  readonly contract: Contract;
  readonly method: string;
  /** What the figures depend on: signatures, policies, steps. */
  readonly how: string;
  readonly costs: Costs;
}

const SEVEN: readonly Key[] = [...ATTESTORS, key(41), key(42), key(43), key(44)];
const TWO = SEVEN.slice(0, 2);
const TIMES = [1, 50] as const;
const DEEP = 24;

/** A row of the page; two calls of one method that cost differently are two rows. */
interface Row {
  readonly contract: Contract;
  readonly method: string;
  readonly how: string;
  readonly run: (world: World) => Plain;
}

const pool = (method: string, how: string, run: Row["run"]): Row => ({
  contract: "liquidity-pool",
  method,
  how,
  run,
});
const registry = (method: string, how: string, run: Row["run"]): Row => ({
  contract: "policy-registry",
  method,
  how,
  run,
});

/** Buys with the readings of so many attestors. */
function buy(world: World, attestors: readonly Key[], expiry = world.chain.height + 20n): Plain {
  const terms = world.terms({ expiry, collateral: 1_000_000n });
  const price = 6_500_000_000_000n;
  const { height } = world.chain;
  const readings = attestors.map((signer) =>
    sign(digest(readingMessage(terms.quoteId, saleId(terms), price, height)), signer),
  );
  const signatures = [sign(digest(quoteMessage(terms)), QUOTE_KEY)];
  return world.buy({}, { terms, price, height, readings, signatures });
}

const bought = (world: World, count: number, expiry?: bigint): bigint[] =>
  Array.from({ length: count }, () => world.must(buy(world, TWO, expiry)) as bigint);

function touch(world: World, attestors: readonly Key[]): Plain {
  const [id] = bought(world, 1) as [bigint];
  const height = world.chain.pass();
  const price = 3_000_000_000_000n;
  return world.settle(id, { price, height, attestations: world.attest(price, height, attestors) });
}

function order(world: World): Plain {
  const [id] = bought(world, 1) as [bigint];
  const height = world.chain.pass();
  const of = world.order(id);
  const price = 5_000_000_000_000n;
  const quoteId = world.policy(id)["quote-id"] as string;
  const attestations = world.read(quoteId, of.id, price, height, TWO);
  return world.settle(id, { price, height, order: of, attestations });
}

/** Releases so many policies of one height, by the price of their expiry or after their deadline. */
function release(world: World, count: number, attestors?: readonly Key[]): Plain {
  const expiry = world.chain.height + 20n;
  const ids = bought(world, count, expiry);
  const price = 6_000_000_000_000n; // at the strike: nothing is owed
  if (attestors === undefined) {
    world.chain.reach(expiry + 1_009n);
    return world.release(ids);
  }
  world.chain.reach(expiry + 13n);
  return world.release(ids, { price, height: expiry, attestations: world.attest(price, expiry, attestors) });
}

const ids = (count: number): string => (count === 1 ? "1 policy" : `${count} policies`);

function lock(world: World): Plain {
  return world.pool("lock-collateral-aggregate", [Cl.uint(BTC)], BACKEND);
}

function publish(world: World): Plain {
  world.chain.pass(2);
  const leaf = { equity: BTC, deposited: BTC, withdrawn: 0n };
  return world.publish(new LiabilityTree(new Map([[ALICE.address, leaf]])), world.chain.height - 1n);
}

/** The deepest proof there is: 24 steps, whose root the backend has published. */
function leave(world: World): Plain {
  const leaf = { equity: BTC, deposited: BTC, withdrawn: 0n };
  const alone = new LiabilityTree(new Map([[ALICE.address, leaf]]));
  const sibling = "ab".repeat(32);
  let root = alone.root;
  for (let step = 0; step < DEEP; step += 1) root = nodeHash(root, sibling);
  world.chain.pass(2);
  const sums = [BTC, BTC, 0n, world.chain.height - 1n].map((sats) => Cl.uint(sats));
  world.must(world.pool("publish-liabilities", [Cl.bufferFromHex(root), ...sums], BACKEND));
  world.chain.pass(4_321);
  world.must(world.openEscape());
  const steps = Array.from({ length: DEEP }, () => ({ sibling, left: false }));
  return world.escape(ALICE.address, leaf, steps);
}

const govern = (method: string, args: ClarityValue[], caller = OWNER): Row =>
  registry(method, "", (world) => world.registry(method, args, caller));
const text = Cl.stringAscii;
const newKey = (): ClarityValue => Cl.bufferFromHex(key(51).compressed);

const ROWS: readonly Row[] = [
  pool("deposit-funds", "", (world) => world.deposit(ALICE, BTC)),
  pool("buy-policy", "1 + 2 signatures", (world) => buy(world, TWO)),
  pool("buy-policy", "1 + 7 signatures", (world) => buy(world, SEVEN)),
  pool("withdraw-funds", "1 signature", (world) => world.withdraw(ALICE, BTC)),
  pool("settle-policy", "touch, 2 signatures", (world) => touch(world, TWO)),
  pool("settle-policy", "touch, 7 signatures", (world) => touch(world, SEVEN)),
  pool("settle-policy", "order, 1 + 2 signatures", order),
  ...TIMES.map((count) =>
    pool("release-collateral-aggregate", `with a price, ${ids(count)}, 2 signatures`, (world) =>
      release(world, count, TWO),
    ),
  ),
  pool("release-collateral-aggregate", "with a price, 1 policy, 7 signatures", (world) =>
    release(world, 1, SEVEN),
  ),
  ...TIMES.map((count) =>
    pool("release-collateral-aggregate", `without, ${ids(count)}`, (world) => release(world, count)),
  ),
  pool("lock-collateral-aggregate", "", lock),
  pool("unlock-collateral-aggregate", "", (world) => {
    world.must(lock(world));
    return world.pool("unlock-collateral-aggregate", [Cl.uint(BTC)], BACKEND);
  }),
  pool("publish-liabilities", "", publish),
  pool("open-escape", "", (world) => {
    world.chain.pass(4_321);
    return world.openEscape();
  }),
  pool("escape-funds", `${DEEP} steps`, leave),
  registry("request-exercise", "", (world) => world.request(bought(world, 1)[0] as bigint)),
  registry("update-policy-status", "", (world) => {
    const [id] = bought(world, 1) as [bigint];
    world.chain.pass(1_030);
    return world.expire(id);
  }),
  govern("propose-parameter", [text("grace"), Cl.uint(1_008)]),
  govern("propose-signer", [text("quote"), newKey()]),
  govern("propose-principal", [text("backend"), Cl.principal(BACKEND)]),
  govern("set-backend-principal", [Cl.principal(OWNER)]),
  registry("execute-change", "", (world) => {
    const id = world.govern("propose-parameter", [text("grace"), Cl.uint(1_008)]) as bigint;
    world.chain.pass(144);
    return world.registry("execute-change", [Cl.uint(id)], OWNER);
  }),
  govern("cancel-changes", []),
  govern("remove-signer", [text("quote"), Cl.bufferFromHex(QUOTE_KEY.compressed)]),
  govern("pause", [text("settlements"), Cl.uint(10)], GUARDIAN),
  registry("resume", "", (world) => {
    world.govern("pause", [text("sales"), Cl.uint(10)], GUARDIAN);
    return world.registry("resume", [text("sales")], OWNER);
  }),
];

/** The costs of the last call, which must have succeeded. */
async function measured({ contract, method, how, run }: Row): Promise<Measurement> {
  const world = await aWorld({ deposit: 50n * BTC, parameters: { attestor: 2n }, attestors: SEVEN });
  world.must(run(world));
  const { costs } = world.chain;
  if (costs === undefined) throw new Error("the VM does not watch its costs");
  return { contract, method, how, costs };
}

/** Every row of the page, each on a chain of its own. */
export async function measure(): Promise<Measurement[]> {
  const rows: Measurement[] = [];
  for (const row of ROWS) rows.push(await measured(row));
  return rows;
}

/** The public functions that no row calls by themselves, with where their costs are. */
export const INSIDE: Readonly<Record<string, string>> = {
  "create-policy-entry": "buy-policy",
  "record-settlement": "settle-policy",
  "record-expiry": "release-collateral-aggregate",
  "set-pool": "called once, at the set-up",
};

/** The names of a contract's public functions. */
export async function publicFunctions(contract: Contract): Promise<string[]> {
  const world = await aWorld();
  const described = world.chain.simnet.getContractsInterfaces().get(`${DEPLOYER}.${contract}`);
  return (described?.functions ?? []).filter(({ access }) => access === "public").map(({ name }) => name);
}
