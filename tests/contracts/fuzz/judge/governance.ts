/** Who may change what, and when, told a second time. */
import type { Named } from "../acts";
import type { Change, Scene } from "./scene";

type Verdict = string | undefined;
const SIGNING = ["quote", "voucher", "attestor"];
const PAUSED = ["sales", "withdrawals", "settlements"];
const CHANGE_LIFE = 1_008n;
const PAUSE_REST = 1_008n;
const PAUSE_EXTRA = 36n;

const isOwner = (scene: Scene, by: string): boolean => scene.hasRole("owner", by);
const isEither = (scene: Scene, by: string): boolean => isOwner(scene, by) || scene.hasRole("guardian", by);

export const settingBackend = (scene: Scene, { by }: Named<"set-backend">): Verdict =>
  isOwner(scene, by) ? undefined : "not the owner";

export function proposingPrincipal(scene: Scene, { by, role }: Named<"propose-principal">): Verdict {
  if (!isOwner(scene, by)) return "not the owner";
  return ["owner", "guardian", "treasury", "backend"].includes(role) ? undefined : "no role";
}

/** Every key in the game is on its curve; what is none is shorter. */
export function proposingSigner(scene: Scene, { by, role, key }: Named<"propose-signer">): Verdict {
  if (!isOwner(scene, by)) return "not the owner";
  if (!SIGNING.includes(role)) return "no role";
  return key.length === 66 ? undefined : "no key";
}

export function proposingParameter(scene: Scene, act: Named<"propose-parameter">): Verdict {
  const parameter = scene.told.parameters.get(act.parameter) as { low: bigint; high: bigint } | undefined;
  if (parameter === undefined) return "no parameter";
  if (!isOwner(scene, act.by)) return "not the owner";
  return act.value >= parameter.low && act.value <= parameter.high ? undefined : "out of bounds";
}

const isFor = ({ action, name }: Change, role: string): boolean => action === "principal" && name === role;

export function executing(scene: Scene, { change: id, by }: Named<"execute">): Verdict {
  const change = scene.change(id);
  if (change === undefined) return "no change";
  if (isFor(change, "owner") ? change.who !== by : !isOwner(scene, by)) return "not for the caller";
  const mark = isFor(change, "guardian") ? scene.told.voided.seat : scene.told.voided.changes;
  if (id <= mark) return "voided";
  if (scene.height < change.ready || scene.height > change.ready + CHANGE_LIFE) return "not its time";
  const isNumber = change.action === "parameter" && SIGNING.includes(change.name);
  return isNumber && change.value > scene.keyCount(change.name) ? "too few keys" : undefined;
}

export const cancelling = (scene: Scene, { by }: Named<"cancel">): Verdict =>
  isEither(scene, by) ? undefined : "a stranger";

export function removing(scene: Scene, { by, role, key }: Named<"remove-signer">): Verdict {
  if (!isEither(scene, by)) return "a stranger";
  if (!scene.isKey(role, key)) return "no key";
  return role === "quote" || scene.keyCount(role) > scene.parameter(role) ? undefined : "the last keys";
}

export function pausing(scene: Scene, { by, what, blocks }: Named<"pause">): Verdict {
  if (!scene.hasRole("guardian", by)) return "not the guardian";
  if (!PAUSED.includes(what)) return "no such thing";
  if (blocks === 0n || blocks > scene.parameter("timelock") + PAUSE_EXTRA) return "too long";
  const ended = scene.told.pauses.get(what) as bigint | undefined;
  return what !== "sales" && ended !== undefined && scene.height < ended + PAUSE_REST
    ? "too soon"
    : undefined;
}

export function resuming(scene: Scene, { by, what }: Named<"resume">): Verdict {
  if (!isEither(scene, by)) return "a stranger";
  return scene.isPaused(what) ? undefined : "not paused";
}
