// /extended: blocks, a contract's logs, balances.
import { parsePrincipal } from "../admission.mjs";
import { shown } from "../clarity.mjs";
import { burnHash, minerTxid } from "../history.mjs";
import { ok, route } from "../http.mjs";
import { badRequest, blockOf, limitOf, notFound, offsetOf } from "./api-common.mjs";
import { iso, prefixed } from "./shapes.mjs";

const BLOCK_LIMITS = { usual: 20, highest: 30 };
const LOG_LIMITS = { usual: 20, highest: 100 };
const TOKEN_LIMITS = { usual: 100, highest: 200 };
const ASSET = /^[0-9A-Z]{28,41}\.[a-zA-Z][\w-]{0,127}::[a-zA-Z][^/]*$/;

function shownBlock(block) {
  return {
    canonical: true,
    height: block.height,
    hash: prefixed(block.hash),
    block_time: block.time,
    block_time_iso: iso(block.time),
    tenure_height: block.tenure,
    index_block_hash: prefixed(block.indexHash),
    parent_block_hash: prefixed(block.parent),
    parent_index_block_hash: prefixed(block.parentIndex),
    burn_block_time: block.burnTime,
    burn_block_time_iso: iso(block.burnTime),
    burn_block_hash: prefixed(burnHash(block.burnHeight)),
    burn_block_height: block.burnHeight,
    miner_txid: prefixed(minerTxid(block.burnHeight)),
    tx_count: block.txs.length,
    execution_cost_read_count: 0,
    execution_cost_read_length: 0,
    execution_cost_runtime: 0,
    execution_cost_write_count: 0,
    execution_cost_write_length: 0,
  };
}

const logKey = ({ height, txIndex, eventIndex }) => `${height}:0:${txIndex}:${eventIndex}`;

const compareLogs = (a, b) => a.height - b.height || a.txIndex - b.txIndex || a.eventIndex - b.eventIndex;

// Where a cursor's log stands in a list that rises, or -1.
function indexOfCursor(logs, cursor) {
  const [height, , txIndex, eventIndex] = cursor.split(":").map(Number);
  let low = 0;
  let high = logs.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compareLogs(logs[middle], { height, txIndex, eventIndex });
    if (order === 0) {
      return middle;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return -1;
}

function shownLog({ eventIndex, txid, topic, value }, contract_id) {
  return {
    event_index: eventIndex,
    event_type: "smart_contract_log",
    tx_id: prefixed(txid),
    contract_log: { contract_id, topic, value: shown(value) },
  };
}

export function chainRoutes(chain) {
  function status() {
    const { tip } = chain;
    return ok({
      server_version: "bithedge-devnet",
      status: "ready",
      chain_tip: {
        block_height: tip.height,
        block_hash: prefixed(tip.hash),
        index_block_hash: prefixed(tip.indexHash),
        burn_block_height: tip.burnHeight,
      },
    });
  }

  // Newest first. As in the API, `next_cursor` leads to newer blocks and `prev_cursor` to older ones.
  function blocks({ query }) {
    const limit = limitOf(query, BLOCK_LIMITS);
    const cursor = query.get("cursor");
    const from = cursor === null ? chain.tip : cursorBlock(cursor);
    const top = from.height - offsetOf(query);
    const results = [];
    for (let height = top; height > top - limit && chain.history.at(height) !== undefined; height -= 1) {
      results.push(chain.history.at(height));
    }
    const cursorAt = (height) => {
      const block = chain.history.at(height);
      return results.length === 0 || block === undefined ? null : prefixed(block.indexHash);
    };
    return ok({
      limit,
      offset: offsetOf(query),
      total: chain.history.length,
      next_cursor: cursorAt(top + limit),
      prev_cursor: cursorAt(top - limit),
      cursor: cursorAt(top),
      results: results.map(shownBlock),
    });
  }

  function cursorBlock(cursor) {
    if (!/^0x[0-9a-f]{64}$/i.test(cursor)) {
      throw badRequest('querystring/cursor must match pattern "^0x[a-fA-F0-9]{64}$"');
    }
    const block = chain.history.byHash(cursor.slice(2).toLowerCase());
    if (block === undefined) {
      throw notFound("Cursor not found");
    }
    return block;
  }

  function logs({ params, query }) {
    const limit = limitOf(query, LOG_LIMITS);
    const offset = offsetOf(query);
    const all = chain.history.logs(params.contract);
    const cursor = query.get("cursor");
    let top = all.length - 1;
    if (cursor !== null) {
      if (!/^\d+:\d+:\d+:\d+$/.test(cursor)) {
        throw badRequest('querystring/cursor must match pattern "^[0-9]+:[0-9]+:[0-9]+:[0-9]+$"');
      }
      top = indexOfCursor(all, cursor);
      if (top < 0) {
        throw notFound("Cursor not found");
      }
    }
    top -= offset;
    const results = top < 0 ? [] : all.slice(Math.max(0, top - limit + 1), top + 1).reverse();
    const cursorAt = (index) =>
      results.length === 0 || all[index] === undefined ? null : logKey(all[index]);
    return ok({
      limit,
      offset,
      total: all.length,
      next_cursor: cursorAt(top + limit),
      prev_cursor: cursorAt(top - limit),
      cursor: cursorAt(top),
      results: results.map((log) => shownLog(log, params.contract)),
    });
  }

  function principalOf({ principal }) {
    try {
      return parsePrincipal(principal);
    } catch (error) {
      throw badRequest(error.message);
    }
  }

  function stxBalance({ params }) {
    const principal = principalOf(params);
    const balance = chain.balance(principal);
    const { inbound, outbound } = pendingStx(principal);
    const moves = inbound > 0n || outbound > 0n;
    return ok({
      balance: `${balance}`,
      available: `${balance}`,
      locked: null,
      mempool: moves
        ? {
            estimated_balance: `${balance + inbound - outbound}`,
            inbound: `${inbound}`,
            outbound: `${outbound}`,
          }
        : null,
    });
  }

  function pendingStx(principal) {
    let inbound = 0n;
    let outbound = 0n;
    for (const { tx } of chain.mempool.entries()) {
      const amount = tx.payload.type === "token_transfer" ? tx.payload.amount : 0n;
      inbound += tx.payload.recipient === principal ? amount : 0n;
      outbound += tx.origin.address === principal ? amount : 0n;
      outbound += tx.payer.address === principal ? tx.fee : 0n;
    }
    return { inbound, outbound };
  }

  function tokenBalances({ params, query }) {
    const limit = limitOf(query, TOKEN_LIMITS);
    const all = chain.history.ledger.holdings(principalOf(params));
    const key = ([asset, amount]) => `${amount}:${asset}`;
    const cursor = query.get("cursor");
    const start = cursor === null ? 0 : all.findIndex((holding) => key(holding) === cursor);
    if (start < 0) {
      throw notFound("Cursor not found");
    }
    const results = all.slice(start, start + limit);
    const cursorAt = (index) => (all[index] === undefined ? null : key(all[index]));
    return ok({
      total: all.length,
      limit,
      cursor: {
        next: cursorAt(start + limit),
        previous: start === 0 ? null : cursorAt(Math.max(0, start - limit)),
        current: cursorAt(start),
      },
      results: results.map(([asset_identifier, amount]) => ({ asset_identifier, balance: `${amount}` })),
    });
  }

  function tokenBalance({ params }) {
    const { asset } = params;
    if (!ASSET.test(asset)) {
      throw badRequest("params/asset_identifier is no asset identifier");
    }
    const balance = chain.history.ledger.balance(asset, principalOf(params));
    return ok({ asset_identifier: asset, balance: `${balance}` });
  }

  return [
    route("GET", "/extended", status),
    route("GET", "/extended/v2/blocks", blocks),
    route("GET", "/extended/v2/blocks/:block", ({ params }) => ok(shownBlock(blockOf(chain, params.block)))),
    route("GET", "/extended/v2/smart-contracts/:contract/logs", logs),
    route("GET", "/extended/v3/principals/:principal/balances/stx", stxBalance),
    route("GET", "/extended/v3/principals/:principal/balances/ft", tokenBalances),
    route("GET", "/extended/v3/principals/:principal/balances/ft/:asset", tokenBalance),
  ];
}
