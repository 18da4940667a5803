import {
  Cl,
  type ClarityValue,
  makeUnsignedContractCall,
  type PostCondition,
  PostConditionMode,
  postConditionToHex,
  privateKeyToAddress,
  privateKeyToPublic,
  serializeCV,
} from "@stacks/transactions";
import { describe, expect, it } from "vitest";
import type { Config, OwnerMessage, Policy, PreparedTransaction } from "../api/schema";
import { idBytes } from "./comparison";
import { bare, prefixed } from "./hex";
import type { Offer } from "./offer";
import {
  compareDeposit,
  compareMessage,
  comparePurchase,
  compareRequest,
  compareSettlement,
  compareWithdrawal,
  settlingPrice,
} from "./terms";

const KEY = `${"11".repeat(32)}01`;
const STRANGER = `${"22".repeat(32)}01`;
const OWNER = privateKeyToAddress(KEY, "testnet");
const DEPLOYER = privateKeyToAddress(STRANGER, "testnet");

const config = {
  network: "devnet",
  chain_id: 2_147_483_648,
  quote_threshold: 1,
  voucher_threshold: 1,
  attestor_threshold: 2,
  contracts: {
    policy_registry: `${DEPLOYER}.policy-registry`,
    liquidity_pool: `${DEPLOYER}.liquidity-pool`,
    sbtc_token: `${DEPLOYER}.sbtc-token`,
  },
} as Config;

const offer: Offer = {
  quote_id: `q_${"01".repeat(16)}`,
  kind: "put",
  amount_sats: 25_000_000,
  strike_usd_e8: 6_000_000_000_000,
  max_payout_sats: 12_500_000,
  premium_sats: 1_030_396,
  fee_sats: 49_067,
  tier: "balanced",
  expiry_height: 980_738,
  expiry_estimate_at: null,
  valid_until_height: 976_420,
  valid_until_at: "2026-11-24T16:30:00.000Z",
};

const signature = () => Cl.bufferFromHex("ab".repeat(65));

function terms(change: Record<string, ClarityValue> = {}): ClarityValue {
  return Cl.tuple({
    "quote-id": Cl.bufferFromHex(idBytes(offer.quote_id)),
    owner: Cl.principal(OWNER),
    option: Cl.stringAscii("put"),
    strike: Cl.uint(offer.strike_usd_e8),
    amount: Cl.uint(offer.amount_sats),
    collateral: Cl.uint(offer.max_payout_sats),
    premium: Cl.uint(offer.premium_sats),
    fee: Cl.uint(offer.fee_sats),
    tier: Cl.stringAscii(offer.tier),
    expiry: Cl.uint(offer.expiry_height),
    "valid-until": Cl.uint(offer.valid_until_height),
    "valid-until-time": Cl.uint(Date.parse(offer.valid_until_at) / 1000),
    ...change,
  });
}

function sends(address: string, amount: number): PostCondition {
  return {
    type: "ft-postcondition",
    address,
    condition: "eq",
    asset: `${DEPLOYER}.sbtc-token::sbtc-token`,
    amount,
  };
}

interface Call {
  name?: string;
  contract?: string;
  args?: ClarityValue[];
  conditions?: PostCondition[];
  mode?: PostConditionMode;
  key?: string;
}

async function prepared(call: Call): Promise<PreparedTransaction> {
  const args = call.args ?? [];
  const conditions = call.conditions ?? [];
  const name = call.name ?? "buy-policy";
  const contract = call.contract ?? "liquidity-pool";
  const transaction = await makeUnsignedContractCall({
    contractAddress: DEPLOYER,
    contractName: contract,
    functionName: name,
    functionArgs: args,
    publicKey: privateKeyToPublic(call.key ?? KEY),
    fee: 3_000,
    nonce: 4,
    network: "testnet",
    postConditions: conditions,
    postConditionMode: call.mode ?? PostConditionMode.Deny,
  });
  return {
    contract_id: `${DEPLOYER}.${contract}`,
    function: name,
    arguments: args.map((argument) => prefixed(serializeCV(argument))),
    post_conditions: conditions.map((condition) => prefixed(postConditionToHex(condition))),
    post_condition_mode: "deny",
    fee_ustx: 3_000,
    nonce: 4,
    valid_until_height: offer.valid_until_height,
    valid_until_at: offer.valid_until_at,
    unsigned: prefixed(transaction.serialize()),
  };
}

function purchase(call: Call = {}): Promise<PreparedTransaction> {
  const readings = Cl.list([signature(), signature()]);
  return prepared({
    args: [terms(), Cl.list([signature()]), Cl.uint(6_481_240_000_000), Cl.uint(976_418), readings],
    conditions: [sends(OWNER, offer.premium_sats)],
    ...call,
  });
}

async function whatDiffers(call: Call): Promise<string[]> {
  return comparePurchase(await purchase(call), offer, OWNER, config).map((difference) => difference.what);
}

function argsWith(change: Record<string, ClarityValue>): Call {
  const readings = Cl.list([signature(), signature()]);
  return { args: [terms(change), Cl.list([signature()]), Cl.uint(1), Cl.uint(1), readings] };
}

describe("a purchase", () => {
  it("passes when it says what the page says", async () => {
    expect(comparePurchase(await purchase(), offer, OWNER, config)).toEqual([]);
  });

  const altered: [string, ClarityValue][] = [
    ["quote-id", Cl.bufferFromHex("02".repeat(16))],
    ["owner", Cl.principal(DEPLOYER)],
    ["option", Cl.stringAscii("call")],
    ["strike", Cl.uint(offer.strike_usd_e8 - 1)],
    ["amount", Cl.uint(offer.amount_sats - 1)],
    ["collateral", Cl.uint(offer.max_payout_sats - 1)],
    ["premium", Cl.uint(offer.premium_sats + 1)],
    ["fee", Cl.uint(offer.fee_sats + 1)],
    ["tier", Cl.stringAscii("aggressive")],
    ["expiry", Cl.uint(offer.expiry_height - 1)],
    ["valid-until", Cl.uint(offer.valid_until_height + 1)],
    ["valid-until-time", Cl.uint(1)],
    ["extra", Cl.bool(true)],
  ];
  it.each(altered)("is refused when its %s differs", async (field, value) => {
    expect(await whatDiffers(argsWith({ [field]: value }))).toContain(`terms: ${field}`);
  });

  it("is refused for another contract or function", async () => {
    expect(await whatDiffers({ contract: "other-pool" })).toContain("contract");
    expect(await whatDiffers({ name: "deposit-funds" })).toContain("function");
  });

  it("is refused without its post-condition, with one more, or with another amount or sender", async () => {
    expect(await whatDiffers({ conditions: [] })).toContain("number of post-conditions");
    const own = sends(OWNER, offer.premium_sats);
    expect(await whatDiffers({ conditions: [own, own] })).toContain("number of post-conditions");
    expect(await whatDiffers({ conditions: [sends(OWNER, offer.premium_sats + 1)] })).toContain(
      "post-condition: amount",
    );
    expect(await whatDiffers({ conditions: [sends(DEPLOYER, offer.premium_sats)] })).toContain(
      "post-condition: who sends",
    );
    const atMost: PostCondition = { ...sends(OWNER, offer.premium_sats), condition: "gte" } as PostCondition;
    expect(await whatDiffers({ conditions: [atMost] })).toContain("post-condition: exactly");
  });

  it("is refused when its bytes allow what the fields deny", async () => {
    expect(await whatDiffers({ mode: PostConditionMode.Allow })).toContain("post-condition mode");
  });

  it("is refused when another signs, or when too few have signed its readings", async () => {
    expect(await whatDiffers({ key: STRANGER })).toContain("signer");
    const args = [terms(), Cl.list([signature()]), Cl.uint(1), Cl.uint(1), Cl.list([signature()])];
    expect(await whatDiffers({ args })).toContain("attestors' readings");
  });

  it("is refused when the bytes and the fields beside them differ", async () => {
    const honest = await purchase();
    const forged = await purchase(argsWith({ premium: Cl.uint(2_000_000) }));
    const mixed = { ...honest, unsigned: forged.unsigned };
    const found = comparePurchase(mixed, offer, OWNER, config).map((difference) => difference.what);
    expect(found).toEqual(["arguments in the transaction"]);
    expect(comparePurchase({ ...honest, unsigned: "0x00" }, offer, OWNER, config)).not.toEqual([]);
  });

  it("is refused on another chain", async () => {
    const found = comparePurchase(await purchase(), offer, OWNER, { ...config, chain_id: 1 });
    expect(found.map((difference) => difference.what)).toContain("chain");
  });
});

describe("money in and out", () => {
  it("compares a deposit", async () => {
    const call = { name: "deposit-funds", args: [Cl.uint(5_000), Cl.stringAscii("balanced")] };
    const honest = await prepared({ ...call, conditions: [sends(OWNER, 5_000)] });
    expect(compareDeposit(honest, 5_000, "balanced", OWNER, config)).toEqual([]);
    expect(compareDeposit(honest, 5_001, "balanced", OWNER, config).length).toBeGreaterThan(0);
    expect(compareDeposit(honest, 5_000, "aggressive", OWNER, config).length).toBe(1);
  });

  it("compares a withdrawal, which the pool must pay exactly", async () => {
    const shown = {
      withdrawal_id: `w_${"03".repeat(16)}`,
      amount_sats: 900,
      tier: "balanced",
      valid_until_height: 9,
    };
    const args = [
      Cl.uint(900),
      Cl.stringAscii("balanced"),
      Cl.bufferFromHex("03".repeat(16)),
      Cl.uint(9),
      Cl.list([signature()]),
    ];
    const pool = config.contracts.liquidity_pool;
    const honest = await prepared({ name: "withdraw-funds", args, conditions: [sends(pool, 900)] });
    expect(compareWithdrawal(honest, shown, OWNER, config)).toEqual([]);
    const less = await prepared({ name: "withdraw-funds", args, conditions: [sends(pool, 899)] });
    expect(compareWithdrawal(less, shown, OWNER, config).length).toBe(1);
  });
});

describe("the holder's own way on chain", () => {
  const policy = { ...offer, policy_id: 7, owner: OWNER } as unknown as Policy;
  const PRICE = 5_200_000_000_000;
  const OWED = 3_846_153;

  function request(change: Call = {}): Promise<PreparedTransaction> {
    const args = [Cl.uint(7), Cl.uint(1_000)];
    return prepared({ contract: "policy-registry", name: "request-exercise", args, ...change });
  }

  function settlement(change: Call = {}, attested = 2): Promise<PreparedTransaction> {
    const attestations = Cl.list(Array.from({ length: attested }, signature));
    return prepared({
      name: "settle-policy",
      args: [Cl.uint(7), Cl.uint(PRICE), Cl.uint(976_500), attestations, Cl.none()],
      conditions: [sends(config.contracts.liquidity_pool, OWED)],
      ...change,
    });
  }

  it("compares a request, which moves nothing", async () => {
    const differing = async (change: Call) =>
      compareRequest(await request(change), policy, 1_000, config).map((difference) => difference.what);
    expect(await differing({})).toEqual([]);
    expect(await differing({ args: [Cl.uint(8), Cl.uint(1_000)] })).toEqual(["policy"]);
    expect(await differing({ args: [Cl.uint(7), Cl.uint(1)] })).toEqual(["least you will take"]);
    expect(await differing({ conditions: [sends(OWNER, 1)] })).toEqual(["number of post-conditions"]);
    expect(await differing({ mode: PostConditionMode.Allow })).toEqual(["post-condition mode"]);
  });

  it("compares a settlement, which pays exactly what the policy owes at its price", async () => {
    const differing = async (change: Call, attested = 2) =>
      compareSettlement(await settlement(change, attested), policy, 976_500, config).map(({ what }) => what);
    expect(settlingPrice(await settlement())).toBe(PRICE);
    expect(await differing({})).toEqual([]);
    expect(await differing({}, 1)).toEqual(["attestors' signatures"]);
    const pool = config.contracts.liquidity_pool;
    expect(await differing({ conditions: [sends(pool, OWED - 1)] })).toEqual(["post-condition: amount"]);
    expect(compareSettlement(await settlement(), policy, 976_501, config)).toHaveLength(1);
    expect(compareSettlement(await settlement(), { ...policy, policy_id: 9 }, 976_500, config)).toHaveLength(
      1,
    );
  });
});

describe("a message", () => {
  const NOW = 1_800_000_000;
  const id = `${(NOW + 290).toString(16).padStart(10, "0")}${"0a".repeat(11)}`;
  const fields = { "quote-id": idBytes(offer.quote_id) };

  function message(
    change: Record<string, ClarityValue> = {},
    domain: Record<string, ClarityValue> = {},
  ): OwnerMessage {
    const body = Cl.tuple({
      kind: Cl.stringAscii("command"),
      contract: Cl.principal(config.contracts.policy_registry),
      action: Cl.stringAscii("reserve-policy"),
      address: Cl.principal(OWNER),
      id: Cl.bufferFromHex(id),
      "valid-until": Cl.uint(NOW + 290),
      "quote-id": Cl.bufferFromHex(idBytes(offer.quote_id)),
      ...change,
    });
    const name = Cl.tuple({
      name: Cl.stringAscii("BitHedge"),
      version: Cl.stringAscii("1"),
      "chain-id": Cl.uint(config.chain_id),
      ...domain,
    });
    return {
      message_id: `m_${id}`,
      domain: prefixed(serializeCV(name)),
      message: prefixed(serializeCV(body)),
      digest: "0x",
      valid_until_at: "",
    };
  }

  function differing(asked: OwnerMessage, at = NOW): string[] {
    return compareMessage(asked, "reserve-policy", OWNER, fields, config, at * 1000).map(({ what }) => what);
  }

  it("passes when it is the command and nothing else", () => {
    expect(differing(message())).toEqual([]);
  });

  it("is refused when it is another command, of another, for another contract or chain", () => {
    expect(differing(message({ action: Cl.stringAscii("activate-policy") }))).toEqual(["message: action"]);
    expect(differing(message({ address: Cl.principal(DEPLOYER) }))).toEqual(["message: address"]);
    expect(differing(message({ contract: Cl.principal(config.contracts.liquidity_pool) }))).toEqual([
      "message: contract",
    ]);
    expect(differing(message({}, { "chain-id": Cl.uint(1) }))).toEqual(["domain: chain-id"]);
    expect(differing(message({ more: Cl.uint(1) }))).toEqual(["message: more"]);
  });

  it("is refused when it would be good for longer than commands are", () => {
    expect(differing(message(), NOW - 200)).toEqual(["message: how long it is good"]);
  });

  it("reads ids with and without their prefix", () => {
    expect(bare("0xAB")).toBe("ab");
    expect(prefixed("AB")).toBe("0xab");
  });
});
