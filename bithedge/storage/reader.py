"""Reads from a connection of its own, so that no query waits behind a commit."""

import sqlite3
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from bithedge.domain.events.base import Recorded
from bithedge.storage.connections import Connection, connect_reader, transaction
from bithedge.storage.queries.events import events_after, last_seq

P = ParamSpec("P")
T = TypeVar("T")

CHUNK: Final = 5_000


class Reader:
    """Asks the functions of `bithedge.storage.queries`, each within one consistent view.

    `await reader.read(policies_page, filters, limit=50)` runs `policies_page(db, filters, limit=50)` where
    the database lives.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> "Reader":
        """Open a reader of a journal's file; the journal must have been opened before."""
        return cls(await connect_reader(path))

    async def read(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return the answer of a query."""
        return (await self.read_at(query, *args, **kwargs))[1]

    async def read_at(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[int, T]:
        """Return up to which seq the answer of a query is true, and the answer."""

        def work(db: sqlite3.Connection) -> tuple[int, T]:
            with transaction(db, begin="BEGIN"):
                return last_seq(db), query(db, *args, **kwargs)

        return await self._connection.run(work)

    async def replay(self, *, after: int = 0, chunk: int = CHUNK) -> AsyncGenerator[Recorded]:
        """Yield every event after a seq, in order, up to the last one there is when it gets there."""
        while events := await self._connection.run(partial(events_after, seq=after, limit=chunk)):
            for recorded in events:
                yield recorded
            after = events[-1].seq

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()
