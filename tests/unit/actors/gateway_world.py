"""The gateway's actor over a real journal, with clients that are lists of frames."""

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pykka import ActorRef

from actors.board import Board
from actors.gateway.actor import GatewayActor, GatewayTools
from actors.gateway.objects import Objects
from actors.gateway.session import Session
from actors.gateway.states import States
from actors.gateway.status import StatusSource
from actors.messages.gateway import Beat, Ear, GatewayStatus, Gone, Opened, Publish, StateChanged
from actors.runtime import Address, ChildSpec, RestartPolicy
from actors.seams import TaskKeeper
from actors.supervisor import Supervisor
from bithedge.config import Config, Depth, Stream
from bithedge.domain.events.base import Event
from bithedge.domain.premium import PremiumRule
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import Pricing
from bithedge.domain.tiers import DEFAULT_TIERS
from bithedge.domain.volatility import VolatilityRule
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.storage.connections import LocalConnection, open_reader, open_writer
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Change, Committed, Revert
from bithedge.storage.queries.events import last_seq
from bithedge.storage.reader import Reader
from bithedge.storage.revert import undone_subjects
from bithedge.views.context import ViewContext, context_of
from tests.unit.actors.gateway_parts import (
    Clock,
    Hops,
    Json,
    PlayedNode,
    PlayedPool,
    Tape,
    a_market,
    a_tip,
)
from tests.unit.storage import journal_world as builders

T = TypeVar("T")

TOKEN = "operators-own-token"  # noqa: S105 - a test's
EPOCH = "e1"
CONFIG = Stream(port=0, heartbeat_ms=400, queue_bytes=65_536)


def an_address(number: int, network: Network = Network.DEVNET) -> str:
    return PrivateKey(bytes(31) + bytes((number,))).address(network)


HOLDER, ALICE, BOB, TREASURY = map(an_address, (1, 2, 3, 4))
_REAL = {
    builders.HOLDER: HOLDER,
    builders.ALICE: ALICE,
    builders.BOB: BOB,
    builders.TREASURY: TREASURY,
}


def real(change: Change) -> Change:
    """The builders' change, its short names replaced by addresses that a client may ask for."""
    return msgspec.structs.replace(change, events=tuple(map(_real, change.events)))


def _real(event: Event) -> Event:
    text = msgspec.json.encode(event).decode()
    for name, address in _REAL.items():
        text = text.replace(f'"{name}"', f'"{address}"')
    return msgspec.json.decode(text, type=type(event))


class Client:
    """What a test does in a client's place."""

    def __init__(self, world: "GatewayWorld", session: Session, tape: Tape, ear: Ear) -> None:
        self.world = world
        self.session = session
        self.tape = tape
        self.ear = ear
        self._read = 0
        self._ids = itertools.count(1)

    async def send(self, op: object) -> None:
        text = op if isinstance(op, str) else json.dumps(op)
        await self.ear.hear(self.session, text)

    async def subscribe(self, *channels: str, since: int | None = None, epoch: str = EPOCH) -> list[Json]:
        """Subscribe, let everything happen, and return the frames that came."""
        op: Json = {"op": "subscribe", "id": next(self._ids), "channels": channels}
        if since is not None:
            op["since"] = {"epoch": epoch, "seq": since}
        await self.send(op)
        return await self.news()

    async def news(self) -> list[Json]:
        """The frames since the last look, once the gateway has nothing left to do."""
        await self.world.settle()
        found = self.tape.frames[self._read :]
        self._read = len(self.tape.frames)
        return found

    async def until(self, kind: str) -> Json:
        """The next unread frame of a type."""
        while True:
            for frame in self.tape.frames[self._read :]:
                self._read += 1
                if frame["type"] == kind:
                    return frame
            await self.tape.grown.wait()

    def leave(self) -> None:
        self.world.address.post(Gone(session=self.session))


class GatewayWorld:
    """A journal, the gateway under a supervisor, and a board that only the test writes on."""

    def __init__(self, path: Path, *, config: Stream = CONFIG, seed: int | None = None, **tools: Any) -> None:
        self.path = path
        self.config = config
        self.clock = Clock()
        self.board = Board()
        self.pool = PlayedPool()
        self.node = PlayedNode()
        self.tasks = TaskKeeper()
        self.chance = random.Random(seed or 0)
        self.hops = seed is not None
        self.journal: SqliteJournal
        self.reader: Reader
        self.refs: list[ActorRef[GatewayActor]] = []
        self.born = asyncio.Event()
        self.supervisor = Supervisor(
            spawn=self.tasks, random=self.chance, policy=RestartPolicy(base_s=0.0, most=10_000)
        )
        self.address: Address = self.supervisor.add(ChildSpec("gateway", self._start))
        self._tools = tools

    async def open(self) -> None:
        writer = open_writer(self.path)
        writer.execute("PRAGMA synchronous = OFF")  # no test here pulls the plug
        self.journal = await SqliteJournal.open(
            Hops(writer, self.chance) if self.hops else LocalConnection(writer),
            epoch=EPOCH,
            now_ms=self.clock.now_ms,
            spawn=self.tasks,
        )
        reader = open_reader(self.path)
        self.reader = Reader(Hops(reader, self.chance) if self.hops else LocalConnection(reader))
        self.board.post_tip(a_tip())
        self.board.post_market(a_market())
        self.board.on_change(lambda channel: self.address.post(StateChanged(channel=channel)))
        self.journal.subscribe(self._committed)
        await self.supervisor.start()

    async def close(self) -> None:
        await self.supervisor.stop()
        await self.tasks.close()
        await self.reader.close()
        await self.journal.close()

    async def append(self, *changes: Change, **given: Any) -> tuple[Committed, ...]:
        return await self.journal.append([real(change) for change in changes], **given)

    async def reorganise(self, fork_height: int, *then: Change) -> tuple[Committed, ...]:
        undone = await self.reader.read(undone_subjects, fork_height)
        return await self.append(
            builders.reorganised(fork_height),
            *builders.compensations(undone, fork_height),
            *then,
            revert=Revert(fork_height=fork_height),
        )

    async def connect(self) -> Client:
        tape = Tape()
        session = Session(tape, budget=self.config.queue_bytes)
        ear = await self.address.ask(Opened(session=session), deadline=5.0)
        return Client(self, session, tape, ear)

    async def settle(self) -> None:
        """Let the gateway do all that it has to: it is asked last, after everything before."""
        for _ in range(20):
            await asyncio.sleep(0)
        await self.status()

    async def status(self) -> Json:
        return await self.address.ask(GatewayStatus(), deadline=5.0)

    async def beat(self, count: int) -> None:
        for _ in range(count):
            self.address.post(Beat())
        await self.settle()

    def committed(self) -> int:
        """The last event that a reader of the database sees, which the gateway may not have heard of."""
        with contextlib.closing(open_reader(self.path)) as db:
            return last_seq(db)

    async def crash(self) -> None:
        """Let the gateway fail, and wait for its successor."""
        born = self.born
        self.address.post("a message that it does not know")  # type: ignore[arg-type]
        await born.wait()

    def context(self) -> ViewContext:
        return context_of(
            self.board,
            depth=Depth(),
            pricing=Pricing(
                volatility=VolatilityRule(),
                premium=PremiumRule(),
                tiers=DEFAULT_TIERS,
                amounts=AmountLimits(),
                valid_blocks=2,
                valid_s=600,
            ),
            now_ms=self.clock.now_ms(),
        )

    def _committed(self, batch: tuple[Committed, ...]) -> None:
        self.address.post(Publish(batch=batch))

    async def _start(self) -> ActorRef[GatewayActor]:
        objects = Objects(
            reader=self.reader,
            board=self.board,
            pool=self.pool,  # type: ignore[arg-type]
            context=self.context,
        )
        ref = GatewayActor.start(
            GatewayTools(
                **(
                    {
                        "config": self.config,
                        "epoch": EPOCH,
                        "reader": self.reader,
                        "objects": objects,
                        "states": States(board=self.board, context=self.context),
                        "clock": self.clock,
                        "operator_token": TOKEN,
                        "last_seq": lambda: self.journal.seq,
                        "network": Network.DEVNET,
                        "status": self._status_source(),
                    }
                    | self._tools
                )
            )
        )
        self.refs.append(ref)
        self.born.set()
        self.born = asyncio.Event()
        return ref

    def _status_source(self) -> StatusSource:
        return StatusSource(
            version="0.1.0",
            pid=1,
            since=self.clock.monotonic(),
            config=Config(),
            node=self.node,  # type: ignore[arg-type]
            node_url="http://127.0.0.1:3999",
            board=self.board,
            journal=self.journal,
            reader=self.reader,
            clock=self.clock,
        )


@contextlib.asynccontextmanager
async def a_gateway(folder: Path, **given: Any) -> AsyncIterator[GatewayWorld]:
    world = GatewayWorld(folder / "journal.sqlite", **given)
    await world.open()
    try:
        yield world
    finally:
        await world.close()


def in_background(world: GatewayWorld, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    return world.tasks(work, "a test's")


def of(frames: Sequence[Json], kind: str) -> list[Json]:
    return [frame for frame in frames if frame["type"] == kind]


def chain_holds(frames: Sequence[Json], channel: str, last: int) -> bool:
    """Whether each event of a channel names the one before it."""
    for frame in frames:
        if frame["type"] == "event" and frame["channel"] == channel:
            if frame["prev"] != last:
                return False
            last = frame["seq"]
    return True
