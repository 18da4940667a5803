/** What a thief does with what it has stolen: as much as it can, as fast as it can. */
import { attestationMessage, digest, type Key, LiabilityTree } from "../support/messages";
import type { Act } from "./acts";
import type { Game } from "./game";
import { minus, mostToWithdraw } from "./judge/money";
import { least, type Scene } from "./judge/scene";
import { PROVIDERS, ROLES, THIEF } from "./people";

type Player = (game: Game, scene: Scene) => Act;
const by = THIEF.address;

/** Cover for itself at the least premium, at a price that it reads itself. */
const sell: Player = (game, scene) => {
  const room = least(scene.total("available"), minus(scene.limit("sale-share"), scene.window.sold));
  const collateral = game.dice.chance(50) ? game.dice.near(room) : game.dice.between(10_000n, 50_000_000n);
  const terms = { ...game.terms(scene, by, collateral), option: "put", strike: game.spot, fee: 0n };
  const cheap = { ...terms, premium: collateral / 10_000n + 1n, amount: collateral };
  const at = { price: game.spot + 1n, height: scene.height, signed: [] };
  return game.sale(by, cheap, game.thiefs("quote"), game.thiefs("attestor"), at);
};

/** A customer like any other, who may have other plans. */
const buy: Player = (game, scene) => {
  const at = { price: game.spot, height: scene.height, signed: [] };
  const terms = game.terms(scene, by);
  game.soldToThief.add(terms.quoteId);
  return game.sale(by, terms, game.daemon(scene, "quote"), game.daemon(scene, "attestor"), at);
};

const forged = (game: Game, keys: readonly Key[], price: bigint, height: bigint) => ({
  price,
  height,
  signed: game.signed(keys, digest(attestationMessage(price, height))),
});

/** A crash or a rise that never was, in anybody's favour. */
const settle: Player = (game, scene) => {
  const id = game.anId(scene);
  const price = game.dice.one([1n, 1_000_000n, game.spot * 40n, game.spot]);
  const height = game.dice.one([scene.height, game.aHeight(scene, id)]);
  return { name: "settle", by, id, proof: forged(game, game.thiefs("attestor"), price, height) };
};

const release: Player = (game, scene) => {
  const id = game.anId(scene);
  const policy = scene.policy(id);
  const price = policy?.strike ?? game.spot;
  const proof = forged(game, game.thiefs("attestor"), price, policy?.expiry ?? scene.height);
  return { name: "release", by, ids: [id, game.anId(scene)], proof };
};

const deposit: Player = ({ dice }) => ({
  name: "deposit",
  by,
  amount: dice.between(10_000n, 200_000_000n),
  tier: "balanced",
});

const withdraw: Player = (game, scene) =>
  game.voucher(scene, by, game.dice.near(mostToWithdraw(scene, by)), game.thiefs("voucher"));

/** What only whoever is the backend may do; the thief then acts as that principal. */
const asBackend: Player = (game, scene) => {
  const backend = ROLES.backend as string;
  switch (game.dice.roll(3)) {
    case 0:
      return { name: "lock", by: backend, amount: scene.total("available") };
    case 1:
      return { name: "mark", by: backend, id: game.anId(scene), status: "expired" };
    default: {
      const { deposited } = scene.account(by);
      const lie = { equity: scene.vault, deposited, withdrawn: 0n };
      const nothing = { equity: 0n, deposited: 2n ** 100n, withdrawn: 2n ** 100n };
      const others = PROVIDERS.map(({ address }) => [address, nothing] as const);
      const tree = new LiabilityTree(new Map([[by, lie], ...others]));
      game.trees.set(tree.root, tree);
      const sums = {
        equity: scene.vault,
        deposited: scene.total("deposited"),
        withdrawn: scene.total("withdrawn"),
      };
      return { name: "publish", by: backend, root: tree.root, ...sums, asOf: scene.height - 1n };
    }
  }
};

const asGuardian: Player = (game, scene) => {
  const guardian = ROLES.guardian as string;
  const { dice } = game;
  const blocks = scene.parameter("timelock") + 36n;
  switch (dice.roll(3)) {
    case 0:
      return { name: "pause", by: guardian, what: dice.one(["sales", "withdrawals", "settlements"]), blocks };
    case 1:
      return { name: "cancel", by: guardian };
    default: {
      const role = dice.one(["quote", "voucher", "attestor"]);
      return { name: "remove-signer", by: guardian, role, key: game.aKey().compressed };
    }
  }
};

const asOwner: Player = ({ dice }, scene) => {
  const owner = ROLES.owner as string;
  const waiting = [...scene.told.changes.keys()].map(BigInt);
  if (waiting.length > 0 && dice.chance(50)) return { name: "execute", by: owner, change: dice.one(waiting) };
  switch (dice.roll(4)) {
    case 0:
      return {
        name: "propose-signer",
        by: owner,
        role: dice.one(["quote", "voucher", "attestor"]),
        key: THIEF.compressed,
      };
    case 1: {
      const parameter = dice.one(["quote", "voucher", "attestor"]);
      return { name: "propose-parameter", by: owner, parameter, value: 1n };
    }
    case 2: {
      const parameter = dice.one(["sale-share", "outflow-share", "profit-share", "yield-cap"]);
      const { high } = scene.told.parameters.get(parameter) as { high: bigint };
      return { name: "propose-parameter", by: owner, parameter, value: high };
    }
    default:
      return { name: "set-backend", by: owner, who: owner };
  }
};

const AS: Readonly<Record<string, Player>> = { backend: asBackend, guardian: asGuardian, owner: asOwner };

/** The next thing that the thief tries. What it has no keys for it tries too: nobody knows before. */
export function thiefAct(game: Game, scene: Scene): Act {
  const own = game.theft.roles.map((role) => AS[role] as Player);
  return game.dice.one([sell, settle, settle, release, deposit, withdraw, buy, ...own, ...own, ...own])(
    game,
    scene,
  );
}
