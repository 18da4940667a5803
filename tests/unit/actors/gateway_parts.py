"""What the gateway's world is made of: played where the real thing is another's; a socket that is a list."""

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from actors.gateway.connection import Prepared
from actors.gateway.protocol import CloseCode
from actors.messages.pool import GetPortfolio
from bithedge.domain.errors import UnknownProviderError
from bithedge.domain.market import Market, Tip
from bithedge.domain.pool.views import PortfolioView
from bithedge.domain.volatility import Variances
from bithedge.stacks.errors import NodeError
from bithedge.stacks.node_types import NodeInfo
from bithedge.storage.connections import LocalConnection
from tests.unit.storage.journal_world import BURN

T = TypeVar("T")
Json = dict[str, Any]

SPOT = 6_500_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000


class Hops:
    """A database that takes some turns of the loop to reach and to come back from, as a thread does."""

    def __init__(self, db: sqlite3.Connection, chance: random.Random) -> None:
        self._local = LocalConnection(db)
        self._chance = chance
        self._last: asyncio.Event | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        before, self._last = self._last, asyncio.Event()
        mine = self._last
        try:
            if before is not None:
                await before.wait()
            await self._wait()
            found = await self._local.run(work)
        finally:
            mine.set()
        await self._wait()
        return found

    async def close(self) -> None:
        await self._local.close()

    async def _wait(self) -> None:
        for _ in range(self._chance.randrange(8)):
            await asyncio.sleep(0)


class Tape:
    """A connection whose client takes all at once, until it is stalled."""

    def __init__(self) -> None:
        self.frames: list[Json] = []
        self.prepared: list[Prepared] = []
        self.writes = 0
        self.stalled = False
        self.unread = 0
        self.code: CloseCode | None = None
        self.grown = asyncio.Event()
        self._moved = asyncio.Event()

    def write(self, frames: Sequence[Prepared]) -> None:
        assert self.code is None, "nothing is written after a close"
        self.writes += 1
        self.prepared += frames
        for frame in frames:
            assert frame.wire.endswith(frame.payload)
            self.frames.append(json.loads(frame.payload))
            self.unread += len(frame.wire) if self.stalled else 0
        self._grow()

    def backlog(self) -> int:
        return self.unread

    async def drained(self) -> None:
        while self.unread and self.code is None:
            await self._moved.wait()

    def close(self, code: CloseCode, reason: str, *, grace_s: float) -> None:
        assert reason
        assert grace_s > 0
        assert self.code is None, "closed once"
        self.code = code
        self._grow()
        self._moved.set()

    def read_again(self) -> None:
        self.unread = 0
        self.stalled = False
        self._moved.set()
        self._moved = asyncio.Event()

    def _grow(self) -> None:
        self.grown.set()
        self.grown = asyncio.Event()


class PlayedPool:
    """Knows providers by what the test says, and may be out of reach."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.error: Exception | None = None
        self.asked = 0

    async def ask(self, message: GetPortfolio, *, deadline: float) -> PortfolioView:
        assert deadline > 0
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        if message.address not in self.totals:
            raise UnknownProviderError("this address has never provided")
        return PortfolioView(
            address=message.address,
            tiers=(),
            total_sats=self.totals[message.address],
            first_deposit_ms=None,
            last_activity_ms=None,
        )


class PlayedNode:
    """Stands at a height, or does not answer."""

    def __init__(self) -> None:
        self.block_height: int | None = 503

    async def info(self) -> NodeInfo:
        if self.block_height is None:
            raise NodeError("no answer", retryable=True)
        return NodeInfo(
            network_id=1,
            burn_block_height=BURN,
            stacks_tip_height=self.block_height,
            stacks_tip="0x" + "11" * 32,
            stacks_tip_consensus_hash="0x" + "22" * 20,
            is_fully_synced=True,
        )


def a_tip(burn_height: int = BURN) -> Tip:
    return Tip(
        block_height=500,
        burn_height=burn_height,
        hash="0x" + "11" * 32,
        at_ms=1_700_000_000_000,
        mean_burn_block_ms=600_000,
    )


def a_market(spot: int | None = SPOT, **changed: Any) -> Market:
    given: Json = {
        "spot": spot,
        "observed_at_ms": 1_700_000_000_000,
        "stale": False,
        "suspended": False,
        "reason": None,
        "change_24h_bps": 0,
        "high_24h": None,
        "low_24h": None,
        "sources": (),
        "variances": Variances(fast=0.36, slow=0.36),
    }
    return Market(**(given | changed))
