// The control paths: what only a devnet can do.
import { ACCOUNTS } from "./accounts.mjs";
import { parsePrincipal } from "./admission.mjs";
import { ForkError } from "./chain.mjs";
import { FaultError } from "./faults.mjs";
import { SBTC_ASSET, SBTC_CONTRACT } from "./genesis.mjs";
import { HttpError, jsonBody, ok, route } from "./http.mjs";
import { decodeTransaction } from "./transaction.mjs";

const BURN_LIMIT = 2_000;
const BLOCK_LIMIT = 1_000;
const HEX = /^(0x)?([0-9a-f]{2})+$/i;
const TXID = /^(0x)?[0-9a-f]{64}$/i;

function refuse(message, facts = {}) {
  throw new HttpError(400, { error: message, ...facts });
}

// Only a page of this very origin can send JSON without a preflight, and a preflight is never granted here.
function fields({ headers, body }, allowed) {
  if (!(headers["content-type"] ?? "").startsWith("application/json")) {
    throw new HttpError(415, { error: "Content-Type is application/json" });
  }
  const value = jsonBody(body);
  for (const name of Object.keys(value)) {
    if (!allowed.includes(name)) {
      refuse(`unknown field ${name}: ${allowed.join(" ")} are known`);
    }
  }
  return value;
}

function whole(value, name, low, high) {
  if (!Number.isInteger(value) || value < low || value > high) {
    refuse(`${name} is a whole number from ${low} to ${high}`);
  }
  return value;
}

function hexList(value, name, form) {
  if (!Array.isArray(value) || !value.every((text) => typeof text === "string" && form.test(text))) {
    refuse(`${name} is a list of hex`);
  }
  return value.map((text) => text.replace(/^0x/i, "").toLowerCase());
}

const prefixed = (txids) => txids.map((txid) => `0x${txid}`);

export function controlRoutes({ chain, faults, server, intervals }) {
  const tip = () => ({
    burn_height: chain.tip.burnHeight,
    block_height: chain.tip.height,
    block_hash: `0x${chain.tip.hash}`,
    index_block_hash: `0x${chain.tip.indexHash}`,
  });

  function accounts() {
    const items = ACCOUNTS.map(({ name, address, privateKey }) => ({
      name,
      address,
      private_key: privateKey,
      stx_ustx: Number(chain.balance(address)),
      sbtc_sats: Number(chain.history.ledger.balance(SBTC_ASSET, address)),
    }));
    return ok({ items, sbtc_token: SBTC_CONTRACT });
  }

  function mine(asked) {
    const { count, burn = 0 } = fields(asked, ["count", "burn"]);
    const blocks = whole(count ?? (burn === 0 ? 1 : 0), "count", 0, BLOCK_LIMIT);
    const mined = chain.mine({ blocks, burn: whole(burn, "burn", 0, BURN_LIMIT) });
    const txids = mined.flatMap(({ txs }) => txs.map(({ txid }) => txid));
    return ok({ ...tip(), mined: prefixed(txids) });
  }

  function mint(asked) {
    const { address, stx_ustx = 0, sbtc_sats = 0 } = fields(asked, ["address", "stx_ustx", "sbtc_sats"]);
    try {
      parsePrincipal(String(address));
    } catch (error) {
      refuse(error.message);
    }
    const amounts = [
      ["stx", whole(stx_ustx, "stx_ustx", 0, 1e15)],
      ["sbtc", whole(sbtc_sats, "sbtc_sats", 0, 1e15)],
    ].filter(([, amount]) => amount > 0);
    if (amounts.length === 0) {
      refuse("nothing to mint: stx_ustx or sbtc_sats is wanted");
    }
    chain.mint(amounts.map(([asset, amount]) => ({ asset, address, amount: `${amount}` })));
    return ok(tip());
  }

  function included(list) {
    return hexList(list, "include", HEX).map((hex) => {
      try {
        return decodeTransaction(Buffer.from(hex, "hex"));
      } catch (error) {
        return refuse(`include: ${error.message}`);
      }
    });
  }

  function fork(asked) {
    const {
      height,
      depth,
      requeue = true,
      include = [],
      salt,
    } = fields(asked, ["height", "depth", "requeue", "include", "salt"]);
    if ((height === undefined) === (depth === undefined)) {
      refuse("one of height and depth is wanted");
    }
    if (typeof requeue !== "boolean" || (salt !== undefined && typeof salt !== "string")) {
      refuse("requeue is true or false, salt a text");
    }
    const target = height ?? chain.tip.height - whole(depth, "depth", 1, Number.MAX_SAFE_INTEGER);
    const txs = included(include);
    try {
      const done = chain.fork({ height: target, requeue, include: txs, salt });
      return ok({
        ...tip(),
        fork_height: done.height,
        orphaned: prefixed(done.orphaned),
        included: prefixed(done.included),
        refused: done.refused.map(({ txid, reason }) => ({ txid: `0x${txid}`, reason })),
      });
    } catch (error) {
      if (error instanceof ForkError) {
        throw new HttpError(422, { error: error.message, largest_depth: error.largestDepth });
      }
      throw error;
    }
  }

  function drop(asked) {
    const { txids = [] } = fields(asked, ["txids"]);
    return ok({ dropped: prefixed(chain.drop(hexList(txids, "txids", TXID))) });
  }

  function floor() {
    chain.raiseFloor();
    return ok({ ...tip(), floor_height: chain.floor });
  }

  function faultState() {
    return ok({ rules: faults.rules, mining: faults.mining });
  }

  function setFaults(asked) {
    const { rules = [], mining = true } = fields(asked, ["rules", "mining"]);
    if (typeof mining !== "boolean") {
      refuse("mining is true or false");
    }
    try {
      faults.set(rules);
    } catch (error) {
      if (error instanceof FaultError) {
        refuse(error.message);
      }
      throw error;
    }
    faults.mining = mining;
    return faultState();
  }

  function clearFaults() {
    faults.set([]);
    faults.mining = true;
    return faultState();
  }

  return [
    route("GET", "/devnet/accounts", accounts),
    route("GET", "/devnet/stats", () => ok({ ...chain.stats(), ...intervals, requests: server().requests })),
    route("POST", "/devnet/mine", mine),
    route("POST", "/devnet/mint", mint),
    route("POST", "/devnet/fork", fork),
    route("POST", "/devnet/drop", drop),
    route("POST", "/devnet/floor", floor),
    route("GET", "/devnet/faults", faultState),
    route("POST", "/devnet/faults", setFaults),
    route("DELETE", "/devnet/faults", clearFaults),
  ];
}
