"""Connections to the journal's file: work on them is a function, handed to where they live."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

import aiosqlite

T = TypeVar("T")

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)
_BUSY_S: Final = 5.0
_STATEMENTS: Final = 512


class Connection(Protocol):
    """A database and the thread, or the simulated machine, that works on it."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns; calls run one after the other, in the order they were made."""
        ...

    async def close(self) -> None:
        """Close the database after what has been asked of it."""
        ...


class ThreadConnection(aiosqlite.Connection):
    """aiosqlite's thread, one hop for a whole function instead of one for each statement."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns on the thread; being cancelled ends the waiting, not the work."""
        return await self._execute(partial(work, self._conn))  # pyright: ignore[reportUnknownMemberType] - aiosqlite leaves it untyped


class LocalConnection:
    """The second form: the same SQL on the caller's own thread, for simulations and tools."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns, at once."""
        return work(self._db)

    async def close(self) -> None:
        """Close the database."""
        self._db.close()


def open_writer(path: Path | str) -> sqlite3.Connection:
    """Open a database for writing, `:memory:` included: autocommit, WAL, every commit on disk."""
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, cached_statements=_STATEMENTS)
    for pragma in _PRAGMAS:
        db.execute(pragma)
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a database for reading alone; it must exist."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        cached_statements=_STATEMENTS,
    )


async def connect_writer(path: Path) -> ThreadConnection:
    """Return the one writer of a database file, on a thread of its own."""
    return await _connect(partial(open_writer, path))


async def connect_reader(path: Path) -> ThreadConnection:
    """Return a reader of a database file, on a thread of its own: it never waits for the writer."""
    return await _connect(partial(open_reader, path))


async def _connect(connector: Callable[[], sqlite3.Connection]) -> ThreadConnection:
    connection = ThreadConnection(connector, iter_chunk_size=64)
    await connection
    return connection


@contextmanager
def transaction(db: sqlite3.Connection, *, begin: str = "BEGIN IMMEDIATE") -> Generator[None]:
    """Commit what happens inside, or nothing of it."""
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            with suppress(sqlite3.Error):  # the first failure is the one to be heard of
                db.execute("ROLLBACK")
