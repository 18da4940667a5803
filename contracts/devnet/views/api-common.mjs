// What the API's paths share: errors, limits, how blocks and transactions are named.
import { HttpError } from "../http.mjs";

const failure = (statusCode, error) => (message) => new HttpError(statusCode, { statusCode, error, message });

export const notFound = failure(404, "Not Found");
export const badRequest = failure(400, "Bad Request");

/** Read `limit`; outside its bounds is a 400, as the API answers. */
export function limitOf(query, { usual, highest }) {
  const text = query.get("limit");
  if (text === null) {
    return usual;
  }
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > highest) {
    throw badRequest(`querystring/limit must be from 1 to ${highest}`);
  }
  return limit;
}

export function offsetOf(query) {
  const text = query.get("offset") ?? "0";
  if (!/^\d{1,9}$/.test(text)) {
    throw badRequest("querystring/offset must be a whole number");
  }
  return Number(text);
}

export function txidOf(text) {
  if (!/^(0x)?[0-9a-f]{64}$/i.test(text)) {
    throw badRequest('params/tx_id must match pattern "^(0x)?[a-fA-F0-9]{64}$"');
  }
  return text.replace(/^0x/i, "").toLowerCase();
}

/** Find a canonical block by `latest`, hash, index hash or height. */
export function blockOf(chain, name) {
  if (name === "latest") {
    return chain.tip;
  }
  let block;
  if (/^(0x)?[0-9a-f]{64}$/i.test(name)) {
    block = chain.history.byHash(name.replace(/^0x/i, "").toLowerCase());
  } else if (/^\d{1,15}$/.test(name)) {
    block = chain.history.at(Number(name));
  } else {
    throw badRequest("Invalid block height or hash");
  }
  if (block === undefined) {
    throw notFound("Block not found");
  }
  return block;
}
