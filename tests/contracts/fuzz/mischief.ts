/** Old acts, sent again with one thing changed: what a finder of flaws tries first. */
import type { Key } from "../support/messages";
import type { Act, Proof, Signed } from "./acts";
import type { Dice } from "./dice";
import type { Game } from "./game";
import { MAX_PRICE, MAX_UINT, type Scene } from "./judge/scene";
import { EVERYBODY } from "./people";

/** Another number: beside it, at an end of the scale, or anything. */
function otherNumber(dice: Dice, number: bigint): bigint {
  return dice.one([dice.near(number), number + 1n, 0n, 1n, MAX_PRICE, MAX_PRICE + 1n, 2n ** 127n, MAX_UINT]);
}

/** Signatures with one of them missing, doubled, spoilt, by another key, or of another digest. */
function otherSignatures(dice: Dice, signed: readonly Signed[], key: Key): readonly Signed[] {
  if (signed.length === 0) return signed;
  const at = dice.roll(signed.length);
  const one = signed[at] as Signed;
  const others = signed.filter((_, place) => place !== at);
  const changed: readonly (readonly Signed[])[] = [
    others,
    [...signed, one],
    [...signed, { ...one, spoilt: "twin" }],
    [...others, { ...one, spoilt: dice.one(["twin", "short", "wallet"] as const) }],
    [...others, { ...one, by: key }],
    [...signed, { ...one, by: key }],
    [...others, { ...one, digest: `${one.digest.slice(0, 63)}${one.digest.endsWith("0") ? "1" : "0"}` }],
  ];
  return dice.one(changed).slice(0, 7);
}

const isSignatures = (value: unknown): value is readonly Signed[] =>
  Array.isArray(value) && value.length > 0 && typeof value[0] === "object" && "digest" in value[0];

const isProof = (value: unknown): value is Proof =>
  typeof value === "object" && value !== null && "signed" in value && "price" in value;

function otherField(game: Game, scene: Scene, name: string, value: unknown): unknown {
  const { dice } = game;
  if (typeof value === "bigint") {
    return name === "id" || name === "change" ? game.anId(scene) : otherNumber(dice, value);
  }
  if (isSignatures(value)) return otherSignatures(dice, value, game.aKey());
  if (isProof(value)) {
    const field = dice.one(["price", "height", "signed"] as const);
    return { ...value, [field]: otherField(game, scene, field, value[field]) };
  }
  if (name === "terms" || name === "leaf" || name === "order")
    return otherRecord(game, scene, value as object);
  if (name === "ids") return [...(value as bigint[]), game.anId(scene)].slice(-50);
  if (["serial", "quoteId"].includes(name)) return game.fresh();
  if (name === "provider" || name === "owner") return dice.one(EVERYBODY);
  return value;
}

function otherRecord(game: Game, scene: Scene, record: object): object {
  const names = Object.keys(record).filter((name) => !["name", "tree", "signed"].includes(name));
  if (names.length === 0) return record;
  const name = game.dice.one(names);
  const value = (record as Record<string, unknown>)[name];
  return { ...record, [name]: otherField(game, scene, name, value) };
}

/** An act as it was, sent again by the same or another, or with one field changed. */
export function altered(game: Game, scene: Scene, act: Act): Act {
  const { dice } = game;
  if (dice.chance(25)) return act;
  if (dice.chance(25)) return { ...act, by: dice.one(EVERYBODY) };
  return { ...otherRecord(game, scene, act), by: act.by } as Act;
}

/** What is the pool's alone, tried by somebody else. */
export function intrusion(game: Game, scene: Scene, past: readonly Act[]): Act {
  const { dice } = game;
  const by = dice.one(EVERYBODY);
  const id = game.anId(scene);
  const sale = past.findLast((act) => act.name === "buy");
  if (sale !== undefined && dice.chance(30)) return { ...sale, name: "create-entry", by };
  const height = game.aHeight(scene, id);
  switch (dice.roll(3)) {
    case 0:
      return { name: "record-settlement", by, id, proof: game.attested(scene, height) };
    case 1:
      return { name: "record-expiry", by, id, price: game.priceAt(height), height };
    default:
      return { name: "set-pool", by, who: by };
  }
}
