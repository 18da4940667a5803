"""Reads canonical blocks from a node, with what our contracts printed in them."""

from collections.abc import Sequence

from bithedge.domain.facts import CallOfOurs, MinedBlock, MinedTransaction
from bithedge.domain.ids import Txid
from bithedge.domain.money import Height
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.facts import ContractLog, facts_of
from bithedge.protocol.relayed import seen_at_node
from bithedge.stacks.errors import CursorGoneError, NodeError
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.node_types import Block, NodeTransaction
from bithedge.stacks.ports import Node


class BranchLeftError(NodeError):
    """The chain moved to another branch while we read: begin again from its tip."""

    code = "branch_left"


async def named_transactions(node: Node, deployment: Deployment, from_height: int) -> frozenset[str]:
    """Return the ids of all transactions from `from_height` on in which one of our contracts printed.

    A call's target would not do: anybody's contract may settle.

    Raises:
        NodeError: the node does not answer, or left its branch meanwhile.
    """
    named: set[str] = set()
    for contract in (deployment.registry, deployment.pool):
        cursor: str | None = None
        while True:
            try:
                page = await node.contract_logs(contract, cursor)
            except CursorGoneError as error:
                raise BranchLeftError("a log's place is gone", retryable=True) from error
            named.update(entry.tx_id for entry in page.results)
            cursor = page.prev_cursor
            if cursor is None or _height_of(cursor) < from_height:
                break
    return frozenset(named)


async def read_block(node: Node, deployment: Deployment, block: Block, named: frozenset[str]) -> MinedBlock:
    """Return a block with its transactions and facts.

    Raises:
        NodeError: the node does not answer, or left this block's branch meanwhile.
        ClarityError: one of our contracts printed what this release cannot read.
    """
    transactions: Sequence[NodeTransaction] = ()
    if block.tx_count:
        found = await node.block_transactions(block.height)
        # Another block of this height may hold fewer, or none: then nothing in the list would give it away.
        if found is None or len(found) != block.tx_count or any(not _in(block, one) for one in found):
            raise BranchLeftError("the block is no longer canonical", retryable=True)
        transactions = found
    mined = MinedBlock(
        block_height=block.height,
        burn_height=Height(block.burn_block_height),
        hash=block.index_block_hash,
        parent_hash=block.parent_index_block_hash,
        at_ms=block.block_time * 1_000,
        transactions=tuple([await _mined(node, deployment, one, named) for one in transactions]),
    )
    if transactions and not await _is_canonical(node, block):
        # A transaction's events are asked for by its id alone: they may be those of another branch.
        raise BranchLeftError("the block was left while it was read", retryable=True)
    return mined


async def _mined(
    node: Node, deployment: Deployment, transaction: NodeTransaction, named: frozenset[str]
) -> MinedTransaction:
    txid, call = Txid(transaction.tx_id), _call(deployment, transaction)
    if not transaction.succeeded:
        reason = transaction.vm_error or _result(transaction) or transaction.status
        return MinedTransaction(
            txid=txid, succeeded=False, reason=f"{transaction.status}: {reason}", call=call
        )
    if transaction.tx_id not in named:
        return MinedTransaction(txid=txid, succeeded=True, call=call)
    events = await node.transaction_events(transaction.tx_id)
    logs = [
        ContractLog(event.contract_log.contract_id, from_hex(event.contract_log.value.hex))
        for event in events
        if event.contract_log is not None and event.contract_log.topic == "print"
    ]
    if not logs:
        raise BranchLeftError("a transaction's events are gone", retryable=True)
    return MinedTransaction(txid=txid, succeeded=True, facts=facts_of(logs, deployment), call=call)


def _call(deployment: Deployment, transaction: NodeTransaction) -> CallOfOurs | None:
    seen = seen_at_node(deployment, transaction)
    if seen is None:
        return None
    return CallOfOurs(
        address=seen.address,
        nonce=seen.nonce,
        fee=seen.fee,
        contract_id=seen.contract_id,
        function=seen.function,
        withdrawal_id=seen.withdrawal_id,
        policy_ids=seen.policy_ids,
    )


async def _is_canonical(node: Node, block: Block) -> bool:
    there = await node.block(block.height)
    return there is not None and there.index_block_hash == block.index_block_hash


def _in(block: Block, transaction: NodeTransaction) -> bool:
    return transaction.block is not None and transaction.block.index_hash == block.index_block_hash


def _result(transaction: NodeTransaction) -> str | None:
    return None if transaction.result is None else transaction.result.repr


def _height_of(cursor: str) -> int:
    """Read the height that a log cursor begins with: `height:microblock:transaction:event`."""
    head = cursor.partition(":")[0]
    if not head.isdigit():
        raise NodeError(f"a log cursor without a height: {cursor[:40]!r}", retryable=False)
    return int(head)
