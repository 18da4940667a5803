"""The chain follower's actor."""

from collections import deque
from collections.abc import Callable
from typing import assert_never

import msgspec
import structlog

from actors.board import Board
from actors.messages.chain import CatchUp, ChainMessage, Poll
from actors.messages.pool import ApplyBlock, RevertTo
from actors.runtime import Address, AsyncioActor
from actors.seams import Clock
from bithedge.domain.errors import NodeUnreachableError
from bithedge.domain.facts import MinedBlock
from bithedge.domain.market import Tip
from bithedge.domain.money import Height
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.following import BranchLeftError, named_transactions, read_block
from bithedge.stacks.errors import NodeError
from bithedge.stacks.node_types import Block
from bithedge.stacks.ports import Node
from bithedge.storage.queries.following import block_before
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

APPLY_DEADLINE_S = 60.0
MEAN_OVER = 144
BURN_BLOCK_MS = 600_000
"""What a burn block takes until there are enough to tell."""


class ChainTools(msgspec.Struct, frozen=True, kw_only=True):
    """What the follower works with."""

    node: Node
    reader: Reader
    deployment: Deployment
    clock: Clock
    board: Board
    pool: Address
    applied: Callable[[Tip], None]
    """Tells those who live by the height."""
    first_height: int
    """Where a daemon without a position begins."""


class ChainActor(AsyncioActor):
    """Walks the canonical chain by parent hash and hands each block to the pool, once and in order.

    Owns the position, which the journal keeps in the commit of the block's facts. Hears the poll; says tips
    to the board. A node that does not answer, or answers with garbage, only makes it wait for the next poll.
    """

    def __init__(self, tools: ChainTools, *, position: MinedBlock | None) -> None:
        super().__init__()
        self._tools = tools
        self._position = position
        self._burns: deque[tuple[Height, int]] = deque(maxlen=MEAN_OVER)

    def on_start(self) -> None:
        if self._position is not None:
            self._say(self._position)

    async def on_receive(self, message: ChainMessage) -> Tip | None:
        match message:
            case Poll():
                try:
                    await self._follow()
                except NodeError as error:
                    log.warning("chain.node_failed", error=str(error), retryable=error.retryable)
                return None
            case CatchUp():
                return await self._catch_up()
            case _:
                assert_never(message)

    async def _catch_up(self) -> Tip:
        try:
            await self._follow()
        except NodeError as error:
            raise NodeUnreachableError("the node does not answer", retry_after_s=1) from error
        tip = self._tools.board.tip
        if tip is None:
            raise NodeUnreachableError("no block was followed yet", retry_after_s=1)
        return tip

    async def _follow(self) -> None:
        """Apply all that is new, however the chain moves meanwhile."""
        while True:
            latest = await self._tools.node.block("latest")
            self._tools.board.node_answered(self._tools.clock.monotonic())
            if latest is None or self._at(latest):
                return
            try:
                await self._leave_orphans(latest)
                await self._advance(latest)
            except BranchLeftError:
                log.info("chain.branch_left", height=latest.height)
                continue
            return

    def _at(self, block: Block) -> bool:
        return self._position is not None and self._position.hash == block.index_block_hash

    async def _leave_orphans(self, latest: Block) -> None:
        """Step back to the last block that is still canonical, undoing what came after it."""
        position = self._position
        orphaned: list[str] = []
        while position is not None:
            there = (
                await self._tools.node.block(position.block_height)
                if (position.block_height <= latest.height)
                else None
            )
            if there is not None and there.index_block_hash == position.hash:
                break
            orphaned.append(position.hash)
            position = await self._tools.reader.read(block_before, position.hash)
        if not orphaned:
            return
        fork_height = 0 if position is None else position.block_height
        log.warning("chain.fork_found", fork_height=fork_height, depth=len(orphaned))
        await self._tools.pool.ask(
            RevertTo(
                fork_height=fork_height,
                fork_hash=None if position is None else position.hash,
                orphaned=tuple(orphaned),
            ),
            deadline=APPLY_DEADLINE_S,
        )
        self._position = position

    async def _advance(self, latest: Block) -> None:
        first = self._tools.first_height if self._position is None else self._position.block_height + 1
        if first > latest.height:
            return
        named: frozenset[str] | None = None
        for height in range(first, latest.height + 1):
            block = latest if height == latest.height else await self._tools.node.block(height)
            if block is None and self._position is None:
                continue  # before the first block that this node has
            if block is None or not self._follows(block):
                raise BranchLeftError("the chain moved while it was read", retryable=True)
            if block.tx_count and named is None:
                named = await named_transactions(self._tools.node, self._tools.deployment, height)
            mined = await read_block(self._tools.node, self._tools.deployment, block, named or frozenset())
            await self._apply(mined)

    def _follows(self, block: Block) -> bool:
        return self._position is None or block.parent_index_block_hash == self._position.hash

    async def _apply(self, block: MinedBlock) -> None:
        await self._tools.pool.ask(ApplyBlock(block=block), deadline=APPLY_DEADLINE_S)
        self._position = block
        self._say(block)

    def _say(self, block: MinedBlock) -> None:
        tip = self._tip(block)
        self._tools.board.post_tip(tip)
        self._tools.applied(tip)

    def _tip(self, block: MinedBlock) -> Tip:
        if not self._burns or self._burns[-1][0] != block.burn_height:
            self._burns.append((block.burn_height, block.at_ms))
        (first, first_ms), (last, last_ms) = self._burns[0], self._burns[-1]
        blocks = last - first
        mean_ms = (last_ms - first_ms) // blocks if blocks > 0 else 0
        return Tip(
            block_height=block.block_height,
            burn_height=block.burn_height,
            hash=block.hash,
            at_ms=block.at_ms,
            mean_burn_block_ms=mean_ms if mean_ms > 0 else BURN_BLOCK_MS,
        )
