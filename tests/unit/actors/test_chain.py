from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from core_world import DEPLOYMENT, CoreWorld, a_core_world

from actors.chain import MOST_BRANCHES, ChainActor, ChainTools
from actors.messages.chain import CatchUp, Poll
from actors.messages.pool import ApplyBlock, RevertTo
from actors.runtime import Address, AsyncioActor, Message
from bithedge.domain.errors import NodeUnreachableError
from bithedge.domain.events.base import ChainRef
from bithedge.domain.events.chain import BlockFollowed, ChainReorganised
from bithedge.domain.facts import MinedBlock
from bithedge.domain.market import Tip
from bithedge.stacks.node_types import Block
from bithedge.storage.ports import Change, Revert
from bithedge.storage.queries.chain import tip as tip_of
from bithedge.storage.queries.following import as_mined
from tests.fakes.node import FIRST_BURN, FakeNode

BURN_MS = 600_000


class Pool(AsyncioActor):
    """Does the journal's part of the pool, and writes down what it is asked."""

    def __init__(self, world: CoreWorld, asked: list[Message[Any]]) -> None:
        super().__init__()
        self._world = world
        self._asked = asked

    async def on_receive(self, message: ApplyBlock | RevertTo) -> None:
        self._asked.append(message)
        if isinstance(message, RevertTo):
            reorganised = ChainReorganised(
                fork_height=message.fork_height, depth=len(message.orphaned), orphaned=message.orphaned
            )
            await self._world.journal.append(
                [Change(stream="chain", events=(reorganised,))],
                revert=Revert(fork_height=message.fork_height),
            )
            return
        await follow(self._world, message.block)


async def follow(world: CoreWorld, block: MinedBlock) -> None:
    followed = BlockFollowed(
        block_height=block.block_height,
        burn_height=block.burn_height,
        hash=block.hash,
        parent_hash=block.parent_hash,
        block_at_ms=block.at_ms,
        transactions=0,
    )
    ref = ChainRef(
        block_height=block.block_height, block_hash=block.hash, burn_height=block.burn_height, txid=None
    )
    await world.journal.append([Change(stream="chain", events=(followed,), chain=ref)])


class Follower:
    """A chain's actor between a node and a pool of its own."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.node = FakeNode()
        self.asked: list[Any] = []
        self.tips: list[Tip] = []
        self.ref: Any = None
        self._pool = Pool.start(world, self.asked)
        world.refs.append(self._pool)

    async def start(self, *, first_height: int = 1, seen: Sequence[tuple[int, int]] = ()) -> None:
        pool = Address("pool")
        pool.open(self._pool)
        known = await self.world.reader.read(tip_of)
        tools = ChainTools(
            node=self.node,
            reader=self.world.reader,
            deployment=DEPLOYMENT,
            clock=self.world.clock,
            board=self.world.board,
            pool=pool,
            applied=self.tips.append,
            first_height=first_height,
            burn_block_ms=BURN_MS,
        )
        self.ref = ChainActor.start(tools, position=None if known is None else as_mined(known), seen=seen)
        self.world.refs.append(self.ref)
        await self.world.quiet(self.ref)

    async def poll(self) -> list[Any]:
        """Return what the pool is asked for."""
        before = len(self.asked)
        await self.world.tell(self.ref, Poll())
        return self.asked[before:]

    def mine(self, count: int, *, burn: int = 0) -> list[Block]:
        return [self.node.mine(burn=burn) for _ in range(count)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        yield world


@pytest.fixture
async def follower(world: CoreWorld) -> Follower:
    follower = Follower(world)
    await follower.start()
    return follower


def heights(asked: Sequence[Any]) -> list[int | str]:
    return [
        one.block.block_height if isinstance(one, ApplyBlock) else f"to {one.fork_height}" for one in asked
    ]


async def test_each_block_is_handed_over_once_and_in_order(follower: Follower) -> None:
    follower.mine(3)

    first, second = await follower.poll(), await follower.poll()

    assert heights(first) == [1, 2, 3, 4]
    assert second == []
    assert [tip.block_height for tip in follower.tips] == [1, 2, 3, 4]


async def test_a_follower_started_anew_says_where_it_stands_and_goes_on_from_there(
    follower: Follower,
) -> None:
    await follower.poll()
    follower.mine(2)
    follower.tips.clear()

    await follower.start()

    assert [tip.block_height for tip in follower.tips] == [1]
    assert heights(await follower.poll()) == [2, 3]


async def test_a_fork_is_left_at_the_last_common_block_and_the_new_branch_followed(
    follower: Follower,
) -> None:
    follower.mine(3)
    await follower.poll()
    orphaned = [block.index_block_hash for block, _ in follower.node.chain[-2:]]
    follower.node.fork(2)
    follower.mine(3)

    asked = await follower.poll()

    assert heights(asked) == ["to 2", 3, 4, 5]
    assert asked[0].orphaned == tuple(reversed(orphaned))
    assert asked[0].fork_hash == follower.node.chain[1][0].index_block_hash


async def test_a_fork_below_the_first_followed_block_undoes_everything(follower: Follower) -> None:
    follower.mine(1)
    await follower.poll()
    follower.node.fork(2)
    follower.mine(3)

    asked = await follower.poll()

    assert heights(asked) == ["to 0", 1, 2, 3]
    assert asked[0].fork_hash is None


async def test_a_branch_that_is_shorter_as_yet_is_followed_too(follower: Follower) -> None:
    follower.mine(3)
    await follower.poll()
    follower.node.fork(3)
    follower.mine(1)

    assert heights(await follower.poll()) == ["to 1", 2]


async def test_a_node_that_lags_behind_undoes_nothing(follower: Follower) -> None:
    follower.mine(3)
    await follower.poll()
    ahead = follower.node.chain[-2:]
    del follower.node.chain[-2:]
    behind = await follower.poll()

    follower.node.chain += ahead
    follower.mine(1)

    assert behind == []
    assert heights(await follower.poll()) == [5]


async def test_a_node_that_does_not_answer_is_asked_again_at_the_next_poll(follower: Follower) -> None:
    follower.node.fail("block")

    first, second = await follower.poll(), await follower.poll()

    assert (heights(first), heights(second)) == ([], [1])
    follower.node.fail("block")
    with pytest.raises(NodeUnreachableError):
        await follower.world.ask(follower.ref, CatchUp())


async def test_to_catch_up_answers_with_the_tip_that_was_applied(follower: Follower) -> None:
    follower.mine(4)

    tip = await follower.world.ask(follower.ref, CatchUp())

    assert tip.block_height == 5
    assert follower.world.board.tip == tip


async def test_a_chain_that_hops_between_branches_is_left_alone_until_the_next_poll(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower.mine(2)
    asked = 0
    node_block = follower.node.block

    async def hopping(which: int | str) -> Block | None:
        nonlocal asked
        asked += which == "latest"
        return None if which == 2 else await node_block(which)

    monkeypatch.setattr(follower.node, "block", hopping)
    await follower.poll()

    assert asked == MOST_BRANCHES
    assert follower.ref.is_alive()
    monkeypatch.setattr(follower.node, "block", node_block)
    assert heights(await follower.poll()) == [2, 3]


async def test_a_branch_whose_logs_were_not_read_is_not_applied(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = follower.node
    await follower.poll()
    for _ in range(3):
        node.mine_foreign("ST_SOMEBODY")
    read_logs = node.contract_logs
    order: list[int | str] = []

    async def forking(contract_id: str, cursor: str | None = None) -> Any:
        order.append("logs")
        if len(order) == 2:  # both contracts' logs are read: now the chain goes elsewhere
            node.fork(2)
            for _ in range(3):
                node.mine_foreign("ST_SOMEBODY")
        return await read_logs(contract_id, cursor)

    monkeypatch.setattr(node, "contract_logs", forking)
    follower.world.journal.subscribe(
        lambda batch: order.extend(one.recorded.event.block_height for one in batch)
    )
    await follower.poll()

    assert order == ["logs", "logs", 2, "logs", "logs", 3, 4, 5]


async def test_dates_go_by_the_rule_until_blocks_have_told_otherwise(follower: Follower) -> None:
    await follower.poll()

    assert follower.tips[-1].mean_burn_block_ms == BURN_MS


async def test_dates_stay_sane_after_thousands_of_burn_blocks_at_once(follower: Follower) -> None:
    await follower.poll()
    follower.mine(1, burn=2_000)
    await follower.poll()

    assert follower.tips[-1].burn_height == FIRST_BURN + 2_000
    assert follower.tips[-1].mean_burn_block_ms == BURN_MS


async def test_dates_go_by_what_was_seen_before_a_restart(follower: Follower) -> None:
    seen = [(FIRST_BURN - 20 + count, 1_700_000_000_000 + count * 500_000) for count in range(10)]

    await follower.start(seen=seen)
    await follower.poll()

    assert follower.tips[-1].mean_burn_block_ms == 500_000
