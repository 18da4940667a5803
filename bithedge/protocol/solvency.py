"""What the chain says of the pool's money, call by call, so that anyone can ask a node of his own."""

from collections.abc import Sequence

import msgspec

from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.ids import Hex
from bithedge.domain.money import Height, Sats
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.following import BranchLeftError
from bithedge.stacks.clarity import ClarityValue, Principal, serialise_hex
from bithedge.stacks.clarity_python import as_ok, as_tuple, as_uint
from bithedge.stacks.node_types import Block
from bithedge.stacks.ports import Node


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A read-only call with its answer, as serialised Clarity values."""

    contract_id: str
    function: str
    arguments: tuple[Hex, ...]
    result: Hex


class Solvency(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one block."""

    burn_height: Height
    block_hash: str
    """The index block hash, as everywhere."""
    totals: VaultTotals
    vault: Sats
    """What the pool's contract holds by the token's word."""
    reads: tuple[Read, ...]


async def read_solvency(node: Node, deployment: Deployment) -> Solvency:
    """Return what the node's tip says of the pool.

    Raises:
        BranchLeftError: the tip moved meanwhile; ask again.
        NodeError: the node does not answer.
        ClarityError: it answers with what no pool of ours would.
    """
    tip = await _tip(node)
    reads: list[Read] = []

    async def ask(contract_id: str, function: str, arguments: Sequence[ClarityValue] = ()) -> ClarityValue:
        result = await node.call_read(contract_id, function, arguments, sender=deployment.deployer)
        reads.append(
            Read(
                contract_id=contract_id,
                function=function,
                arguments=tuple(Hex(serialise_hex(argument)) for argument in arguments),
                result=Hex(serialise_hex(result)),
            )
        )
        return result

    vault = as_uint(
        as_ok(await ask(deployment.sbtc_token, "get-balance", [Principal.parse(deployment.pool)]))
    )
    totals = as_tuple(await ask(deployment.pool, "get-pool-totals"))
    await ask(deployment.pool, "get-liabilities")
    await ask(deployment.registry, "get-policy-count")
    if (await _tip(node)).index_block_hash != tip.index_block_hash:
        raise BranchLeftError("the chain moved while it was read", retryable=True)
    names = VaultTotals.__struct_fields__
    return Solvency(
        burn_height=Height(tip.burn_block_height),
        block_hash=tip.index_block_hash,
        totals=VaultTotals(**{name: Sats(as_uint(totals[name])) for name in names}),
        vault=Sats(vault),
        reads=tuple(reads),
    )


async def _tip(node: Node) -> Block:
    tip = await node.block("latest")
    if tip is None:
        raise BranchLeftError("the node has no block yet", retryable=True)
    return tip
