/** Who plays: the people and keys of the contract tests, and a thief with whatever was stolen. */
import { type Key, key } from "../support/messages";
import {
  ALICE,
  ATTESTORS,
  BACKEND,
  BOB,
  CAROL,
  GUARDIAN,
  HOLDER,
  OTHER_HOLDER,
  OWNER,
  QUOTE_KEY,
  SPARE_QUOTE_KEY,
  SPARE_VOUCHER_KEY,
  STRANGER,
  STRANGER_KEY,
  TREASURY,
  VOUCHER_KEY,
} from "../support/world";

export const THIEF = key(31);
/** Keys that are nobody's yet: the owner may register them, or a thief who is the owner. */
export const NEW_KEYS = [key(32), key(33), key(34)] as [Key, Key, Key];

export const PROVIDERS: readonly Key[] = [ALICE, BOB, CAROL];
export const HOLDERS: readonly Key[] = [HOLDER, OTHER_HOLDER];
export const ROLES: Readonly<Record<string, string>> = {
  owner: OWNER,
  guardian: GUARDIAN,
  treasury: TREASURY,
  backend: BACKEND,
};
export const EVERYBODY: readonly string[] = [
  ...Object.values(ROLES),
  STRANGER,
  THIEF.address,
  ...[...PROVIDERS, ...HOLDERS].map(({ address }) => address),
];
export const KEYS: Readonly<Record<string, readonly Key[]>> = {
  quote: [QUOTE_KEY, SPARE_QUOTE_KEY],
  voucher: [VOUCHER_KEY, SPARE_VOUCHER_KEY],
  attestor: ATTESTORS,
};
export const EVERY_KEY: readonly Key[] = [
  ...Object.values(KEYS).flat(),
  ...[STRANGER_KEY, THIEF, ...NEW_KEYS],
];

/** What a thief may have: keys of the signing roles, and the principals of others. */
export interface Theft {
  readonly name: string;
  readonly keys: Readonly<Record<string, readonly Key[]>>;
  readonly roles: readonly string[];
}

const two = ATTESTORS.slice(0, 2);

/** The rows of the table of stolen keys in docs/security.md. Two attestors of three must sign in each game. */
export const THEFTS: readonly Theft[] = [
  { name: "nothing", keys: {}, roles: [] },
  { name: "backend", keys: {}, roles: ["backend"] },
  { name: "quote keys", keys: { quote: KEYS.quote ?? [] }, roles: [] },
  { name: "quote keys and k attestors", keys: { quote: KEYS.quote ?? [], attestor: two }, roles: [] },
  { name: "voucher keys", keys: { voucher: KEYS.voucher ?? [] }, roles: [] },
  { name: "attestors below k", keys: { attestor: two.slice(0, 1) }, roles: [] },
  { name: "k attestors", keys: { attestor: two }, roles: [] },
  { name: "guardian", keys: {}, roles: ["guardian"] },
  { name: "owner", keys: {}, roles: ["owner"] },
  {
    name: "all hot keys",
    keys: { quote: KEYS.quote ?? [], voucher: KEYS.voucher ?? [], attestor: two },
    roles: ["backend"],
  },
];

export const MUST_SIGN = 2n;
