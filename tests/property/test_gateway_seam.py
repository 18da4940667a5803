"""Law: who applies a snapshot and the events after it sees each event of a channel once, in a chain.

Whatever else goes on: writes while a subscription is read, commits that the database shows before the gateway
has heard of them, connections cut with frames unread, the gateway's own failures, reorganisations.
"""

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from actors.gateway.protocol import CloseCode
from bithedge.storage.queries.events import missed
from tests.unit.actors.gateway_parts import a_market
from tests.unit.actors.gateway_world import (
    ALICE,
    HOLDER,
    Client,
    GatewayWorld,
    a_gateway,
    builders,
    in_background,
)

POLICIES = 3
CHANNELS = (
    "policies",
    "blocks",
    "transactions",
    f"owner:{HOLDER}",
    f"provider:{ALICE}",
    *(f"policy:{builders.quote(number)}" for number in range(1, POLICIES + 1)),
)
ACTS = (
    *("reserve", "buy", "settle", "deposit", "follow", "reorganise"),
    *(
        "subscribe",
        "subscribe",
        "crowd",
        "resume",
        "read",
        "read",
        "drop",
        "crash",
        "state",
        "pause",
        "pause",
    ),
)


class Reader:
    """A client that keeps what it has applied, and comes back from the highest seq that it knows."""

    def __init__(self, world: GatewayWorld) -> None:
        self.world = world
        self.client: Client | None = None
        self.taken = 0
        self.top = 0
        """Of this connection's frames: what comes later is not below it."""
        self.highest = 0
        self.last: dict[str, int] = {}
        """Per channel the last event had; from a `since`, at most that."""
        self.begun_by_since: set[str] = set()
        self.late: set[str] = set()
        """Asked for `since` a place that other channels had passed: what is cut off here shows as a gap."""
        self.repairing: set[str] = set()
        self.wanted: dict[str, None] = {}
        self.seen: dict[str, list[int]] = {}
        """Per channel what came since its last snapshot, which is the first entry."""
        self.asking: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Come back: what it has goes on from the highest, what it has not begins anew."""
        self.client, self.taken, self.top = await self.world.connect(), 0, 0
        self.repairing.clear()
        known = [channel for channel in self.wanted if channel in self.last and channel not in self.late]
        fresh = [channel for channel in self.wanted if channel not in self.last]
        since = {"epoch": "e1", "seq": self.highest}
        ops: list[dict[str, Any]] = []
        if known:
            ops.append({"op": "subscribe", "id": 1, "channels": known, "since": since})
        if fresh:
            ops.append({"op": "subscribe", "id": 2, "channels": fresh})
        for channel in (channel for channel in self.wanted if channel in self.late):
            since = {"epoch": "e1", "seq": self.last[channel]}
            ops.append({"op": "subscribe", "id": 4, "channels": [channel], "since": since})
        self.ask(*ops)

    def ask(self, *ops: dict[str, Any]) -> None:
        client, before = self.client, self.asking

        async def send() -> None:
            if before is not None:
                await before
            for op in ops:
                await client.send(op)

        self.asking = in_background(self.world, send())

    def subscribe(self, channel: str, *, since: bool) -> None:
        """Ask for one channel more, or once more for one; `since` continues a read of this moment."""
        op: dict[str, Any] = {"op": "subscribe", "id": 3, "channels": [channel]}
        if since and channel not in self.wanted:
            # After a read over HTTP, which may be ahead of what the gateway has heard of.
            read = self.world.committed()
            op["since"] = {"epoch": "e1", "seq": read}
            self.last[channel] = read
            self.begun_by_since.add(channel)
            self.late.add(channel)
            self.seen[channel] = [read]
        self.wanted[channel] = None
        self.ask(op)

    def read(self, count: int | None = None) -> None:
        """Apply frames that have arrived."""
        frames = self.client.tape.frames
        upto = len(frames) if count is None else min(len(frames), self.taken + count)
        for frame in frames[self.taken : upto]:
            self.apply(frame)
        self.taken = upto

    def apply(self, frame: dict[str, Any]) -> None:
        kind, channel = frame["type"], frame.get("channel")
        if kind == "heartbeat":
            self.highest = max(self.highest, frame["seq"])
        if kind == "subscribed":
            self.repairing.difference_update(frame["channels"])
        if kind not in ("snapshot", "event") or channel not in CHANNELS or channel in self.repairing:
            return
        if kind == "snapshot":
            self.last[channel] = frame["seq"]
            self.begun_by_since.discard(channel)
            self.late.discard(channel)
            self.seen[channel] = [frame["seq"]]
        elif channel in self.late and self.is_gap(channel, frame):
            self.repair(channel)
            return
        else:
            assert frame["seq"] >= self.top or channel in self.late, f"{channel} falls from {self.top}"
            self.follow(channel, frame)
        self.top = max(self.top, frame["seq"])
        self.highest = max(self.highest, frame["seq"])

    def is_gap(self, channel: str, frame: dict[str, Any]) -> bool:
        last = self.last[channel]
        return frame["prev"] > last or (channel not in self.begun_by_since and frame["prev"] != last)

    def repair(self, channel: str) -> None:
        """Do what the interface says: subscribe again, since the last event had."""
        self.repairing.add(channel)
        since = {"epoch": "e1", "seq": self.last[channel]}
        self.ask({"op": "subscribe", "id": 9, "channels": [channel], "since": since})

    def follow(self, channel: str, frame: dict[str, Any]) -> None:
        last = self.last[channel]
        if channel in self.begun_by_since:
            assert frame["prev"] <= last, f"{channel} skipped {last} to {frame['prev']}"
            assert frame["seq"] > last, f"{channel} repeats {frame['seq']}"
            self.begun_by_since.discard(channel)
        else:
            assert frame["prev"] == last, f"{channel} skipped {last} to {frame['prev']}"
        self.last[channel] = frame["seq"]
        self.seen[channel].append(frame["seq"])

    async def finish(self) -> None:
        """Read to the end, coming back as often as it is closed."""
        while True:
            if self.asking is not None:
                await self.asking
            await self.world.settle()
            self.read()
            if self.client.tape.code is None:
                if self.repairing:
                    continue
                return
            assert self.client.tape.code in (CloseCode.INTERNAL, CloseCode.SLOW_CONSUMER)
            await self.connect()

    def drop(self) -> None:
        """Lose the connection, and with it all that was not read."""
        self.client.leave()


class Story:
    """One example: a world, its clients, and what happens by a seed."""

    def __init__(self, world: GatewayWorld, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.readers = [Reader(world) for _ in range(3)]
        self.height = 0
        self.branch = iter("bcdefghijklmnopqrstuvwxyz" * 4)
        self.on = "a"
        self.stages = dict.fromkeys(range(1, POLICIES + 1), 0)
        self.bought_at: dict[int, int] = {}
        self.writing: asyncio.Task[None] | None = None

    async def act(self, name: str) -> None:
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "subscribe": self.subscribe,
            "crowd": self.crowd,
            "resume": self.resume,
            "read": self.read,
            "drop": self.drop,
            "crash": self.crash,
            "state": self.state,
            "pause": self.pause,
        }
        if name in acts:
            await acts[name]()
        else:
            self.write(name)

    def write(self, name: str) -> None:
        """Append in the background, one write after the other, as the actors do."""
        before = self.writing

        async def work() -> None:
            if before is not None:
                await before
            await getattr(self, name)()

        self.writing = in_background(self.world, work())

    async def reserve(self) -> None:
        number = self.chance.randrange(1, POLICIES + 1)
        if self.stages[number] == 0:
            self.stages[number] = 1
            await self.world.append(*builders.reserved(number))
            await self.world.append(builders.pending(number))

    async def buy(self) -> None:
        number = self.chance.randrange(1, POLICIES + 1)
        if self.stages[number] == 1:
            self.stages[number], self.bought_at[number] = 2, self.height + 1
            await self.follow(*builders.bought(number, self.height + 1, branch=self.on))

    async def settle(self) -> None:
        number = self.chance.randrange(1, POLICIES + 1)
        if self.stages[number] == 2 and number == 1:
            self.stages[number] = 3
            await self.world.append(builders.of_operation(builders.sent(number)))

    async def deposit(self) -> None:
        self.world.pool.totals[ALICE] = self.world.pool.totals.get(ALICE, 0) + 1
        await self.follow(builders.deposited(builders.ALICE, 1_000, self.height + 1, branch=self.on))

    async def follow(self, *changes: Any) -> None:
        self.height += 1
        await self.world.append(builders.followed(self.height, self.on), *changes)

    async def reorganise(self) -> None:
        if self.height == 0:
            return
        fork = self.height - self.chance.randrange(1, min(self.height, 3) + 1)
        for number, height in list(self.bought_at.items()):
            if height > fork:
                del self.bought_at[number]
                self.stages[number] = 1
        self.height, self.on = fork, next(self.branch)
        await self.world.reorganise(fork)

    async def subscribe(self) -> None:
        reader = self.chance.choice(self.readers)
        if reader.client is None:
            await reader.connect()
        reader.subscribe(self.chance.choice(CHANNELS), since=self.chance.random() < 0.4)

    async def crowd(self) -> None:
        for reader in self.readers:
            if reader.client is None:
                await reader.connect()
            reader.subscribe(self.chance.choice(CHANNELS[:2]), since=False)

    async def resume(self) -> None:
        reader = self.chance.choice(self.readers)
        if reader.client is not None:
            reader.drop()
            await reader.connect()

    async def read(self) -> None:
        reader = self.chance.choice(self.readers)
        if reader.client is not None:
            reader.read(self.chance.randrange(1, 6))
            if reader.client.tape.code is not None:
                await reader.connect()

    async def drop(self) -> None:
        await self.resume()

    async def crash(self) -> None:
        await self.world.crash()

    async def state(self) -> None:
        self.world.board.post_market(a_market(6_500_000_000_000 + self.chance.randrange(1_000)))

    async def pause(self) -> None:
        for _ in range(self.chance.randrange(1, 12)):
            await asyncio.sleep(0)

    async def end(self) -> None:
        if self.writing is not None:
            await self.writing
        for reader in self.readers:
            if reader.client is not None:
                await reader.finish()
                self.check(reader)

    def check(self, reader: Reader) -> None:
        db = sqlite3.connect(self.world.path)
        try:
            for channel in reader.wanted:
                begun, *events = reader.seen[channel]
                there = [one.recorded.seq for one in missed(db, [channel], begun) or ()]
                assert events == there, f"{channel} after {begun}"
        finally:
            db.close()


async def play(seed: int, acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, capture_logs():
        async with a_gateway(Path(folder), seed=seed) as world:
            story = Story(world, world.chance)
            for name in acts:
                await story.act(name)
            await story.end()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(min_value=1, max_value=2**32),
    acts=st.lists(st.sampled_from(ACTS), min_size=20, max_size=80),
)
def test_each_event_of_a_channel_is_seen_once_and_names_the_one_before(seed: int, acts: list[str]) -> None:
    asyncio.run(asyncio.wait_for(play(seed, acts), timeout=20))
