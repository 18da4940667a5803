"""The disk of a simulated machine: real SQLite, and a commit that a crash finds before or behind it."""

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from bithedge.storage.connections import open_writer

T = TypeVar("T")
Failure = Literal["full", "before", "after"]
"""No page left; failed before anything was done; done, and told as failed."""

_LIMIT: Final = 4_294_967_294
_BEFORE_S: Final = (0.0002, 0.004)
_AFTER_S: Final = (0.0001, 0.004)
_READ_S: Final = (0.0, 0.003)


class Disk:
    """One database that outlives the lives that use it."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.db = open_writer(path)
        # A power cut is played by what is cut off; waiting for a real disk would tell nothing more.
        self.db.execute("PRAGMA synchronous = OFF")

    def fill(self) -> None:
        """Let there be no page more than there are: what needs one fails as SQLite's own full disk."""
        (pages,) = self.db.execute("PRAGMA page_count").fetchone()
        self.db.execute(f"PRAGMA max_page_count = {pages}")

    def make_room(self) -> None:
        """Let the database grow again."""
        self.db.execute(f"PRAGMA max_page_count = {_LIMIT}")

    def is_empty(self) -> bool:
        """Tell whether nobody has made a table yet."""
        return self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone() is None

    def close(self) -> None:
        """Close the database."""
        self.db.close()


class SimConnection:
    """A life's connection: each piece of work waits before it is done and again before it is answered.

    A crash in the first wait loses the work, one in the second keeps it unacknowledged. Work is done by the
    loop's callbacks, never by the caller's coroutine: so one whose caller has gone is done all the same, and
    none is after the crash.

    Args:
        disk: what it works on.
        chance: draws the waits.
        failing: asked before each piece of work whether, and how, it shall fail.
    """

    def __init__(
        self,
        disk: Disk,
        chance: random.Random,
        *,
        failing: Callable[[], Failure | None] | None = None,
    ) -> None:
        self._disk = disk
        self._chance = chance
        self._failing = _sound if failing is None else failing
        self._queue: deque[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = deque()
        self._busy = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns; pieces of work are done in the order they were asked for."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append((work, answer))
        if not self._busy:
            self._busy = True
            self._wait(_BEFORE_S, self._do)
        return await answer

    async def close(self) -> None:
        """Wait for what was asked for; the disk stays."""
        self._failing = _sound
        await self.run(lambda _db: None)

    def _wait(self, span: tuple[float, float], then: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._chance.uniform(*span), then)

    def _do(self) -> None:
        work, answer = self._queue.popleft()
        outcome: Any = None
        error: BaseException | None = None
        try:
            outcome = self._work(work)
        except Exception as failed:  # noqa: BLE001 - the asker takes it, as aiosqlite hands it over
            error = failed

        def tell() -> None:
            if not answer.done():
                if error is None:
                    answer.set_result(outcome)
                else:
                    answer.set_exception(error)
            if self._queue:
                self._wait(_BEFORE_S, self._do)
            else:
                self._busy = False

        self._wait(_AFTER_S, tell)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        failure = self._failing()
        if failure == "before":
            raise sqlite3.OperationalError("disk I/O error")
        if failure == "full":
            self._disk.fill()
        done = work(self._disk.db)
        if failure == "after":
            raise sqlite3.OperationalError("disk I/O error")
        return done


def _sound() -> Failure | None:
    return None


class SimReading:
    """A life's reading connection: each answer is of now and comes later, or is of a moment later."""

    def __init__(self, disk: Disk, chance: random.Random) -> None:
        self._disk = disk
        self._chance = chance

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        delay = self._chance.uniform(*_READ_S)
        if self._chance.random() < 0.5:  # noqa: PLR2004 - one half each
            loop.call_later(delay, _settle, answer, work, self._disk.db)
        else:
            done: asyncio.Future[T] = loop.create_future()
            _settle(done, work, self._disk.db)
            loop.call_later(delay, _copy, answer, done)
        return await answer

    async def close(self) -> None:
        """Let go; the disk stays."""


def _settle(
    answer: asyncio.Future[T], work: Callable[[sqlite3.Connection], T], db: sqlite3.Connection
) -> None:
    if answer.done():
        return
    try:
        answer.set_result(work(db))
    except Exception as error:  # noqa: BLE001 - the asker takes it
        answer.set_exception(error)


def _copy(answer: asyncio.Future[T], done: asyncio.Future[T]) -> None:
    error = done.exception()
    if answer.done():
        return
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)


def torn_copy(source: Path, target: Path, chance: random.Random, *, synced: int) -> None:
    """Copy a database as a power cut leaves it: whatever was not synced is cut off, or partly garbage.

    Args:
        source: a database in WAL mode, open or not.
        target: where to.
        chance: where it is cut.
        synced: how many bytes of the write-ahead log are on the disk for good.
    """
    wal = source.with_name(source.name + "-wal")
    content = wal.read_bytes() if wal.exists() else b""
    tail = bytearray(content[synced:])
    del tail[chance.randrange(len(tail) + 1) :]
    if tail and chance.random() < 0.5:  # noqa: PLR2004 - one half each
        begin = chance.randrange(len(tail))
        for place in range(begin, min(len(tail), begin + 512)):
            tail[place] = chance.randrange(256)
    target.write_bytes(source.read_bytes())
    with suppress(FileNotFoundError):
        target.with_name(target.name + "-shm").unlink()
    target.with_name(target.name + "-wal").write_bytes(content[:synced] + bytes(tail))
