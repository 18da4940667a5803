// Post-conditions, which the simnet does not know: folded from a transaction's events.
import { PostConditionType, serializeCV } from "@stacks/transactions";

import { addressOf } from "./hashes.mjs";
import { ALLOW, ORIGINATOR } from "./transaction.mjs";

const STX = "STX";
const SENT = 0x10;
const NOT_SENT = 0x11;
const MAY_SEND = 0x12;
const PRINCIPAL_ORIGIN = 1;

const COMPARE = {
  1: (sent, amount) => sent === amount,
  2: (sent, amount) => sent > amount,
  3: (sent, amount) => sent >= amount,
  4: (sent, amount) => sent < amount,
  5: (sent, amount) => sent <= amount,
};

const keyed = (principal, asset) => `${principal}|${asset}`;

/** Fold what each principal sent: gross, transfers and burns alike. */
function outflows(events) {
  const amounts = new Map();
  const tokens = new Map();
  for (const { event, data } of events) {
    const kind = /^(stx|ft|nft)_(?:transfer|burn)_event$/.exec(event)?.[1];
    if (kind === undefined) {
      continue;
    }
    const key = keyed(data.sender, kind === "stx" ? STX : data.asset_identifier);
    if (kind === "nft") {
      const values = tokens.get(key) ?? new Set();
      tokens.set(key, values.add(data.raw_value.replace(/^0x/, "")));
    } else {
      amounts.set(key, (amounts.get(key) ?? 0n) + BigInt(data.amount));
    }
  }
  return { amounts, tokens };
}

export function conditionPrincipal(condition, origin) {
  const { principal } = condition;
  if (principal.prefix === PRINCIPAL_ORIGIN) {
    return origin;
  }
  const address = addressOf(principal.address.version, Buffer.from(principal.address.hash160, "hex"));
  return principal.contractName === undefined ? address : `${address}.${principal.contractName.content}`;
}

export function conditionAsset({ asset }) {
  if (asset === undefined) {
    return STX;
  }
  const address = addressOf(asset.address.version, Buffer.from(asset.address.hash160, "hex"));
  return `${address}.${asset.contractName.content}::${asset.assetName.content}`;
}

function judgeNft(code, moved) {
  return code === MAY_SEND || (code === SENT && moved) || (code === NOT_SENT && !moved);
}

/** Return why the conditions fail, or null where they hold. */
export function violation(tx, events) {
  const { amounts, tokens } = outflows(events);
  const covered = new Set();
  for (const condition of tx.postConditions) {
    const key = keyed(conditionPrincipal(condition, tx.origin.address), conditionAsset(condition));
    switch (condition.conditionType) {
      case PostConditionType.STX:
      case PostConditionType.Fungible: {
        const sent = amounts.get(key) ?? 0n;
        if (!COMPARE[condition.conditionCode](sent, condition.amount)) {
          return `Post-condition check failure on fungible asset ${key}: ${sent} sent`;
        }
        covered.add(key);
        break;
      }
      case PostConditionType.NonFungible: {
        const value = serializeCV(condition.assetName);
        if (!judgeNft(condition.conditionCode, tokens.get(key)?.has(value) ?? false)) {
          return `Post-condition check failure on non-fungible asset ${key}`;
        }
        covered.add(`${key}|${value}`);
        break;
      }
      default:
        // Staking and PoX conditions come with epoch 4.0, and nothing here stakes: there is nothing to check.
        break;
    }
  }
  return tx.postConditionMode === ALLOW ? null : uncovered(tx, amounts, tokens, covered);
}

// Deny wants every asset moved by anybody covered, contracts included; originator only those of the origin.
function uncovered(tx, amounts, tokens, covered) {
  const concerns = (key) => tx.postConditionMode !== ORIGINATOR || key.startsWith(`${tx.origin.address}|`);
  for (const key of amounts.keys()) {
    if (concerns(key) && !covered.has(key)) {
      return `Post-condition check failure: unchecked fungible asset ${key}`;
    }
  }
  for (const [key, values] of tokens) {
    for (const value of values) {
      if (concerns(key) && !covered.has(`${key}|${value}`)) {
        return `Post-condition check failure: unchecked non-fungible asset ${key}`;
      }
    }
  }
  return null;
}
