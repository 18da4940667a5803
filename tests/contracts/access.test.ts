/** Who may call what: every public function of both contracts, tried by everybody who may not. */
import { Cl, type ClarityValue } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { type Contract, DEPLOYER, type Plain, POOL, refusal } from "./support/chain";
import { signatures, termsFields } from "./support/messages";
import {
  ALICE,
  aWorld,
  BACKEND,
  GUARDIAN,
  HOLDER,
  OTHER_HOLDER,
  OWNER,
  STRANGER,
  TREASURY,
  VOUCHER_KEY,
  type World,
} from "./support/world";

const PEOPLE = {
  owner: OWNER,
  guardian: GUARDIAN,
  treasury: TREASURY,
  backend: BACKEND,
  holder: HOLDER.address,
  "another holder": OTHER_HOLDER.address,
  provider: ALICE.address,
  stranger: STRANGER,
};
type Role = keyof typeof PEOPLE;

interface Access {
  readonly contract: Contract;
  readonly may: readonly Role[];
  /** What whoever is not named is told. */
  readonly error: number;
  readonly call: (world: World, who: string) => Plain;
}

/** The rules decide about these and never the caller; what they pay goes to whom it belongs. */
const ANYBODY: Record<Contract, readonly string[]> = {
  "policy-registry": [],
  "liquidity-pool": [
    "deposit-funds",
    "settle-policy",
    "release-collateral-aggregate",
    "open-escape",
    "escape-funds",
  ],
};

const text = (word: string): ClarityValue => Cl.stringAscii(word);
const uint = (value: number): ClarityValue => Cl.uint(value);
const KEY = Cl.bufferFromHex(VOUCHER_KEY.compressed);

const registry = (
  name: string,
  may: readonly Role[],
  error: number,
  args: (world: World) => ClarityValue[],
): [string, Access] => [
  name,
  { contract: "policy-registry", may, error, call: (world, who) => world.registry(name, args(world), who) },
];
const pool = (
  name: string,
  may: readonly Role[],
  error: number,
  call: (world: World, who: string) => Plain,
): [string, Access] => [name, { contract: "liquidity-pool", may, error, call }];
const backend = (name: string, args: ClarityValue[]): [string, Access] =>
  pool(name, ["backend"], 202, (world, who) => world.pool(name, args, who));

const GUARDED: readonly [string, Access][] = [
  registry("create-policy-entry", [], 101, (world) => [
    Cl.tuple(termsFields(world.terms())),
    signatures([]),
    uint(1),
    uint(1),
    signatures([]),
  ]),
  registry("request-exercise", ["holder"], 117, () => [uint(1), uint(1)]),
  registry("update-policy-status", ["backend"], 102, () => [uint(1), text("expired")]),
  registry("record-settlement", [], 101, () => [uint(1), uint(1), uint(1), signatures([]), Cl.none()]),
  registry("record-expiry", [], 101, () => [uint(1), uint(1), uint(1)]),
  registry("set-pool", ["owner"], 100, () => [Cl.principal(POOL)]),
  registry("set-backend-principal", ["owner"], 100, () => [Cl.principal(STRANGER)]),
  registry("propose-principal", ["owner"], 100, () => [text("owner"), Cl.principal(STRANGER)]),
  registry("propose-signer", ["owner"], 100, () => [text("quote"), KEY]),
  registry("propose-parameter", ["owner"], 100, () => [text("grace"), uint(288)]),
  registry("execute-change", ["owner"], 100, (world) => [Cl.uint(aWaitingChange(world))]),
  registry("cancel-changes", ["owner", "guardian"], 103, () => []),
  registry("remove-signer", ["owner", "guardian"], 103, () => [text("voucher"), KEY]),
  registry("pause", ["guardian"], 103, () => [text("sales"), uint(1)]),
  registry("resume", ["owner", "guardian"], 103, () => [text("sales")]),
  pool("buy-policy", ["holder"], 201, (world, caller) => world.buy({}, { terms: world.terms(), caller })),
  pool("withdraw-funds", ["provider"], 210, (world, caller) => world.withdraw(ALICE, 1_000n, { caller })),
  backend("lock-collateral-aggregate", [uint(1)]),
  backend("unlock-collateral-aggregate", [uint(1)]),
  backend("publish-liabilities", [Cl.bufferFromHex("00".repeat(32)), uint(0), uint(0), uint(0), uint(0)]),
];

function aWaitingChange(world: World): bigint {
  const args = [text("grace"), uint(144)];
  return world.must(world.registry("propose-parameter", args, OWNER)) as bigint;
}

describe("the caller of", () => {
  it.each(GUARDED)("%s is one of those who may, and nobody else", async (_, { may, error, call }) => {
    const world = await aWorld();
    world.sold();
    world.chain.pass();

    for (const role of Object.keys(PEOPLE) as Role[]) {
      if (!may.includes(role)) expect(call(world, PEOPLE[role]), role).toEqual(refusal(error));
    }
    for (const role of may) expect(call(world, PEOPLE[role]), role).not.toEqual(refusal(error));
  });

  it("every public function is either one of those, or of the rules alone", async () => {
    const { chain } = await aWorld();
    for (const contract of ["policy-registry", "liquidity-pool"] as const) {
      const described = chain.simnet.getContractsInterfaces().get(`${DEPLOYER}.${contract}`);
      const open = (described?.functions ?? []).filter(({ access }) => access === "public");
      const judged = GUARDED.filter(([, access]) => access.contract === contract).map(([name]) => name);

      expect([...judged, ...ANYBODY[contract]].sort()).toEqual(open.map(({ name }) => name).sort());
    }
  });
});
