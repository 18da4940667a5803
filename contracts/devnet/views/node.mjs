// The node's own paths: transactions in, accounts, fees, read-only calls, contracts.
import { hex128, parsePrincipal } from "../admission.mjs";
import { NONE, parseValue } from "../clarity.mjs";
import { HttpError, jsonBody, ok, route } from "../http.mjs";
import { DecodeError, decodeTransaction } from "../transaction.mjs";
import { VmError } from "../vm.mjs";

const TXID = /^(0x)?[0-9a-f]{64}$/i;
const HEX = /^(0x)?([0-9a-f]{2})+$/i;
const NAME = /^[a-zA-Z]([a-zA-Z0-9]|[-_!?+<>=/*])*$/;
const FEE_SAMPLE_BLOCKS = 50;
// The shares of paid rates that the three estimates stand for.
const FEE_LEVELS = [0.05, 0.5, 0.95];

const text = (status, message) => new HttpError(status, message);

function principalOf(value) {
  try {
    return parsePrincipal(value);
  } catch {
    throw text(400, `Failed to parse principal: ${value.slice(0, 200)}`);
  }
}

function txidOf(value) {
  if (!TXID.test(value)) {
    throw text(400, "Invalid transaction ID");
  }
  return value.replace(/^0x/i, "").toLowerCase();
}

export const contractOf = ({ address, contract }) => principalOf(`${address}.${contract}`);

function rawOf({ headers, body }) {
  if (!(headers["content-type"] ?? "").startsWith("application/json")) {
    return body;
  }
  const { tx } = jsonBody(body);
  if (typeof tx !== "string" || !HEX.test(tx)) {
    throw text(400, "Failed to decode: tx is not hex");
  }
  return Buffer.from(tx.replace(/^0x/i, ""), "hex");
}

export function nodeRoutes(chain) {
  const proved = (query, names) =>
    query.get("proof") === "0" ? {} : Object.fromEntries(names.map((name) => [name, "0x"]));

  function submit(asked) {
    try {
      const raw = rawOf(asked);
      return ok(asked.forget ? decodeTransaction(raw).txid : chain.submit(raw));
    } catch (error) {
      throw error instanceof DecodeError ? text(400, `Failed to decode: ${error.message}`) : error;
    }
  }

  function account({ params, query }) {
    const principal = principalOf(params.principal);
    const { value } = parseValue(chain.vm.evaluate(`(stx-account '${principal})`)).value;
    return ok({
      balance: hex128(BigInt(value.unlocked.value)),
      locked: hex128(BigInt(value.locked.value)),
      unlock_height: Number(value["unlock-height"].value),
      nonce: chain.nonce(principal),
      ...proved(query, ["balance_proof", "nonce_proof"]),
    });
  }

  function callRead({ params, body }) {
    const contract = contractOf(params);
    const { sender, arguments: args } = jsonBody(body);
    if (typeof sender !== "string" || !Array.isArray(args)) {
      throw text(400, "Failed to decode: sender and arguments are wanted");
    }
    let values;
    try {
      values = args.map((hex) => parseValue(hex).bytes);
    } catch (error) {
      throw text(400, `Failed to decode: ${error.message}`);
    }
    return ok(readOnly(contract, params.fn, values, principalOf(sender)));
  }

  function readOnly(contract, name, args, sender) {
    const declared = chain.interface(contract)?.functions.find((each) => each.name === name);
    if (chain.interface(contract) === undefined) {
      return { okay: false, cause: `Unchecked(NoSuchContract("${contract}"))` };
    }
    if (declared === undefined || declared.access === "private") {
      return { okay: false, cause: `Unchecked(UndefinedFunction("${name}"))` };
    }
    if (declared.access === "public") {
      return { okay: false, cause: "NotReadOnly" };
    }
    try {
      return { okay: true, result: chain.vm.callReadOnly(contract, name, args, sender) };
    } catch (error) {
      if (error instanceof VmError) {
        return { okay: false, cause: error.message.split("\n")[0] };
      }
      throw error;
    }
  }

  // Rates paid in the last blocks, per byte; where nothing was mined, the node's floor.
  function paidRates() {
    const rates = [];
    const { height } = chain.tip;
    for (let at = height; at > Math.max(height - FEE_SAMPLE_BLOCKS, chain.history.genesis.height); at -= 1) {
      rates.push(...chain.history.at(at).txs.map(({ fee, raw }) => Number(fee) / raw.length));
    }
    return rates.sort((a, b) => a - b);
  }

  function estimateFee({ body }) {
    const { transaction_payload: payload, estimated_len: given } = jsonBody(body);
    if (typeof payload !== "string" || !HEX.test(payload)) {
      throw text(400, "Failed to decode: transaction_payload is not hex");
    }
    const length = Math.max(payload.replace(/^0x/i, "").length / 2, Number.isInteger(given) ? given : 0);
    const rates = paidRates();
    const estimations = FEE_LEVELS.map((level) => {
      const rate = Math.max(1, rates[Math.floor(level * (rates.length - 1))] ?? 1);
      return { fee_rate: rate, fee: Math.ceil(rate * length) };
    });
    // The VM runs without cost tracking, which would make mining three times slower.
    const cost = { read_count: 0, read_length: 0, runtime: 0, write_count: 0, write_length: 0 };
    return ok({
      estimated_cost: cost,
      estimated_cost_scalar: length,
      cost_scalar_change_by_byte: 1,
      estimations,
    });
  }

  function transaction({ params }) {
    const found = chain.history.find(txidOf(params.txid));
    if (found === undefined) {
      throw text(404, "Transaction not found");
    }
    const { block, tx, receipt } = found;
    return ok({
      index_block_hash: block.indexHash,
      tx: tx.raw.toString("hex"),
      result: receipt.result.slice(2),
      block_height: block.height,
      is_canonical: true,
    });
  }

  function unconfirmed({ params }) {
    const entry = chain.mempool.get(txidOf(params.txid));
    if (entry === undefined) {
      throw text(404, "Transaction not found");
    }
    return ok({ tx: entry.tx.raw.toString("hex"), status: "Mempool" });
  }

  function contractInterface({ params }) {
    const found = chain.interface(contractOf(params));
    if (found === undefined) {
      throw text(404, "No contract interface data found");
    }
    return ok(found);
  }

  function source({ params, query }) {
    const contract = contractOf(params);
    const found = chain.vm.source(contract);
    if (found === undefined) {
      throw text(404, "No contract source data found");
    }
    return ok({ source: found, publish_height: publishHeight(contract), ...proved(query, ["marf_proof"]) });
  }

  function publishHeight(contract) {
    const { history } = chain;
    for (let height = history.tip.height; height > history.genesis.height; height -= 1) {
      const { txs, receipts } = history.at(height);
      const made = (tx, index) =>
        tx.payload.type === "smart_contract" &&
        tx.contractId === contract &&
        receipts[index].status === "success";
      if (txs.some(made)) {
        return height;
      }
    }
    return history.genesis.height;
  }

  function declared(kind, { params, query }) {
    const contract = contractOf(params);
    const list = chain.interface(contract)?.[kind] ?? [];
    if (!NAME.test(params.name) || !list.some(({ name }) => name === params.name)) {
      throw text(404, "Data not found");
    }
    return { contract, proof: proved(query, ["proof"]) };
  }

  function mapEntry(asked) {
    const { contract, proof } = declared("maps", asked);
    let key;
    try {
      key = parseValue(JSON.parse(asked.body.toString("utf8"))).bytes;
    } catch {
      throw text(400, "Failed to decode: the body is a JSON string, the hex of the key");
    }
    // The VM tells an unknown map from an absent entry in no way; the map was found to exist above.
    try {
      return ok({ data: chain.vm.mapEntry(contract, asked.params.name, key), ...proof });
    } catch (error) {
      if (error instanceof VmError) {
        return ok({ data: NONE, ...proof });
      }
      throw error;
    }
  }

  function dataVar(asked) {
    const { contract, proof } = declared("variables", asked);
    return ok({ data: chain.vm.dataVar(contract, asked.params.name), ...proof });
  }

  return [
    route("POST", "/v2/transactions", submit),
    route("GET", "/v2/accounts/:principal", account),
    route("POST", "/v2/contracts/call-read/:address/:contract/:fn", callRead),
    route("POST", "/v3/contracts/fast-call-read/:address/:contract/:fn", callRead),
    route("POST", "/v2/fees/transaction", estimateFee),
    route("GET", "/v2/fees/transfer", () => ok(1)),
    route("GET", "/v3/transaction/:txid", transaction),
    route("GET", "/v2/transactions/unconfirmed/:txid", unconfirmed),
    route("GET", "/v2/contracts/interface/:address/:contract", contractInterface),
    route("GET", "/v2/contracts/source/:address/:contract", source),
    route("POST", "/v2/map_entry/:address/:contract/:name", mapEntry),
    route("GET", "/v2/data_var/:address/:contract/:name", dataVar),
  ];
}
