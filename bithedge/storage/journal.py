"""The journal on SQLite: one writer, all that came while the last commit ran is the next one."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import Hex
from bithedge.storage import keeping
from bithedge.storage.appending import Append
from bithedge.storage.batch import Outcome, apply_batch
from bithedge.storage.connections import Connection
from bithedge.storage.errors import ReadOnlyError
from bithedge.storage.keeping import Candle
from bithedge.storage.migrations import migrate
from bithedge.storage.ports import Attempt, Attested, Change, Committed, Keep, Revert
from bithedge.storage.position import Position

T = TypeVar("T")
Spawn = Callable[[Coroutine[Any, Any, None], str], object]
Listener = Callable[[tuple[Committed, ...]], None]
Waiter = asyncio.Future[tuple[Committed, ...]]

EPOCH: Final = "SELECT value FROM meta WHERE name = 'epoch'"
BEGIN_EPOCH: Final = "INSERT INTO meta (name, value) VALUES ('epoch', ?) ON CONFLICT (name) DO NOTHING"


class JournalStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer fares."""

    seq: int
    writable: bool
    waiting: int
    """Appends that the next commit will take."""
    lag_ms: int
    """For how long the oldest of those not yet committed has waited."""
    commits: int
    appends: int


class SqliteJournal:
    """`Journal` on one SQLite database.

    Owns the writing connection. Refuses with `StorageError`s, and with `MessageUsedError` where a signed
    message has done its work. After a failed commit it takes nothing more until a restart: what the disk then
    holds is read afresh. A listener must not raise; should one, the journal stops likewise, because somebody
    has then missed a commit.
    """

    def __init__(
        self,
        connection: Connection,
        position: Position,
        epoch: str,
        *,
        now_ms: Callable[[], int],
        spawn: Spawn,
        correlation: Callable[[], str],
    ) -> None:
        self._connection = connection
        self._position = position
        self._seq = position.seq
        self._epoch = epoch
        self._now_ms = now_ms
        self._spawn = spawn
        self._correlation = correlation
        self._waiting: list[tuple[Append, Waiter]] = []
        self._listeners: list[Listener] = []
        self._since_ms: int | None = None
        self._idle: asyncio.Future[None] | None = None
        self._closed: str | None = None
        self._commits = 0
        self._appends = 0

    @classmethod
    async def open(
        cls,
        connection: Connection,
        *,
        epoch: str,
        now_ms: Callable[[], int],
        spawn: Spawn,
        correlation: Callable[[], str] = lambda: "",
    ) -> "SqliteJournal":
        """Bring the database to the newest schema and stand at its end.

        Args:
            connection: the only writer of its database; the journal closes it.
            epoch: the name of a journal that is new; one that exists keeps its own.
            now_ms: the wall clock, Unix milliseconds.
            spawn: starts the commits' task.
            correlation: the correlation id of the asker, called in its own context.

        Raises:
            NewerDatabaseError: the database is ahead of this program.
        """
        position, name = await connection.run(partial(_prepare, epoch=epoch))
        return cls(connection, position, name, now_ms=now_ms, spawn=spawn, correlation=correlation)

    @property
    def epoch(self) -> str:
        """The name of this very journal: it changes with a new data folder or a restore, never at a start."""
        return self._epoch

    @property
    def seq(self) -> int:
        """The last committed event."""
        return self._seq

    def statistics(self) -> JournalStatistics:
        """Return how the writer fares."""
        lag = 0 if self._since_ms is None else self._now_ms() - self._since_ms
        return JournalStatistics(
            seq=self.seq,
            writable=self._closed is None,
            waiting=len(self._waiting),
            lag_ms=max(0, lag),
            commits=self._commits,
            appends=self._appends,
        )

    async def append(
        self,
        changes: Sequence[Change],
        *,
        intents: Sequence[Intent] = (),
        attempts: Sequence[Attempt] = (),
        keep: Keep | None = None,
        used_message: Hex | None = None,
        revert: Revert | None = None,
        at_ms: int | None = None,
    ) -> tuple[Committed, ...]:
        """Commit all of it or nothing; whoever stops waiting does not stop the commit.

        Raises:
            VersionConflictError: a stream went on since the decision.
            AlreadyAnsweredError: the kept answer's scope has been answered.
            MessageUsedError: the signed message has done its work.
            UnsoundAppendError: something in it cannot be stored.
            ReadOnlyError: the commit failed, or one did before.
        """
        self._refuse_if_closed()
        item = Append(
            changes=tuple(changes),
            intents=tuple(intents),
            attempts=tuple(attempts),
            keep=keep,
            used_message=used_message,
            revert=revert,
            at_ms=at_ms,
            correlation_id=self._correlation(),
        )
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((item, waiter))
        if self._idle is None:
            self._idle = asyncio.get_running_loop().create_future()
            self._spawn(self._commit_all(self._idle), "journal")
        return await waiter

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` of every commit, in order, on the loop's thread, after it is durable."""
        self._listeners.append(listener)

    async def attest(self, answers: Sequence[Attested]) -> tuple[Attested, ...]:
        """Store each answer unless its question was answered before; return what stands."""
        self._refuse_if_closed()
        return await self._write(partial(keeping.attest, answers=tuple(answers)))

    async def store_candles(self, candles: Sequence[Candle]) -> None:
        """Store candles, those of the same bar and start replaced."""
        self._refuse_if_closed()
        await self._write(partial(keeping.store_candles, candles=tuple(candles)))

    async def close(self) -> None:
        """Take nothing more, commit what waits, close the database."""
        self._closed = self._closed or "the journal is closed"
        if self._idle is not None:
            await asyncio.shield(self._idle)
        await self._connection.close()

    async def _commit_all(self, idle: asyncio.Future[None]) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:
            self._idle = None
            idle.set_result(None)

    async def _commit(self, batch: list[tuple[Append, Waiter]]) -> None:
        at_ms = self._since_ms = self._now_ms()
        items = [item for item, _ in batch]
        body = partial(apply_batch, batch=items, position=self._position, at_ms=at_ms)
        sound = False
        try:
            outcomes = await self._connection.run(body)
            self._answer(batch, outcomes)
            sound = True
        except sqlite3.Error as error:
            self._stop(f"a commit failed ({error}): read-only until the next start", batch)
            sound = True
        finally:
            self._since_ms = None
            if not sound:
                self._stop("a commit was cut short: read-only until the next start", batch)

    def _answer(self, batch: list[tuple[Append, Waiter]], outcomes: list[Outcome]) -> None:
        self._seq = self._position.seq
        self._commits += 1
        self._appends += len(batch)
        for (_, waiter), outcome in zip(batch, outcomes, strict=True):
            if waiter.done():
                continue
            if isinstance(outcome, tuple):
                waiter.set_result(outcome)
            else:
                waiter.set_exception(outcome)
        for outcome in outcomes:
            if isinstance(outcome, tuple) and outcome:
                for listener in self._listeners:
                    listener(outcome)

    def _stop(self, reason: str, batch: list[tuple[Append, Waiter]]) -> None:
        self._closed = reason
        waiting, self._waiting = self._waiting, []
        for _, waiter in (*batch, *waiting):
            if not waiter.done():
                waiter.set_exception(ReadOnlyError(reason))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._connection.run(work)
        except sqlite3.Error as error:
            self._stop(f"a write failed ({error}): read-only until the next start", [])
            raise ReadOnlyError(str(error)) from error

    def _refuse_if_closed(self) -> None:
        if self._closed is not None:
            raise ReadOnlyError(self._closed)


def _prepare(db: sqlite3.Connection, epoch: str) -> tuple[Position, str]:
    migrate(db)
    db.execute(BEGIN_EPOCH, (epoch,))
    row: tuple[str] = db.execute(EPOCH).fetchone()
    return Position.load(db), row[0]
