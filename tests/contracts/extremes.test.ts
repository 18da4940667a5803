import { Cl, type ClarityValue } from "@stacks/transactions";
import { beforeAll, describe, expect, it } from "vitest";

import { type Contract, DEPLOYER, type Plain } from "./support/chain";
import { ALICE, aWorld, BACKEND, GUARDIAN, HOLDER, OWNER, STRANGER, type World } from "./support/world";

const EXTREMES = [0n, 1n, 2n ** 127n, 2n ** 128n - 1n];
const CALLERS = [OWNER, BACKEND, GUARDIAN, HOLDER.address, ALICE.address, STRANGER];

type Shape = string | { [kind: string]: unknown };
interface Signature {
  readonly name: string;
  readonly access: string;
  readonly args: readonly { name: string; type: Shape }[];
}

/** A value of a type as the interface describes it, every number in it being the one given. */
function fill(type: Shape, number: bigint): ClarityValue {
  if (type === "uint128") return Cl.uint(number);
  if (type === "bool") return Cl.bool(true);
  if (type === "principal") return Cl.principal(HOLDER.address);
  if (typeof type === "string") throw new Error(`no value of type ${type}`);
  const [kind, of] = Object.entries(type)[0] as [string, never];
  if (kind === "buffer") return Cl.buffer(new Uint8Array((of as { length: number }).length));
  if (kind === "string-ascii") return Cl.stringAscii("put");
  if (kind === "optional") return Cl.some(fill(of, number));
  if (kind === "list") return Cl.list([fill((of as { type: Shape }).type, number)]);
  if (kind === "tuple") {
    const fields = (of as { name: string; type: Shape }[]).map(({ name, type: field }) => [
      name,
      fill(field, number),
    ]);
    return Cl.tuple(Object.fromEntries(fields) as Record<string, ClarityValue>);
  }
  throw new Error(`no value of type ${kind}`);
}

const CONTRACTS: Contract[] = ["policy-registry", "liquidity-pool"];

function functions(world: World, contract: Contract, access: string): Signature[] {
  const described = world.chain.simnet.getContractsInterfaces().get(`${DEPLOYER}.${contract}`);
  return (described?.functions ?? []).filter((one) => one.access === access) as unknown as Signature[];
}

describe("zero, one, 2^127 and 2^128 - 1", () => {
  let world: World;
  beforeAll(async () => {
    world = await aWorld();
    world.sold();
  });

  it("in every number of every public function end in an answer, never in a runtime fault", () => {
    let calls = 0;
    for (const contract of CONTRACTS) {
      for (const { name, args } of functions(world, contract, "public")) {
        for (const number of EXTREMES) {
          for (const caller of CALLERS) {
            const values = args.map(({ type }) => fill(type, number));
            const [answer] = Object.keys(world.chain.call(contract, name, values, caller) as object);
            expect(["ok", "error"], `${name} ${number} by ${caller}`).toContain(answer);
            calls += 1;
          }
        }
      }
    }
    expect(calls).toBeGreaterThan(500);
  });

  it("in one number at a time, the others being sane, end in an answer too", () => {
    const sane: Record<string, bigint> = { "policy-id": 1n, price: 6_000_000_000_000n, height: 2n };
    const oddOneOut = ({ args }: Signature, at: number, number: bigint): ClarityValue[] =>
      args.map((arg, place) => fill(arg.type, place === at ? number : (sane[arg.name] ?? 10_000n)));
    const calls = CONTRACTS.flatMap((contract) =>
      functions(world, contract, "public").flatMap((one) =>
        one.args.flatMap(({ type }, at) =>
          type === "uint128"
            ? EXTREMES.map((number) => ({ contract, name: one.name, values: oddOneOut(one, at, number) }))
            : [],
        ),
      ),
    );

    expect(calls.length).toBeGreaterThan(60);
    for (const { contract, name, values } of calls) {
      for (const caller of CALLERS) {
        expect(() => world.chain.call(contract, name, values, caller), name).not.toThrow();
      }
    }
  });

  it("in every number of every read-only function give a value", () => {
    for (const contract of CONTRACTS) {
      for (const { name, args } of functions(world, contract, "read_only")) {
        for (const number of EXTREMES) {
          const values = args.map(({ type }) => fill(type, number));
          expect(() => world.chain.read(contract, name, values), `${name} ${number}`).not.toThrow();
        }
      }
    }
  });
});

describe("numbers at the edges of signed messages", () => {
  const most = 2n ** 128n - 1n;

  it("are refused by their own rule where every signature is good", async () => {
    const world = await aWorld();
    const refused = (result: Plain, code: bigint): void => expect(result).toEqual({ error: code });
    const id = world.sold();
    world.chain.pass();

    for (const field of ["strike", "amount", "premium", "fee", "expiry"] as const)
      refused(world.buy({ [field]: most }), 106n);
    refused(world.buy({ collateral: most }), 211n);
    refused(world.buy({}, { price: most }), 110n);
    refused(world.buy({}, { height: most }), 110n);
    refused(world.settle(id, { price: most }), 122n);
    refused(world.settle(id, { height: most }), 110n);
    refused(world.settle(id, { order: world.order(id), height: most }), 110n);
    refused(world.settle(most, { attestations: [] }), 216n);
    refused(world.settle(id, { order: world.order(id, { minPayout: most }) }), 120n);
    refused(world.withdraw(ALICE, most), 211n);
    refused(world.deposit(ALICE, most), 1n);
    refused(world.release([most]), 217n);
    refused(world.release([id], { price: most, height: most }), 217n);
    refused(world.request(most), 113n);
  });

  it("are taken where a greater number only means later", async () => {
    const world = await aWorld();
    const id = world.must(world.buy({ validUntil: most, validUntilTime: most })) as bigint;
    world.chain.pass();

    expect(world.settle(id, { order: world.order(id, { validUntil: most }) })).toEqual({ ok: 2_000_000n });
    expect(world.withdraw(ALICE, 1_000n, { validUntil: most })).toEqual({ ok: 1_000n });
    const other = world.must(world.buy()) as bigint;
    expect(world.request(other, most)).toHaveProperty("ok");
    expect(world.chain.read("policy-registry", "get-deadline", [Cl.uint(most)])).toBeGreaterThan(2n ** 63n);
  });
});
