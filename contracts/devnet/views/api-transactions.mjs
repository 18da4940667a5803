// /extended/v3 transactions: mined, waiting, by block, their events, and a principal's nonces.
import { parsePrincipal } from "../admission.mjs";
import { shown } from "../clarity.mjs";
import { ok, route } from "../http.mjs";
import { badRequest, blockOf, limitOf, notFound, txidOf } from "./api-common.mjs";
import { eventV3, prefixed, shownArguments, shownCondition, shownMemo } from "./shapes.mjs";

const TX_LIMITS = { usual: 20, highest: 50 };
const EVENT_LIMITS = { usual: 20, highest: 100 };
const INCLUDES = ["function_args", "source_code", "post_conditions", "result"];
export const NO_COST = { read_count: 0, read_length: 0, runtime: 0, write_count: 0, write_length: 0 };

const side = ({ address, nonce }) => ({ address, nonce });

function payloadOf(tx, include) {
  const { payload } = tx;
  switch (payload.type) {
    case "token_transfer": {
      const transfer = {
        recipient: payload.recipient,
        amount: `${payload.amount}`,
        memo: shownMemo(payload.memo),
      };
      return { type: payload.type, token_transfer: transfer };
    }
    case "smart_contract": {
      const contract = { contract_id: tx.contractId, clarity_version: payload.clarityVersion };
      const source = include.has("source_code") ? { source_code: payload.source } : {};
      return { type: payload.type, smart_contract: { ...contract, ...source } };
    }
    default: {
      const call = { contract_id: payload.contract, function_name: payload.function };
      const args = include.has("function_args") ? { function_args: shownArguments(payload) } : {};
      return { type: payload.type, contract_call: { ...call, ...args } };
    }
  }
}

function common(tx, include) {
  const conditions = include.has("post_conditions")
    ? { post_conditions: tx.postConditions.map(shownCondition) }
    : {};
  return {
    tx_id: prefixed(tx.txid),
    sender: side(tx.origin),
    sponsor: tx.sponsor === null ? null : side(tx.sponsor),
    fee_rate: `${tx.fee}`,
    ...payloadOf(tx, include),
    ...conditions,
  };
}

function summary({ block, index, tx, receipt }, include = new Set()) {
  return {
    ...common(tx, include),
    block: {
      height: block.height,
      hash: prefixed(block.hash),
      index_hash: prefixed(block.indexHash),
      time: block.time,
      tx_index: index,
    },
    bitcoin_block: { height: block.burnHeight, time: block.burnTime },
    status: receipt.status,
  };
}

function mined(place, include) {
  const { block, receipt } = place;
  const result = include.has("result") ? { result: shown(receipt.result) } : {};
  return {
    ...summary(place, include),
    parent_block: { hash: prefixed(block.parent), index_hash: prefixed(block.parentIndex) },
    event_count: receipt.events.length,
    execution_cost: NO_COST,
    vm_error: receipt.error,
    ...result,
  };
}

function waitingSummary({ tx, at, height }, include = new Set()) {
  return { ...common(tx, include), receipt_time: at, receipt_block_height: height, status: "pending" };
}

function includesOf(query) {
  const words = query.getAll("include").flatMap((text) => text.split(","));
  for (const word of words) {
    if (!INCLUDES.includes(word)) {
      throw badRequest(`querystring/include must be one of ${INCLUDES.join(", ")}`);
    }
  }
  return new Set(words);
}

// A page of a list that is already in the order shown; `key` names an item in cursors.
function page(items, { limit, cursor, key, before }) {
  const found = cursor === null ? 0 : items.findIndex((item) => !before(item, cursor));
  const start = found < 0 ? items.length : found;
  const results = items.slice(start, start + limit);
  const earlier = start > 0 ? items[Math.max(0, start - limit)] : undefined;
  const next = items[start + limit];
  return {
    results,
    cursor: {
      next: next === undefined ? null : key(next),
      previous: results.length === 0 || earlier === undefined ? null : key(earlier),
      current: results.length === 0 ? null : key(results[0]),
    },
  };
}

export function transactionRoutes(chain) {
  function transaction({ params, query }) {
    const txid = txidOf(params.txid);
    const include = includesOf(query);
    const place = chain.history.find(txid);
    if (place !== undefined) {
      return ok(mined(place, include));
    }
    const entry = chain.mempool.get(txid);
    if (entry !== undefined) {
      return ok({ ...waitingSummary(entry, include), replaced_by_tx_id: null });
    }
    throw notFound("Transaction not found");
  }

  function events({ params, query }) {
    const place = chain.history.find(txidOf(params.txid));
    if (place === undefined) {
      throw notFound("Transaction not found");
    }
    const limit = limitOf(query, EVENT_LIMITS);
    const cursor = query.get("cursor");
    if (cursor !== null && !/^\d+$/.test(cursor)) {
      throw badRequest('querystring/cursor must match pattern "^[0-9]+$"');
    }
    const all = place.receipt.events.map(eventV3).filter((event) => event !== null);
    const key = ({ event_index }) => `${event_index}`;
    const before = ({ event_index }, at) => event_index < Number(at);
    return ok({ total: all.length, limit, ...page(all, { limit, cursor, key, before }) });
  }

  function blockTransactions({ params, query }) {
    const block = blockOf(chain, params.block);
    const limit = limitOf(query, TX_LIMITS);
    const cursor = query.get("cursor");
    if (cursor !== null && !/^\d+:\d+:\d+$/.test(cursor)) {
      throw badRequest('querystring/cursor must match pattern "^[0-9]+:[0-9]+:[0-9]+$"');
    }
    const all = block.txs
      .map((tx, index) => ({ block, index, tx, receipt: block.receipts[index] }))
      .reverse();
    const key = ({ index }) => `${block.height}:0:${index}`;
    const before = ({ index }, at) => index > Number(at.split(":")[2]);
    const { results, cursor: cursors } = page(all, { limit, cursor, key, before });
    return ok({ total: all.length, limit, cursor: cursors, results: results.map((place) => summary(place)) });
  }

  function mempool({ query }) {
    const limit = limitOf(query, TX_LIMITS);
    const cursor = query.get("cursor");
    if (cursor !== null && !/^\d+:(0x)?[0-9a-f]{64}$/i.test(cursor)) {
      throw badRequest('querystring/cursor must match pattern "^\\d+:(0x)?[a-fA-F0-9]{64}$"');
    }
    const key = ({ at, tx }) => `${at}:${prefixed(tx.txid)}`;
    const newer = (a, b) => b.at - a.at || (a.tx.txid < b.tx.txid ? 1 : -1);
    const before = (entry, text) => {
      const [at, txid] = text.split(":");
      return (
        newer(entry, { at: Number(at), tx: { txid: txid.replace(/^0x/i, "").toLowerCase() } }) < 0 &&
        key(entry) !== text
      );
    };
    const all = chain.mempool.entries().sort(newer);
    const { results, cursor: cursors } = page(all, { limit, cursor, key, before });
    return ok({
      total: all.length,
      limit,
      cursor: cursors,
      results: results.map((entry) => waitingSummary(entry)),
    });
  }

  function nonces({ params }) {
    let address;
    try {
      address = parsePrincipal(params.principal);
    } catch (error) {
      throw badRequest(error.message);
    }
    const next = chain.nonce(address);
    const waiting = chain.mempool.nonces(address);
    const last = waiting.at(-1) ?? null;
    const expected =
      last === null ? [] : Array.from({ length: Math.max(0, last - next) }, (_, index) => next + index);
    return ok({
      next_nonce: last === null ? next : Math.max(next, last + 1),
      last_confirmed_nonce: next === 0 ? null : next - 1,
      mempool: {
        last_nonce: last,
        pending_nonces: expected.filter((nonce) => waiting.includes(nonce)),
        missing_nonces: expected.filter((nonce) => !waiting.includes(nonce)),
      },
    });
  }

  return [
    route("GET", "/extended/v3/transactions/:txid", transaction),
    route("GET", "/extended/v3/transactions/:txid/events", events),
    route("GET", "/extended/v3/blocks/:block/transactions", blockTransactions),
    route("GET", "/extended/v3/mempool/transactions", mempool),
    route("GET", "/extended/v3/principals/:principal/nonces", nonces),
  ];
}
