/** The judge: whether an act may succeed, by the rules of the contracts told a second time. */
import { digest, voucherMessage } from "../../support/messages";
import type { Act, Named } from "../acts";
import * as governance from "./governance";
import * as money from "./money";
import * as policies from "./policies";
import type { Scene } from "./scene";

type Judges = { [Name in Act["name"]]: (scene: Scene, act: Named<Name>) => string | undefined };

const JUDGES: Judges = {
  deposit: money.depositing,
  donate: money.donating,
  withdraw: (scene, act) =>
    money.withdrawing(scene, act, digest(voucherMessage({ ...act, provider: act.by }))),
  lock: money.locking,
  unlock: money.unlocking,
  publish: money.publishing,
  "open-escape": money.opening,
  escape: money.escaping,
  buy: policies.buying,
  settle: policies.settling,
  release: policies.releasing,
  request: policies.requesting,
  mark: policies.marking,
  "create-entry": policies.poolsAlone,
  "record-settlement": policies.poolsAlone,
  "record-expiry": policies.poolsAlone,
  "set-pool": () => "sealed",
  "set-backend": governance.settingBackend,
  "propose-principal": governance.proposingPrincipal,
  "propose-signer": governance.proposingSigner,
  "propose-parameter": governance.proposingParameter,
  execute: governance.executing,
  cancel: governance.cancelling,
  "remove-signer": governance.removing,
  pause: governance.pausing,
  resume: governance.resuming,
};

/** Why the act must be refused; nothing if it must succeed. */
export const objection = (scene: Scene, act: Act): string | undefined =>
  (JUDGES[act.name] as (of: Scene, what: Act) => string | undefined)(scene, act);
