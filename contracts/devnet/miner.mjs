// One block in the VM: fees as real moves, runtime errors found and kept out, post-conditions judged.
import { Cl, serializeCVBytes } from "@stacks/transactions";

import { FAUCET, FEE_SINK } from "./accounts.mjs";
import { ERR_NONE, OK_TRUE } from "./clarity.mjs";
import { DEFAULT_CLARITY, mintSbtc, SBTC_CONTRACT } from "./genesis.mjs";
import { violation } from "./postconditions.mjs";
import { VmError } from "./vm.mjs";

/** The VM gave another answer than the block log holds: it is not the VM that wrote it. */
export class ReplayError extends Error {}

const isContract = (principal) => principal.includes(".");

// The VM's operations take plain numbers: all STX is below 2^53, and funds were checked.
const transfer = (amount, recipient, sender) => ({
  transferSTX: { amount: Number(amount), recipient, sender },
});

const PAYLOAD_OPERATIONS = {
  token_transfer: (tx) => transfer(tx.payload.amount, tx.payload.recipient, tx.origin.address),
  contract_call: ({ payload, origin }) => ({
    callPublicFn: {
      contract: payload.contract,
      method: payload.function,
      args_maps: payload.args.map(({ bytes }) => bytes),
      sender: origin.address,
    },
  }),
  smart_contract: ({ payload, origin }) => ({
    deployContract: {
      name: payload.name,
      content: payload.source,
      options: { clarityVersion: payload.clarityVersion ?? DEFAULT_CLARITY },
      sender: origin.address,
    },
  }),
};

/** The total of fees ever paid, in the VM's own books. */
export function feesPaid(vm) {
  return BigInt(vm.evaluate(`(stx-get-balance '${FEE_SINK})`).replace("0x01", "0x"));
}

// A contract's share goes through the faucet: `mint` for the wallet, an operation for the rest of the way.
function applyMints(vm, mints) {
  return mints.flatMap(({ asset, address, amount }) => {
    const target = isContract(address) ? FAUCET : address;
    if (asset === "stx") {
      vm.mintStx(target, BigInt(amount));
      return target === address ? [] : [transfer(amount, address, FAUCET)];
    }
    mintSbtc(vm, target, BigInt(amount));
    const args = [Cl.uint(amount), Cl.principal(FAUCET), Cl.principal(address), Cl.none()];
    const call = {
      contract: SBTC_CONTRACT,
      method: "transfer",
      args_maps: args.map((value) => serializeCVBytes(value)),
      sender: FAUCET,
    };
    return target === address ? [] : [{ callPublicFn: call }];
  });
}

/**
 * Run one block in the VM; return the answer of each entry's own operation, null where only its fee was taken.
 *
 * `entries` are `{tx, executed}`. A block advances the burn height or holds transactions, never both.
 */
function runBlock(vm, { burnAdvance, mints, entries }) {
  const before = applyMints(vm, mints);
  if (burnAdvance > 0) {
    if (before.length + entries.length > 0) {
      throw new TypeError("a block that advances the burn height holds nothing else");
    }
    vm.mineBurn(burnAdvance);
    return { fees: [], answers: [] };
  }
  const operations = [...before];
  const places = entries.map(({ tx, executed }) => {
    operations.push(transfer(tx.fee, FEE_SINK, tx.payer.address));
    const fee = operations.length - 1;
    if (executed) {
      operations.push(PAYLOAD_OPERATIONS[tx.payload.type](tx));
    }
    return { fee, own: executed ? operations.length - 1 : null };
  });
  if (operations.length === 0) {
    vm.mineEmpty();
    return { fees: [], answers: [] };
  }
  const results = vm.mine(operations);
  return {
    fees: places.map(({ fee }) => results[fee].result === OK_TRUE),
    answers: places.map(({ own }) => (own === null ? null : results[own])),
  };
}

const isErr = (hex) => hex.startsWith("0x08");

// The VM's operation has no memo, and a deployment's answer is that of its last expression.
function receiptOf(tx, answer) {
  if (tx.payload.type === "smart_contract") {
    return { status: "success", executed: true, result: OK_TRUE, events: answer.events, error: null };
  }
  if (isErr(answer.result)) {
    return { status: "abort_by_response", executed: true, result: answer.result, events: [], error: null };
  }
  const memo = tx.payload.memo?.toString("hex");
  const events =
    memo === undefined
      ? answer.events
      : answer.events.map(({ event, data }) => ({ event, data: { ...data, memo } }));
  return { status: "success", executed: true, result: answer.result, events, error: null };
}

function aborted(status, result, error) {
  return { status, executed: false, result, events: [], error };
}

/** Makes blocks on a VM whose memory can be set back. */
export class Miner {
  #vm;
  #memory;

  constructor(vm, memory) {
    this.#vm = vm;
    this.#memory = memory;
  }

  /**
   * Mine one block of `txs`; return `{entries, refused}`, entries being `{tx, receipt}`.
   *
   * The block is run until all in it succeeds or is known to fail, from the same state each time. Refused are
   * those that cannot be in a block at all: `unpaid` whose payer has not the fee any more, `invalid` the rest.
   */
  mine({ burnAdvance = 0, mints = [], txs = [] }) {
    const refused = [];
    const failures = new Map();
    let rest = this.#withoutInvalid(txs, refused);
    for (;;) {
      const entries = rest.map((tx) => ({ tx, executed: !failures.has(tx.txid) }));
      const feesBefore = feesPaid(this.#vm);
      try {
        const { fees, answers } = runBlock(this.#vm, { burnAdvance, mints, entries });
        const unpaid = fees.indexOf(false);
        if (unpaid >= 0) {
          refused.push({ tx: rest[unpaid], reason: "unpaid" });
          rest = rest.filter((_, index) => index !== unpaid);
        } else {
          const receipts = rest.map((tx, index) => failures.get(tx.txid) ?? receiptOf(tx, answers[index]));
          const failed = this.#firstViolation(rest, receipts);
          if (failed === null) {
            return { entries: rest.map((tx, index) => ({ tx, receipt: receipts[index] })), refused };
          }
          failures.set(failed.txid, failed.receipt);
        }
      } catch (error) {
        if (!(error instanceof VmError) || rest.length === 0) {
          throw error;
        }
        rest = this.#onFault(error, { rest, failures, refused, feesBefore, mints });
      }
      this.#setBack();
    }
  }

  /** Run a block again as it was mined; throws ReplayError where the VM answers otherwise. */
  replay({ burnAdvance, mints, txs, receipts }) {
    const entries = txs.map((tx, index) => ({ tx, executed: receipts[index].executed }));
    const { answers } = runBlock(this.#vm, { burnAdvance, mints, entries });
    answers.forEach((answer, index) => {
      const { txid } = txs[index];
      if (answer !== null && receiptOf(txs[index], answer).result !== receipts[index].result) {
        throw new ReplayError(`transaction ${txid} answered ${answer.result}, not ${receipts[index].result}`);
      }
    });
  }

  // Post-conditions on a transfer make it invalid; so does a contract that has come to exist meanwhile.
  #withoutInvalid(txs, refused) {
    const made = new Set();
    return txs.filter((tx) => {
      const deploys = tx.payload.type === "smart_contract";
      const invalid =
        (tx.payload.type === "token_transfer" && tx.postConditions.length > 0) ||
        (deploys && (made.has(tx.contractId) || this.#vm.source(tx.contractId) !== undefined));
      if (invalid) {
        refused.push({ tx, reason: "invalid" });
      } else if (deploys) {
        made.add(tx.contractId);
      }
      return !invalid;
    });
  }

  #firstViolation(txs, receipts) {
    for (const [index, tx] of txs.entries()) {
      const { status, result, events } = receipts[index];
      if (status !== "success" || tx.payload.type === "token_transfer") {
        continue;
      }
      const error = violation(tx, events);
      if (error !== null) {
        return { txid: tx.txid, receipt: aborted("abort_by_post_condition", result, error) };
      }
    }
    return null;
  }

  // What was applied before the fault still stands, so the fees that arrived name the culprit: all fees are
  // positive, and its own is taken just before it. That fails where a fee before it could not be paid, and after
  // a crash the VM cannot even be asked: then the shortest prefix that faults ends with the culprit.
  #onFault(error, { rest, failures, refused, feesBefore, mints }) {
    const named = error.crashed ? null : this.#namedByFees(rest, feesBefore);
    const culprit = named ?? this.#endOfShortestFault(rest, failures, mints);
    if (error.crashed) {
      refused.push({ tx: culprit, reason: "invalid" });
      return rest.filter((tx) => tx !== culprit);
    }
    failures.set(culprit.txid, aborted("abort_by_response", ERR_NONE, error.message));
    return rest;
  }

  #namedByFees(txs, feesBefore) {
    let left = feesPaid(this.#vm) - feesBefore;
    for (const tx of txs) {
      left -= tx.fee;
      if (left === 0n) {
        return tx;
      }
    }
    return null;
  }

  #endOfShortestFault(txs, failures, mints) {
    let low = 1;
    let high = txs.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      this.#setBack();
      const entries = txs.slice(0, middle).map((tx) => ({ tx, executed: !failures.has(tx.txid) }));
      if (this.#faults({ burnAdvance: 0, mints, entries })) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return txs[low - 1];
  }

  #faults(block) {
    try {
      runBlock(this.#vm, block);
      return false;
    } catch (error) {
      if (error instanceof VmError) {
        return true;
      }
      throw error;
    }
  }

  #setBack() {
    this.#memory.revert();
    this.#vm.forget();
  }
}
