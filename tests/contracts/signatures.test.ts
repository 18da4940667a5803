import { Cl } from "@stacks/transactions";
import { beforeAll, describe, expect, it } from "vitest";

import { type Plain, REGISTRY } from "./support/chain";
import {
  attestationMessage,
  commandMessage,
  digest,
  highS,
  type Key,
  key,
  leafHash,
  ORDER,
  quoteMessage,
  readingMessage,
  saleId,
  sign,
  signatures,
  type Terms,
  termsFields,
  voucherMessage,
} from "./support/messages";
import { ATTESTORS, aWorld, QUOTE_KEY, STRANGER_KEY, usd, type World } from "./support/world";

const P = "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5";
const QUOTE_ID = "01".repeat(16);
const COMMAND_ID = "02".repeat(16);
const SERIAL = "03".repeat(16);
const TERMS: Terms = {
  quoteId: QUOTE_ID,
  owner: P,
  option: "put",
  strike: usd(60_000),
  amount: 10_000_000n,
  collateral: 5_000_000n,
  premium: 300_000n,
  fee: 15_000n,
  tier: "balanced",
  expiry: 244n,
  validUntil: 102n,
  validUntilTime: 1_800_000_000n,
};
const VOUCHER = { provider: P, amount: 1_000_000n, tier: "balanced", serial: SERIAL, validUntil: 102n };
const LEAF = { equity: 100_475_000n, deposited: 100_000_000n, withdrawn: 0n };

let world: World;
beforeAll(async () => {
  world = await aWorld();
});

const hex = (value: string): ReturnType<typeof Cl.bufferFromHex> => Cl.bufferFromHex(value);
const registry = (method: string, ...args: Parameters<typeof Cl.list>[0]): Plain =>
  world.chain.read("policy-registry", method, args);
const pool = (method: string, ...args: Parameters<typeof Cl.list>[0]): Plain =>
  world.chain.read("liquidity-pool", method, args);

describe("the digests", () => {
  it("are those of the published vectors, on chain and off", () => {
    const price = usd(65_000);
    const order = {
      owner: P,
      policyId: 7n,
      quoteId: QUOTE_ID,
      id: COMMAND_ID,
      minPayout: 1n,
      validUntil: 1_800_000_000n,
    };
    const vectors: [string, string, Plain][] = [
      [
        "76327b06ca5a5f996b138d03dd49931e502b3c9345081de0484365dee9c3f924",
        digest(attestationMessage(price, 100n)),
        registry("attestation-digest", Cl.uint(price), Cl.uint(100)),
      ],
      [
        "0cafe29df8abdb17b8dc07fe74798bcb4da2c7d3a22799756e1e3619ec960f34",
        digest(readingMessage(QUOTE_ID, COMMAND_ID, price, 100n)),
        registry("reading-digest", hex(QUOTE_ID), hex(COMMAND_ID), Cl.uint(price), Cl.uint(100)),
      ],
      [
        "c24ba0ad2aa071e12619a83d074acf5e449c8a8cf89cea0fdd886771318f8025",
        digest(commandMessage(order)),
        registry(
          "order-digest",
          Cl.principal(P),
          Cl.uint(7),
          hex(QUOTE_ID),
          hex(COMMAND_ID),
          Cl.uint(1),
          Cl.uint(1_800_000_000),
        ),
      ],
      [
        "af33543efabccb8b5c0df6ad576d93ce873e15841492a3c0144c8095c502f3de",
        digest(voucherMessage(VOUCHER)),
        pool(
          "voucher-digest",
          Cl.principal(P),
          Cl.uint(1_000_000),
          Cl.stringAscii("balanced"),
          hex(SERIAL),
          Cl.uint(102),
        ),
      ],
      [
        "18083363b4e0899941949451bf27ef1a43953afa0ff5ce7a608664ea9b65d41f",
        digest(quoteMessage(TERMS)),
        registry("quote-digest", Cl.tuple(termsFields(TERMS))),
      ],
      [
        "a41c18f202c73fd542a4878db14ed795fe803e0a9fa7ca4bb65f0c8820108937",
        leafHash(P, LEAF),
        pool(
          "get-leaf-hash",
          Cl.principal(P),
          Cl.tuple({ equity: Cl.uint(100_475_000), deposited: Cl.uint(100_000_000), withdrawn: Cl.uint(0) }),
        ),
      ],
    ];
    for (const [published, mirror, onChain] of vectors) {
      expect(mirror).toBe(published);
      expect(onChain).toBe(published);
    }
  });

  it("stand under one domain, and a sale's id is the first half of its quote's digest", () => {
    expect(registry("get-domain-hash")).toBe(
      "2d733441feb9bd4d8fa632cf7dab882bce8e805f435eee39a2309493bf1aeac7",
    );
    expect(registry("get-sale-id", Cl.tuple(termsFields(TERMS)))).toBe("18083363b4e0899941949451bf27ef1a");
    expect(saleId(TERMS)).toBe("18083363b4e0899941949451bf27ef1a");
  });
});

describe("recover-key", () => {
  const hash = digest(attestationMessage(1n, 1n));
  const good = sign(hash, QUOTE_KEY);
  const recover = (signature: string, over = hash): Plain =>
    registry("recover-key", hex(over), hex(signature));

  it("gives the key of a signature of 65 bytes with a low S", () => {
    expect(recover(good)).toBe(QUOTE_KEY.compressed);
  });

  it("gives nothing for the high-S twin, 64 bytes, another V and rubbish", () => {
    expect(recover(highS(good))).toBeNull();
    expect(recover(good.slice(0, 128))).toBeNull();
    for (const v of ["04", "1b", "1c", "ff"]) expect(recover(good.slice(0, 128) + v)).toBeNull();
    for (const rubbish of ["", "00", "00".repeat(65), "ff".repeat(65)]) expect(recover(rubbish)).toBeNull();
  });

  it("takes an S of exactly half the order and none above", () => {
    const half = (ORDER - 1n) / 2n;
    const withS = (s: bigint): string =>
      good.slice(0, 64) + s.toString(16).padStart(64, "0") + good.slice(128);

    expect(recover(withS(half))).not.toBeNull();
    expect(recover(withS(half + 1n))).toBeNull();
  });

  it("gives nothing, and does not fault, for a digest of another length", () => {
    for (const short of ["", "00", "00".repeat(31)]) expect(recover(good, short)).toBeNull();
  });

  it("gives another key when the digest or the signature is altered", () => {
    expect(recover(good, digest(attestationMessage(1n, 2n)))).not.toBe(QUOTE_KEY.compressed);
    expect(recover(`${good.slice(0, 128)}${good.endsWith("00") ? "01" : "00"}`)).not.toBe(
      QUOTE_KEY.compressed,
    );
  });
});

describe("is-signed-by", () => {
  const hash = digest(attestationMessage(usd(65_000), 100n));
  const passes = (list: string[], role = "attestor"): Plain =>
    registry("is-signed-by", Cl.stringAscii(role), hex(hash), signatures(list));
  const by = (...keys: Key[]): string[] => keys.map((one) => sign(hash, one));
  const [first, second, third] = ATTESTORS;

  it("takes as many registered keys as the role needs, or more, in any order", () => {
    expect(passes(by(first))).toBe(true);
    expect(passes(by(third, first, second))).toBe(true);
  });

  it("refuses none, a stranger alone, a stranger among many, and a key of another role", () => {
    expect(passes([])).toBe(false);
    expect(passes(by(STRANGER_KEY))).toBe(false);
    expect(passes(by(first, STRANGER_KEY, second))).toBe(false);
    expect(passes(by(QUOTE_KEY))).toBe(false);
    expect(passes(by(first), "quote")).toBe(false);
  });

  it("refuses one key twice, also as its twin", () => {
    const [signature] = by(first) as [string];
    expect(passes([signature, signature])).toBe(false);
    expect(passes([signature, highS(signature)])).toBe(false);
  });

  it("knows no role that signs nothing, not even for no signature", () => {
    for (const role of ["owner", "sale-age", "nobody"]) {
      expect(passes([], role)).toBe(false);
      expect(passes(by(first), role)).toBe(false);
    }
  });
});

describe("as many as must sign", () => {
  it("is the parameter of the role's name, up to seven", async () => {
    const more = [key(31), key(32), key(33), key(34)];
    const all = [...ATTESTORS, ...more];
    const many = await aWorld({ sealed: false, parameters: { attestor: 7n } });
    for (const { compressed } of more)
      many.govern("propose-signer", [Cl.stringAscii("attestor"), hex(compressed)]);
    const verify = (signers: readonly Key[]): Plain =>
      many.chain.read("policy-registry", "verify-attestation", [
        Cl.uint(usd(1)),
        Cl.uint(5),
        signatures(many.attest(usd(1), 5n, signers)),
      ]);

    expect(verify(all)).toBe(true);
    expect(verify(all.slice(1))).toBe(false);
    expect(many.chain.read("policy-registry", "get-signer-count", [Cl.stringAscii("attestor")])).toBe(7n);
  });
});

describe("verify-quote, verify-reading and verify-attestation", () => {
  it("take their own message and nobody else's", async () => {
    world = await aWorld();
    const price = usd(65_000);
    const tuple = Cl.tuple(termsFields(TERMS));
    const numbers = [Cl.uint(price), Cl.uint(100)];
    const quote = signatures([sign(digest(quoteMessage(TERMS)), QUOTE_KEY)]);
    const attestation = signatures(world.attest(price, 100n));
    const reading = signatures(world.read(QUOTE_ID, COMMAND_ID, price, 100n));
    const ids = [hex(QUOTE_ID), hex(COMMAND_ID)];

    expect(registry("verify-quote", tuple, quote)).toBe(true);
    expect(registry("verify-attestation", ...numbers, attestation)).toBe(true);
    expect(registry("verify-reading", ...ids, ...numbers, reading)).toBe(true);
    expect(registry("verify-attestation", ...numbers, reading)).toBe(false);
    expect(registry("verify-reading", ...ids, ...numbers, attestation)).toBe(false);
    expect(registry("verify-reading", hex(COMMAND_ID), hex(QUOTE_ID), ...numbers, reading)).toBe(false);
    expect(registry("verify-quote", tuple, attestation)).toBe(false);
    const otherContract = digest(attestationMessage(price, 100n, `${P}.policy-registry`));
    expect(otherContract).not.toBe(digest(attestationMessage(price, 100n, REGISTRY)));
    expect(registry("verify-attestation", ...numbers, signatures([sign(otherContract, ATTESTORS[0])]))).toBe(
      false,
    );
  });
});
