// How the API shows transactions, conditions and events.
import { serializeCV } from "@stacks/transactions";

import { repr, shown } from "../clarity.mjs";
import { conditionPrincipal } from "../postconditions.mjs";

const MODES = { 1: "allow", 2: "deny", 3: "originator" };
const FUNGIBLE_CODES = {
  1: "sent_equal_to",
  2: "sent_greater_than",
  3: "sent_greater_than_or_equal_to",
  4: "sent_less_than",
  5: "sent_less_than_or_equal_to",
};
const NFT_CODES = { 16: "sent", 17: "not_sent", 18: "maybe_sent" };
const POX_CODES = { 0: "not_performed", 1: "performed", 2: "maybe_performed" };
const CONDITION_TYPES = ["stx", "fungible", "non_fungible", "staking", "pox"];
const PRINCIPAL_TYPES = { 1: "principal_origin", 2: "principal_standard", 3: "principal_contract" };

export const prefixed = (hex) => `0x${hex}`;
export const modeName = (tx) => MODES[tx.postConditionMode];
export const iso = (seconds) => new Date(seconds * 1000).toISOString();

function shownPrincipal(condition) {
  const type_id = PRINCIPAL_TYPES[condition.principal.prefix];
  if (type_id === "principal_origin") {
    return { type_id };
  }
  const [address, contract_name] = conditionPrincipal(condition, "").split(".");
  return contract_name === undefined ? { type_id, address } : { type_id, address, contract_name };
}

function shownAsset({ asset, ...condition }) {
  const contract = { ...condition, principal: { prefix: 2, address: asset.address } };
  return {
    asset_name: asset.assetName.content,
    contract_address: conditionPrincipal(contract, ""),
    contract_name: asset.contractName.content,
  };
}

export function shownCondition(condition) {
  const type = CONDITION_TYPES[condition.conditionType];
  const base = { principal: shownPrincipal(condition), type };
  switch (type) {
    case "non_fungible":
      return {
        ...base,
        condition_code: NFT_CODES[condition.conditionCode],
        asset: shownAsset(condition),
        asset_value: shown(prefixed(serializeCV(condition.assetName))),
      };
    case "pox":
      return { ...base, condition_code: POX_CODES[condition.conditionCode] };
    default: {
      const amounts = {
        ...base,
        condition_code: FUNGIBLE_CODES[condition.conditionCode],
        amount: `${condition.amount}`,
      };
      return type === "fungible" ? { ...amounts, asset: shownAsset(condition) } : amounts;
    }
  }
}

/** A transfer's memo as hex and as the text before its padding. */
export function shownMemo(memo) {
  const hex = memo.toString("hex");
  return { hex: prefixed(hex), repr: memo.toString("utf8").replace(/\0+$/, "") };
}

/** The ABI of a called function, or undefined. */
export function declaredFunction(chain, { contract, function: name }) {
  return chain.interface(contract)?.functions.find((each) => each.name === name);
}

const argument = ({ bytes }) => shown(prefixed(Buffer.from(bytes).toString("hex")));

export const shownArguments = (payload) => payload.args.map(argument);

const EVENT = /^(stx|ft|nft)_(transfer|mint|burn)_event$/;

function parties({ sender, recipient }) {
  return { ...(sender === undefined ? {} : { sender }), ...(recipient === undefined ? {} : { recipient }) };
}

function logOf(data) {
  return { contract_id: data.contract_identifier, topic: data.topic, value: shown(data.raw_value) };
}

/** An event as /extended/v3 shows it; null for those it has no form for. */
export function eventV3({ event, data }, event_index) {
  if (event === "print_event") {
    return { event_index, type: "contract_log", contract_log: logOf(data) };
  }
  const [, kind, type] = EVENT.exec(event) ?? [];
  if (kind === undefined) {
    return null;
  }
  const moved = { type, ...parties(data) };
  if (kind === "stx") {
    const memo = type === "transfer" ? { memo: memoV3(data.memo) } : {};
    return { event_index, type: "stx_asset", stx_asset: { ...moved, amount: data.amount, ...memo } };
  }
  const token = { ...moved, asset_identifier: data.asset_identifier };
  return kind === "ft"
    ? { event_index, type: "ft_asset", ft_asset: { ...token, amount: data.amount } }
    : { event_index, type: "nft_asset", nft_asset: { ...token, value: shown(data.raw_value) } };
}

function memoV3(hex) {
  return hex === undefined || hex === "" ? null : shownMemo(Buffer.from(hex, "hex"));
}

const V1_TYPES = { stx: "stx_asset", ft: "fungible_token_asset", nft: "non_fungible_token_asset" };

/** An event as /extended/v1 and v2 show it; null for those they have no form for. */
export function eventV1({ event, data }, event_index, txid) {
  const base = { event_index, tx_id: prefixed(txid) };
  if (event === "print_event") {
    return { ...base, event_type: "smart_contract_log", contract_log: logOf(data) };
  }
  const [, kind, asset_event_type] = EVENT.exec(event) ?? [];
  if (kind === undefined) {
    return null;
  }
  const asset = { asset_event_type, sender: data.sender ?? "", recipient: data.recipient ?? "" };
  if (kind !== "stx") {
    asset.asset_id = data.asset_identifier;
  }
  if (kind === "nft") {
    asset.value = { hex: data.raw_value, repr: repr(data.raw_value) };
  } else {
    asset.amount = data.amount;
  }
  if (kind === "stx" && asset_event_type === "transfer") {
    asset.memo = prefixed(data.memo ?? "");
  }
  return { ...base, event_type: V1_TYPES[kind], asset };
}
