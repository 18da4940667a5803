"""One life of the daemon: from its start on what the disk holds to its crash, its end, or its giving up."""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pykka import ActorDeadError, ActorRegistry

from actors.board import Board
from actors.bootstrap import Daemon
from actors.connecting import Connected
from actors.directory import PolicyDirectory
from actors.pricing import checked_pricing
from actors.runtime import Address, current_correlation_id, idle
from actors.runtime.mailbox import mailbox_of
from actors.seams import TaskKeeper
from actors.starters import Parts, Seams
from bithedge.config import Config
from bithedge.domain.errors import DomainError
from bithedge.domain.quotes import Pricing
from bithedge.oracle.sources import PriceSource
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.parameters import ContractParameters, read_parameters
from bithedge.sim.checks import BooksChecks, empty_books
from bithedge.sim.disk import SimConnection, SimReading
from bithedge.sim.genesis import Cast, SimFolder
from bithedge.sim.loop import SimLoop
from bithedge.sim.seams import SimClock, SimIds
from bithedge.sim.trace import Violation
from bithedge.stacks.errors import NodeError
from bithedge.storage.errors import StorageError
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Committed
from bithedge.storage.reader import Reader

if TYPE_CHECKING:
    from bithedge.sim.world import World

T = TypeVar("T")

UNFIT: Final = (NodeError, DomainError, StorageError, ActorDeadError, TimeoutError, sqlite3.Error)
"""What may keep a daemon from starting: its node, its disk, and an actor that died of either."""
LOOK_EVERY: Final = 16
"""Steps between two looks at whether the pool shows what it should."""


class UnfitError(Exception):
    """The daemon could not start, or stopped by itself: somebody starts it again."""


class Spawner(TaskKeeper):
    """Keeps tasks, and hears of each that fails."""

    def __init__(self, failed: Callable[[str, BaseException], None]) -> None:
        super().__init__()
        self._failed = failed

    def __call__(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start `coro`; should it fail, say so."""
        task = super().__call__(coro, name)
        task.add_done_callback(self._hear)
        return task

    def _hear(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(task.get_name(), error)


class Life:
    """One incarnation of the daemon in a world that goes on without it.

    Args:
        world: chain, disk, users, record.
        number: which one; every draw of this life depends on it.
        crash_at: the step at which it is cut off, if it is.
    """

    def __init__(self, world: "World", number: int, *, crash_at: int | None) -> None:
        self.world = world
        self.number = number
        seed = world.options.seed
        self.loop = SimLoop(
            f"loop:{seed}:{number}", crash_at=crash_at, start=world.now, after_step=self._after_step
        )
        self.chance = random.Random(f"life:{seed}:{number}")  # noqa: S311 - seeded chance is the point
        self.clock = SimClock(self.loop.time, epoch_ms=world.epoch_ms)
        self.clock.jump_ms = world.jump_ms
        self.spawn = Spawner(self._task_failed)
        self.daemon: Daemon | None = None
        self.journal: SqliteJournal | None = None
        self.checks: BooksChecks | None = None
        self._addresses: dict[str, Address] = {}
        self._until_look = LOOK_EVERY

    def bury(self) -> None:
        """Throw away what a crash leaves behind in this process."""
        self.loop.bury()
        for ref in ActorRegistry.get_all():
            if mailbox_of(ref).loop is self.loop:
                ActorRegistry.unregister(ref)

    async def open(self) -> Daemon:
        """Make the daemon and start it.

        Raises:
            UnfitError: the node does not answer well enough, or the disk refuses.
        """
        try:
            daemon = await self._made()
            await daemon.start()
        except UNFIT as error:
            raise UnfitError(f"no start: {error!r}") from error
        self.world.trace.note("started", f"life {self.number}, {self.loop.steps} steps")
        return daemon

    async def close(self) -> None:
        """Stop in order."""
        if self.daemon is not None:
            await self.daemon.stop()
        await self.spawn.close()

    def complain_if_unfit(self) -> None:
        """Look whether the daemon can go on.

        Raises:
            UnfitError: its journal takes nothing more, or its supervisor gave up.
        """
        if self.journal is not None and not self.journal.statistics().writable:
            raise UnfitError("the journal is read-only")
        if self.daemon is not None and self.daemon.supervisor.failed.done():
            raise UnfitError(f"gave up: {self.daemon.supervisor.failed.result()}")

    async def _made(self) -> Daemon:
        world = self.world
        node = world.node_of(self)
        parameters = await read_parameters(node, world.deployment)
        reader = Reader(SimReading(world.disk, self.chance))
        journal = self.journal = await SqliteJournal.open(
            SimConnection(world.disk, self.chance, failing=world.disk_failure),
            epoch="simulated",
            now_ms=self.clock.now_ms,
            spawn=self.spawn,
            correlation=current_correlation_id,
        )
        board = Board()
        self._watch(journal, board, parameters)
        made: list[Daemon] = []

        def policies() -> PolicyDirectory:
            return made[0].policies

        daemon = Daemon(
            Parts(
                config=world.config,
                folder=SimFolder(),
                connected=connected(world.deployment, world.cast, node),
                seams=Seams(
                    clock=self.clock,
                    ids=SimIds(f"ids:{world.options.seed}:{self.number}"),
                    random=self.chance,
                    spawn=self.spawn,
                ),
                journal=journal,
                reader=reader,
                parameters=parameters,
                pricing=pricing_of_run(world.config, parameters),
                board=board,
                addresses=self._addresses,
                policies=policies,
                sources=self._sources(),
            )
        )
        made.append(daemon)
        self.daemon = daemon
        return daemon

    def _watch(self, journal: SqliteJournal, board: Board, parameters: ContractParameters) -> None:
        checks = self.checks = BooksChecks(
            self.world.disk.db,
            self.world.chain_checks.blocks,
            empty=lambda: empty_books(self.world.config, parameters),
            board=board,
            pool=self.world.deployment.pool,
        )

        def hear(batch: tuple[Committed, ...]) -> None:
            for one in batch:
                recorded = one.recorded
                self.world.trace.note("event", f"{recorded.seq} {recorded.stream} {recorded.event}")
            self.world.guarded(lambda: checks.committed(batch))

        journal.subscribe(hear)

    def _sources(self) -> Sequence[PriceSource]:
        return self.world.sources_of(self)

    def _after_step(self) -> None:
        world = self.world
        world.trace.now = world.now = self.loop.time()
        world.steps += 1
        if world.failure is not None:
            raise world.failure
        self._until_look -= 1
        if self._until_look == 0:
            self._until_look = LOOK_EVERY
            self._look()

    def _look(self) -> None:
        checks, journal = self.checks, self.journal
        if checks is None or journal is None:
            return
        address = self._addresses.get("pool")
        pool = None if address is None else address.ref
        quiet = journal.statistics().waiting == 0 and journal.seq == _written(self.world)
        if pool is not None and idle(pool) and quiet:
            checks.shown()

    def _task_failed(self, name: str, error: BaseException) -> None:
        if not isinstance(error, UnfitError):
            self.world.fail(error if isinstance(error, Violation) else Violation(f"{name} died of {error!r}"))


def _written(world: "World") -> int:
    row = world.disk.db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    return int(row[0])


def connected(deployment: Deployment, keys: Cast, node: Any) -> Connected:
    """Return the chain of a run as the bootstrap takes it."""
    return Connected(
        session=cast("Any", None),  # no HTTP is spoken
        node=node,
        node_url="simulated",
        deployment=deployment,
        keys=keys.daemon,
        process=None,
        control=None,
    )


@lru_cache(maxsize=2)
def pricing_of_run(config: Config, parameters: ContractParameters) -> Pricing:
    """Return the rules of quotes; their check takes a while, and they are the same in every run."""
    return checked_pricing(config, parameters)
