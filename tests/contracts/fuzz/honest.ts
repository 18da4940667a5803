/** What honest people do: the daemon's customers, the backend, the owner, the guardian, and whoever passes by. */
import { payout } from "../support/payout";
import { PARAMETERS } from "../support/state";
import { STRANGER } from "../support/world";
import type { Act, Named } from "./acts";
import type { Game } from "./game";
import { mostToWithdraw } from "./judge/money";
import { BPS, type Scene } from "./judge/scene";
import { EVERYBODY, HOLDERS, NEW_KEYS, PROVIDERS, ROLES } from "./people";

type Player = (game: Game, scene: Scene) => Act | undefined;

const role = (name: string): string => ROLES[name] as string;
const PAUSED = ["sales", "withdrawals", "settlements"];
const SIGNING = ["quote", "voucher", "attestor"];

const deposit: Player = ({ dice }, scene) => {
  const amount = dice.chance(10)
    ? dice.near(scene.parameter("min-deposit"))
    : dice.between(10_000n, 60_000_000n);
  const { address } = dice.one(PROVIDERS);
  return { name: "deposit", by: address, amount, tier: dice.one(["conservative", "balanced", "aggressive"]) };
};

const donate: Player = ({ dice }) => ({
  name: "donate",
  by: dice.one(HOLDERS).address,
  amount: dice.between(1n, 1_000n),
});

const buy: Player = (game, scene) => {
  const owner = game.dice.one(HOLDERS).address;
  const at = { price: game.spot, height: scene.height - game.dice.between(0n, 1n), signed: [] };
  return game.sale(
    owner,
    game.terms(scene, owner),
    game.daemon(scene, "quote"),
    game.daemon(scene, "attestor"),
    at,
  );
};

const withdraw: Player = (game, scene) => {
  const { dice } = game;
  const who = dice.chance(10) ? role("treasury") : dice.one(PROVIDERS).address;
  const at = mostToWithdraw(scene, who);
  const amount = dice.chance(40) ? dice.near(at) : dice.between(1n, at);
  return game.voucher(scene, who, amount, game.daemon(scene, "voucher"));
};

const settle = (game: Game, scene: Scene): Act => {
  const id = game.anId(scene);
  return { name: "settle", by: STRANGER, id, proof: game.attested(scene, game.aHeight(scene, id)) };
};

const order: Player = (game, scene) => {
  const id = game.anId(scene);
  const policy = scene.policy(id);
  return policy === undefined ? settle(game, scene) : game.ordered(scene, STRANGER, id, policy);
};

const request: Player = (game, scene) => {
  const id = game.anId(scene);
  const policy = scene.policy(id);
  const minPayout =
    policy === undefined || game.dice.chance(70) ? 1n : game.dice.near(payout(policy, game.spot));
  return { name: "request", by: policy?.owner ?? STRANGER, id, minPayout };
};

const release: Player = (game, scene) => {
  const id = game.anId(scene);
  const ids = [id, ...Array.from({ length: game.dice.roll(5) }, () => game.anId(scene))];
  if (game.dice.chance(30)) return { name: "release", by: STRANGER, ids };
  return { name: "release", by: STRANGER, ids, proof: game.attested(scene, game.aHeight(scene, id)) };
};

const mark: Player = (game, scene) => ({
  name: "mark",
  by: role("backend"),
  id: game.anId(scene),
  status: game.dice.chance(95) ? "expired" : "settled",
});

const lock: Player = ({ dice }, scene) => {
  const room = (scene.vault * scene.parameter("buffer-share")) / BPS - scene.total("buffer");
  const amount = dice.chance(30) ? dice.near(room) : dice.between(0n, 20_000_000n);
  return { name: "lock", by: role("backend"), amount };
};

const unlock: Player = ({ dice }, scene) => ({
  name: "unlock",
  by: role("backend"),
  amount: dice.chance(30) ? dice.near(scene.total("buffer")) : dice.between(0n, 20_000_000n),
});

const publish: Player = (game, scene) => {
  const { tree, act } = game.root(scene);
  game.trees.set(tree.root, tree);
  return {
    ...act,
    equity: game.dice.chance(20) ? game.dice.near(act.equity) : act.equity,
    by: role("backend"),
  };
};

const openEscape: Player = () => ({ name: "open-escape", by: STRANGER });

export function escapeOf(game: Game, scene: Scene, provider: string): Named<"escape"> {
  const tree = game.trees.get(scene.told.liabilities.root as string);
  const none = { equity: 0n, deposited: 0n, withdrawn: 0n };
  const leaving = { name: "escape", by: STRANGER, provider } as const;
  if (tree === undefined || !tree.knows(provider)) return { ...leaving, leaf: none, steps: [] };
  return { ...leaving, leaf: tree.leaf(provider), steps: tree.proof(provider), tree };
}

const leave: Player = (game, scene) => escapeOf(game, scene, game.dice.one(EVERYBODY));

const pause: Player = ({ dice }, scene) => ({
  name: "pause",
  by: role("guardian"),
  what: dice.one(PAUSED),
  blocks: dice.chance(20) ? dice.near(scene.parameter("timelock") + 36n) : dice.between(1n, 8n),
});

const resume: Player = ({ dice }) => ({
  name: "resume",
  by: dice.one([role("guardian"), role("owner")]),
  what: dice.one(PAUSED),
});

const propose: Player = ({ dice }, scene) => {
  const by = role("owner");
  const seat = dice.one(["guardian", "treasury", "backend"]);
  const who = dice.chance(80) ? role(seat) : dice.one(EVERYBODY); // mostly back where it belongs
  switch (dice.roll(4)) {
    case 0:
      return { name: "set-backend", by, who: dice.one([by, role("backend"), role("backend"), who]) };
    case 1:
      return { name: "propose-principal", by, role: seat, who };
    case 2:
      return { name: "propose-signer", by, role: dice.one(SIGNING), key: dice.one(NEW_KEYS).compressed };
    default: {
      const parameter = dice.one(PARAMETERS);
      const { low, high } = scene.told.parameters.get(parameter) as { low: bigint; high: bigint };
      const value = dice.chance(30) ? dice.near(dice.one([low, high])) : dice.between(low, low * 3n);
      return { name: "propose-parameter", by, parameter, value };
    }
  }
};

const execute: Player = ({ dice }, scene) => {
  const waiting = [...scene.told.changes.keys()].map(BigInt);
  if (waiting.length === 0) return undefined;
  return { name: "execute", by: role("owner"), change: dice.one(waiting) };
};

const cancel: Player = ({ dice }) => ({ name: "cancel", by: dice.one([role("owner"), role("guardian")]) });

const removeSigner: Player = (game) => ({
  name: "remove-signer",
  by: game.dice.one([role("owner"), role("guardian")]),
  role: game.dice.one(SIGNING),
  key: game.aKey().compressed,
});

/** How often each is done, in parts of the whole. */
const WEIGHTS: readonly (readonly [number, Player])[] = [
  [10, deposit],
  [1, donate],
  [22, buy],
  [9, withdraw],
  [22, settle],
  [8, order],
  [8, request],
  [16, release],
  [2, mark],
  [3, lock],
  [2, unlock],
  [5, publish],
  [1, openEscape],
  [1, leave],
  [2, pause],
  [2, resume],
  [4, propose],
  [4, execute],
  [1, cancel],
  [1, removeSigner],
];
const BAG: readonly Player[] = WEIGHTS.flatMap(([times, player]) => Array<Player>(times).fill(player));

/** The next thing that an honest person does; once the pool is closed mostly leaving. */
export function honestAct(game: Game, scene: Scene): Act {
  const player = scene.isClosed && game.dice.chance(40) ? leave : game.dice.one(BAG);
  return player(game, scene) ?? settle(game, scene);
}
