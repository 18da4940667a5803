// The node's paths about the chain itself: info, health, blocks, tenures, sortitions, PoX.

import { hash160, sha512t } from "../hashes.mjs";
import { burnHash, consensusHash } from "../history.mjs";
import { HttpError, ok, route } from "../http.mjs";
import { SDK_VERSION } from "../sdk.mjs";
import { TESTNET_CHAIN_ID } from "../transaction.mjs";

const NODE_KEY = `02${"00".repeat(31)}01`;
const CYCLE = 1_050;
const PREPARE = 50;

/** Serialise a Nakamoto block; devnet blocks carry no miner's and no signers' signatures. */
export function serialiseBlock(block) {
  const header = Buffer.alloc(1 + 8 + 8);
  header.writeUInt8(0, 0);
  header.writeBigUInt64BE(BigInt(block.height), 1);
  header.writeBigUInt64BE(0n, 9);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(block.time));
  const count = Buffer.alloc(4);
  count.writeUInt32BE(block.txs.length);
  return Buffer.concat([
    header,
    Buffer.from(consensusHash(block.burnHeight), "hex"),
    Buffer.from(block.parentIndex, "hex"),
    merkleRoot(block.txs),
    Buffer.from(block.hash, "hex"),
    time,
    Buffer.alloc(65),
    Buffer.alloc(4),
    Buffer.from([0, 1, 0, 0, 0, 1, 0xff]),
    count,
    ...block.txs.map(({ raw }) => raw),
  ]);
}

// Leaves are tagged 0, inner nodes 1, an odd last node is paired with itself.
function merkleRoot(txs) {
  let level = txs.map(({ txid }) => sha512t(Buffer.from([0]), Buffer.from(txid, "hex")));
  if (level.length === 0) {
    return Buffer.alloc(32);
  }
  while (level.length > 1) {
    level = level
      .filter((_, index) => index % 2 === 0)
      .map((left, index) => sha512t(Buffer.from([1]), left, level[2 * index + 1] ?? left));
  }
  return level[0];
}

export function nodeChainRoutes(chain) {
  function info() {
    const { tip } = chain;
    const { genesis } = chain.history;
    return ok({
      peer_version: 4_207_599_117,
      pox_consensus: consensusHash(tip.burnHeight),
      burn_block_height: tip.burnHeight,
      stable_pox_consensus: consensusHash(Math.max(0, tip.burnHeight - 7)),
      stable_burn_block_height: Math.max(0, tip.burnHeight - 7),
      server_version: `bithedge-devnet (clarinet-sdk ${SDK_VERSION})`,
      network_id: TESTNET_CHAIN_ID,
      parent_network_id: 3_669_344_250,
      stacks_tip_height: tip.height,
      stacks_tip: tip.hash,
      stacks_tip_consensus_hash: consensusHash(tip.burnHeight),
      genesis_chainstate_hash: genesis.hash,
      tenure_height: tip.tenure,
      is_fully_synced: true,
      unanchored_tip: null,
      unanchored_seq: null,
      exit_at_block_height: null,
      node_public_key: NODE_KEY,
      node_public_key_hash: hash160(Buffer.from(NODE_KEY, "hex")).toString("hex"),
      last_pox_anchor: null,
      stackerdbs: [],
    });
  }

  function health() {
    const { height } = chain.tip;
    return ok({
      difference_from_max_peer: 0,
      max_stacks_height_of_neighbors: height,
      node_stacks_tip_height: height,
    });
  }

  function block({ params }) {
    const found = /^\d+$/.test(params.height) ? chain.history.at(Number(params.height)) : undefined;
    if (found === undefined) {
      throw new HttpError(404, "No such block");
    }
    return ok(serialiseBlock(found));
  }

  // The first block of a tenure, walking down from `block`.
  function tenureStart(block) {
    let start = block;
    while (start.burnAdvance === 0 && start.height > chain.history.genesis.height) {
      start = chain.history.at(start.height - 1);
    }
    return start;
  }

  function tenure() {
    const { tip } = chain;
    const start = tenureStart(tip);
    const parent = tenureStart(chain.history.at(start.height - 1) ?? start);
    return ok({
      consensus_hash: consensusHash(start.burnHeight),
      tenure_start_block_id: start.indexHash,
      parent_consensus_hash: consensusHash(parent.burnHeight),
      parent_tenure_start_block_id: parent.indexHash,
      tip_block_id: tip.indexHash,
      tip_height: tip.height,
      reward_cycle: Math.floor(tip.burnHeight / CYCLE),
    });
  }

  function sortitions() {
    const start = tenureStart(chain.tip);
    const parent = tenureStart(chain.history.at(start.height - 1) ?? start);
    return ok([
      {
        burn_block_hash: `0x${burnHash(start.burnHeight)}`,
        burn_block_height: start.burnHeight,
        burn_header_timestamp: start.burnTime,
        sortition_id: `0x${burnHash(start.burnHeight)}`,
        parent_sortition_id: `0x${burnHash(start.burnHeight - 1)}`,
        consensus_hash: `0x${consensusHash(start.burnHeight)}`,
        was_sortition: true,
        miner_pk_hash160: `0x${hash160(Buffer.from(NODE_KEY, "hex")).toString("hex")}`,
        stacks_parent_ch: `0x${consensusHash(parent.burnHeight)}`,
        last_sortition_ch: `0x${consensusHash(parent.burnHeight)}`,
        committed_block_hash: `0x${parent.hash}`,
      },
    ]);
  }

  function pox() {
    const { burnHeight } = chain.tip;
    const cycle = Math.floor(burnHeight / CYCLE);
    const toNext = (cycle + 1) * CYCLE - burnHeight;
    return ok({
      contract_id: "ST000000000000000000002AMW42H.pox-4",
      first_burnchain_block_height: 0,
      current_burnchain_block_height: burnHeight,
      reward_cycle_id: cycle,
      reward_cycle_length: CYCLE,
      prepare_cycle_length: PREPARE,
      prepare_phase_block_length: PREPARE,
      reward_phase_block_length: CYCLE - PREPARE,
      current_cycle: { id: cycle, min_threshold_ustx: 0, stacked_ustx: 0, is_pox_active: false },
      next_cycle: {
        id: cycle + 1,
        min_threshold_ustx: 0,
        stacked_ustx: 0,
        prepare_phase_start_block_height: burnHeight + toNext - PREPARE,
        blocks_until_prepare_phase: toNext - PREPARE,
        reward_phase_start_block_height: burnHeight + toNext,
        blocks_until_reward_phase: toNext,
        ustx_until_pox_rejection: null,
      },
      next_reward_cycle_in: toNext,
    });
  }

  return [
    route("GET", "/v2/info", info),
    route("GET", "/v3/health", health),
    route("GET", "/v3/blocks/height/:height", block),
    route("GET", "/v3/tenures/info", tenure),
    route("GET", "/v3/sortitions", sortitions),
    route("GET", "/v2/pox", pox),
  ];
}
