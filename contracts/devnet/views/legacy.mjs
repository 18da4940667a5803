// The one deprecated path that is served: it alone still tells of dropped and orphaned transactions.
import { shown, typeName } from "../clarity.mjs";
import { ok, route } from "../http.mjs";
import { notFound, txidOf } from "./api-common.mjs";
import {
  declaredFunction,
  eventV1,
  iso,
  modeName,
  prefixed,
  shownArguments,
  shownCondition,
} from "./shapes.mjs";

const WARNING = '299 - "Deprecated: use /extended/v3/transactions/{tx_id}"';
const ANCHOR_MODES = { 1: "on_chain_only", 2: "off_chain_only", 3: "any" };

function payloadOf(chain, tx) {
  const { payload } = tx;
  switch (payload.type) {
    case "token_transfer":
      return {
        tx_type: payload.type,
        token_transfer: {
          recipient_address: payload.recipient,
          amount: `${payload.amount}`,
          memo: prefixed(payload.memo.toString("hex")),
        },
      };
    case "smart_contract":
      return {
        tx_type: payload.type,
        smart_contract: {
          clarity_version: payload.clarityVersion,
          contract_id: tx.contractId,
          source_code: payload.source,
        },
      };
    default:
      return { tx_type: payload.type, contract_call: callOf(chain, payload) };
  }
}

function callOf(chain, payload) {
  const declared = declaredFunction(chain, payload);
  const names = declared?.args ?? [];
  const signature = names.map(({ name, type }) => ` (${name} ${typeName(type)})`).join("");
  return {
    contract_id: payload.contract,
    function_name: payload.function,
    function_signature: `(define-public (${payload.function}${signature}))`,
    function_args: shownArguments(payload).map((value, index) => ({
      ...value,
      name: names[index]?.name ?? "",
      type: names[index] === undefined ? "" : typeName(names[index].type),
    })),
  };
}

function base(chain, tx) {
  const sponsor =
    tx.sponsor === null ? {} : { sponsor_address: tx.sponsor.address, sponsor_nonce: tx.sponsor.nonce };
  return {
    tx_id: prefixed(tx.txid),
    nonce: tx.origin.nonce,
    fee_rate: `${tx.fee}`,
    sender_address: tx.origin.address,
    sponsored: tx.sponsor !== null,
    ...sponsor,
    post_condition_mode: modeName(tx),
    post_conditions: tx.postConditions.map(shownCondition),
    anchor_mode: ANCHOR_MODES[tx.anchorMode],
    ...payloadOf(chain, tx),
  };
}

function minedView(chain, { block, index, tx, receipt }, canonical) {
  const parent = chain.history.at(block.height - 1);
  return {
    ...base(chain, tx),
    tx_status: receipt.status,
    tx_result: shown(receipt.result),
    block_hash: prefixed(block.hash),
    block_height: block.height,
    block_time: block.time,
    block_time_iso: iso(block.time),
    burn_block_time: block.burnTime,
    burn_block_time_iso: iso(block.burnTime),
    burn_block_height: block.burnHeight,
    parent_burn_block_time: parent.burnTime,
    parent_burn_block_time_iso: iso(parent.burnTime),
    parent_block_hash: prefixed(block.parent),
    canonical,
    tx_index: index,
    is_unanchored: false,
    microblock_hash: "0x",
    microblock_sequence: 2_147_483_647,
    microblock_canonical: true,
    event_count: receipt.events.length,
    execution_cost_read_count: 0,
    execution_cost_read_length: 0,
    execution_cost_runtime: 0,
    execution_cost_write_count: 0,
    execution_cost_write_length: 0,
    vm_error: receipt.error,
    events: receipt.events.map((event, at) => eventV1(event, at, tx.txid)).filter((event) => event !== null),
  };
}

function waitingView(chain, { tx, at, replacedBy }, tx_status) {
  const replaced = replacedBy ? { replaced_by_tx_id: prefixed(replacedBy) } : {};
  return { ...base(chain, tx), tx_status, ...replaced, receipt_time: at, receipt_time_iso: iso(at) };
}

export function legacyRoutes(chain) {
  function transaction({ params }) {
    const txid = txidOf(params.txid);
    const place = chain.history.find(txid);
    if (place !== undefined) {
      return minedView(chain, place, true);
    }
    const entry = chain.mempool.get(txid);
    if (entry !== undefined) {
      return waitingView(chain, entry, "pending");
    }
    const orphan = chain.history.orphan(txid);
    if (orphan !== undefined) {
      return minedView(chain, orphan, false);
    }
    const dropped = chain.dropped(txid);
    if (dropped !== undefined) {
      return waitingView(chain, dropped, dropped.status);
    }
    throw notFound(`could not find transaction by ID ${params.txid}`);
  }

  return [route("GET", "/extended/v1/tx/:txid", (asked) => ok(transaction(asked), { Warning: WARNING }))];
}
