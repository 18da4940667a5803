"""A chain, a journal on a real file, and what the follower would make of each block for lanes and relay."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pykka import ActorDeadError, ActorRef

from actors.board import Board
from actors.broadcaster import BroadcasterActor, BroadcasterTools
from actors.messages.transactions import BlockApplied, GetLane, IntentsCommitted, LaneState
from actors.relay import RelayActor, RelayTools
from actors.runtime import ask, idle, kill, stop, watch
from bithedge.config import Fees
from bithedge.domain.events.base import ChainRef, Event
from bithedge.domain.events.chain import BlockFollowed, ChainReorganised
from bithedge.domain.events.policy import QuoteIssued
from bithedge.domain.events.transactions import (
    Call,
    Intent,
    TransactionAborted,
    TransactionConfirmed,
    TransactionReverted,
)
from bithedge.domain.ids import operation_id, quote_id
from bithedge.domain.market import Tip
from bithedge.domain.payout import Kind
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.protocol.calls import release_collateral
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.storage.connections import LocalConnection, open_reader, open_writer
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Change, Revert
from bithedge.storage.queries.following import known_transactions
from bithedge.storage.queries.lanes import lane_attempts
from bithedge.storage.queries.transactions import operation
from bithedge.storage.reader import Reader
from bithedge.storage.revert import undone_subjects
from tests.fakes.node import FakeNode

DEPLOYER = PrivateKey(bytes(31) + b"\x01").address(Network.DEVNET)
DEPLOYMENT = Deployment(
    network=Network.DEVNET,
    deployer=DEPLOYER,
    sbtc_token="ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",  # noqa: S106 - an asset's id
)
LANE_KEY = PrivateKey(bytes(31) + b"\x02")
LANE = LANE_KEY.address(Network.DEVNET)
FEES = Fees(
    floor_ustx=3_000, cap_ustx=10_000, day_cap_ustx=10_000_000, bump_bps=2_500, stuck_blocks=3, in_flight=5
)
START_MS = 1_700_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000


def an_operation(number: int) -> str:
    return operation_id(number.to_bytes(16, "big"))


def a_quote(number: int) -> str:
    return quote_id(number.to_bytes(16, "big"))


def a_call(number: int) -> Call:
    return release_collateral([number], None)


def an_intent(number: int, **changed: Any) -> Intent:
    given: dict[str, Any] = {
        "operation_id": an_operation(number),
        "key": f"release:{number}",
        "kind": "release",
        "call": a_call(number),
        "policy_ids": (number,),
    }
    return Intent(**(given | changed))


def some_terms(number: int, owner: str) -> Terms:
    return Terms(
        quote_id=a_quote(number),
        owner=owner,
        kind=Kind.PUT,
        strike=6_000_000_000_000,
        amount=10_000_000,
        max_payout=10_000_000,
        premium=200_000,
        fee=10_000,
        tier=Tier.BALANCED,
        expiry=5_000,
        valid_until=1_010,
        valid_until_s=2_000_000_000,
    )


def issued(terms: Terms) -> Change:
    event = QuoteIssued(
        terms=terms,
        spot=6_500_000_000_000,
        volatility=0.55,
        price=6_500_000_000_000,
        price_height=1_000,
        quote_signatures=("0x" + "aa" * 65,),
        reading_signatures=("0x" + "bb" * 65,),
    )
    return Change(stream=f"policy:{terms.quote_id}", events=(event,))


class LaneWorld:
    """What a lane and the relay live in; `apply` does the follower's and the pool's part."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.node = FakeNode()
        self.board = Board()
        self.clock = Clock()
        self.applied = 0
        self.journal: SqliteJournal
        self.reader: Reader
        self.refs: list[ActorRef[Any]] = []
        self.tasks: list[asyncio.Task[Any]] = []

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self.tasks.append(task)
        return task

    async def open(self) -> None:
        self.journal = await SqliteJournal.open(
            LocalConnection(open_writer(self.path)), epoch="e1", now_ms=self.clock.now_ms, spawn=self.spawn
        )
        self.reader = Reader(LocalConnection(open_reader(self.path)))
        await self.follow()

    async def close(self) -> None:
        for ref in self.refs:
            if ref.is_alive():
                await stop(ref, deadline=2)
        await self.reader.close()
        await self.journal.close()

    # ------------------------------------------------------------ actors

    async def lane(self, **changed: Any) -> ActorRef[BroadcasterActor]:
        """Start a lane, or start it anew, and wait for its first turn."""
        given: dict[str, Any] = {
            "key": LANE_KEY,
            "lane": 0,
            "lanes": 1,
            "node": self.node,
            "journal": self.journal,
            "reader": self.reader,
            "deployment": DEPLOYMENT,
            "fees": FEES,
            "clock": self.clock,
            "board": self.board,
        }
        ref = BroadcasterActor.start(BroadcasterTools(**(given | changed)))
        self.refs.append(ref)
        await self.state(ref)
        return ref

    def relay(self) -> ActorRef[RelayActor]:
        ref = RelayActor.start(
            RelayTools(
                node=self.node,
                journal=self.journal,
                reader=self.reader,
                deployment=DEPLOYMENT,
                board=self.board,
            )
        )
        self.refs.append(ref)
        return ref

    async def state(self, ref: ActorRef[BroadcasterActor]) -> LaneState:
        return await ask(ref, GetLane(), deadline=5)

    async def want(self, ref: ActorRef[BroadcasterActor], *intents: Intent) -> LaneState:
        """Commit intents, tell the lane, and return how it stands after its turn."""
        await self.journal.append([], intents=intents)
        ref.tell(IntentsCommitted())
        return await self.state(ref)

    async def crash(self, ref: ActorRef[Any]) -> None:
        """Kill an actor as a crash would, in whatever line it is."""
        ended = asyncio.Event()
        watch(ref, lambda _ref, _failure: ended.set())
        kill(ref)
        await ended.wait()

    # ------------------------------------------------------------ the chain

    async def follow(self) -> None:
        """Journal the blocks that are new, each with the fate of the transactions we know."""
        while self.applied < len(self.node.chain):
            block, transactions = self.node.chain[self.applied]
            ref = ChainRef(
                block_height=block.height,
                block_hash=block.index_block_hash,
                burn_height=block.burn_block_height,
            )
            known = await self.reader.read(known_transactions, [one.tx_id for one in transactions])
            changes = [
                Change(stream=known[one.tx_id].stream, events=(_fate(one, known[one.tx_id]),), chain=ref)
                for one in transactions
                if one.tx_id in known
            ]
            followed = BlockFollowed(
                block_height=block.height,
                burn_height=block.burn_block_height,
                hash=block.index_block_hash,
                parent_hash=block.parent_index_block_hash,
                block_at_ms=block.block_time * 1_000,
                transactions=len(transactions),
            )
            await self.journal.append([*changes, Change(stream="chain", events=(followed,), chain=ref)])
            self.applied += 1
        tip = self.node.latest
        self.board.post_tip(
            Tip(
                block_height=tip.height,
                burn_height=tip.burn_block_height,
                hash=tip.index_block_hash,
                at_ms=tip.block_time * 1_000,
                mean_burn_block_ms=600_000,
            )
        )

    async def apply(self, *refs: ActorRef[Any]) -> None:
        """Follow to the tip, tell the actors, and let the lanes among them have their turn."""
        await self.follow()
        tip = self.node.latest
        for ref in refs:
            ref.tell(BlockApplied(block_height=tip.height, burn_height=tip.burn_block_height))
            if ref.actor_class is BroadcasterActor:
                await self.state(ref)
            else:
                await settled(ref)

    async def reorganise(self, depth: int, *, requeue: bool = True) -> None:
        """Let the node leave its last blocks, undo what they brought, and follow one new block."""
        self.node.fork(depth, requeue=requeue)
        fork_height = len(self.node.chain)
        undone = await self.reader.read(undone_subjects, fork_height)
        changes = [
            Change(
                stream="chain",
                events=(ChainReorganised(fork_height=fork_height, depth=depth, orphaned=()),),
            )
        ]
        changes += [
            Change(
                stream=one.stream,
                events=(
                    TransactionReverted(
                        txid=one.txid,
                        fork_height=fork_height,
                        operation_id=one.operation_id,
                        quote_ids=one.quote_ids,
                    ),
                ),
            )
            for one in undone.transactions
        ]
        await self.journal.append(changes, revert=Revert(fork_height=fork_height))
        self.applied = fork_height
        self.node.mine(at_most=0)
        await self.follow()

    # ------------------------------------------------------------ what is recorded

    async def events(self, stream: str | None = None) -> list[Event]:
        return [
            recorded.event
            async for recorded in self.reader.replay()
            if (recorded.stream == stream if stream else recorded.stream.startswith("tx:"))
        ]

    async def names(self, stream: str | None = None) -> list[str]:
        return [type(event).__name__ for event in await self.events(stream)]

    async def attempts(self, address: str = LANE) -> list[Any]:
        return list(await self.reader.read(lane_attempts, address, 0))

    async def status(self, number: int) -> str:
        found = await self.reader.read(operation, an_operation(number))
        assert found is not None
        return found.status


class CutOff:
    """A journal whose process dies right after a commit that holds a given event."""

    def __init__(self, journal: SqliteJournal, after: str) -> None:
        self._journal = journal
        self._after = after

    async def append(self, changes: Any, **given: Any) -> Any:
        committed = await self._journal.append(changes, **given)
        if any(one.recorded.name == self._after for one in committed):
            raise SystemError(f"cut off after {self._after}")
        return committed


async def cut_off(world: LaneWorld, *, after: str) -> None:
    """Run a lane that dies after it has journalled an event of this name."""
    with pytest.raises(ActorDeadError):
        await world.lane(journal=CutOff(world.journal, after))


async def settled(ref: ActorRef[Any]) -> None:
    """Wait until an actor that tells itself to go on has nothing left to do."""
    while not idle(ref):  # noqa: ASYNC110 - it has no event to wait for, and every step is one of the loop
        await asyncio.sleep(0)


def _fate(one: Any, known: Any) -> Event:
    facts = {"txid": one.tx_id, "operation_id": known.operation_id, "quote_ids": known.quote_ids}
    if one.succeeded:
        return TransactionConfirmed(**facts)
    return TransactionAborted(reason=f"{one.status}: (err u105)", **facts)


@contextlib.asynccontextmanager
async def a_lane_world(tmp_path: Path) -> AsyncIterator[LaneWorld]:
    world = LaneWorld(tmp_path / "journal.sqlite")
    await world.open()
    try:
        yield world
    finally:
        await world.close()
