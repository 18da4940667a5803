"""The chain follower's actor."""

from collections.abc import Callable, Iterable
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
from bithedge.domain.pace import Pace
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.following import BranchLeftError, named_transactions, read_block
from bithedge.stacks.errors import NodeError
from bithedge.stacks.node_types import Block
from bithedge.stacks.ports import Node
from bithedge.storage.queries.chain import canonical_block
from bithedge.storage.queries.following import block_before
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

APPLY_DEADLINE_S = 60.0
MOST_BRANCHES = 5
"""So often the chain may leave its branch under our eyes; then the next poll goes on."""


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
    burn_block_ms: int
    """What a burn block takes as a rule."""


class ChainActor(AsyncioActor):
    """Walks the canonical chain by parent hash and hands each block to the pool, once and in order.

    Owns the position, which the journal keeps in the commit of the block's facts. Hears the poll; says tips
    to the board. A node that does not answer, or answers with garbage, only makes it wait for the next poll.
    """

    def __init__(
        self, tools: ChainTools, *, position: MinedBlock | None, seen: Iterable[tuple[Height, int]] = ()
    ) -> None:
        super().__init__()
        self._tools = tools
        self._position = position
        self._pace = Pace(tools.burn_block_ms)
        for height, at_ms in seen:
            self._pace.observe(height, at_ms)

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
        for _ in range(MOST_BRANCHES):
            latest = await self._tools.node.block("latest")
            self._tools.board.node_answered(self._tools.clock.monotonic())
            if latest is None or await self._has_followed(latest):
                return
            try:
                await self._leave_orphans(latest)
                await self._advance(latest)
            except BranchLeftError:
                log.info("chain.branch_left", height=latest.height)
                continue
            return
        raise BranchLeftError("the chain does not keep to one branch", retryable=True)

    async def _has_followed(self, latest: Block) -> bool:
        """Return whether we stand at the node's tip or, for a node that lags, on its way already."""
        position = self._position
        if position is None or latest.height > position.block_height:
            return False
        if latest.index_block_hash == position.hash:
            return True
        followed = await self._tools.reader.read(canonical_block, latest.height)
        if followed is None or followed.hash != latest.index_block_hash:
            return False
        log.info("chain.node_behind", height=latest.height, followed=position.block_height)
        return True

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
            elif block.tx_count and block is not latest:
                await self._check_branch(latest)
            mined = await read_block(self._tools.node, self._tools.deployment, block, named or frozenset())
            await self._apply(mined)

    async def _check_branch(self, latest: Block) -> None:
        """Check that the branch whose logs were read is still the chain; they lack what another brings."""
        there = await self._tools.node.block(latest.height)
        if there is None or there.index_block_hash != latest.index_block_hash:
            raise BranchLeftError("the chain moved while it was read", retryable=True)

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
        self._pace.observe(block.burn_height, block.at_ms)
        return Tip(
            block_height=block.block_height,
            burn_height=block.burn_height,
            hash=block.hash,
            at_ms=block.at_ms,
            mean_burn_block_ms=self._pace.mean_ms,
        )
