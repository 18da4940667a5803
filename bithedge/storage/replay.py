"""Builds the read models again from the journal alone: to mend them, or to prove them byte for byte."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from bithedge.domain.events.transactions import Intent
from bithedge.storage.codec import COLUMNS, EventRow, decode_row, row_checksum
from bithedge.storage.connections import open_reader, open_writer, transaction
from bithedge.storage.errors import CorruptJournalError
from bithedge.storage.migrations import migrate
from bithedge.storage.position import Position
from bithedge.storage.writing import Writing

READ_MODELS: Final = (
    "event_channels",
    "policies",
    "quotes",
    "provider_accounts",
    "provider_exits",
    "provider_ledger",
    "policy_backing",
    "transactions",
    "operations",
    "withdrawals",
    "blocks",
    "tier_metrics",
    "pool_metrics",
    "alerts",
)
CHUNK: Final = 10_000
SHOWN: Final = 100
"""How many differences a report lists."""

EVENTS: Final = f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - constant
INTENTS: Final = "SELECT seq, at_ms, payload FROM intents WHERE seq > ? AND seq <= ? ORDER BY seq"
LAST: Final = "SELECT coalesce(max(seq), 0) FROM events"
UNDONE: Final = "SELECT seq, undone_by FROM events ORDER BY seq"
REMARK: Final = """
UPDATE main.events SET undone_by = fresh.events.undone_by
FROM fresh.events
WHERE fresh.events.seq = main.events.seq AND fresh.events.undone_by IS NOT main.events.undone_by
"""
_END: Final = 2**62
_TEMPORARY: Final = ""  # a private file that SQLite removes by itself


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a read model that is not what the journal makes of it; None where one side has no row."""

    table: str
    stored: tuple[object, ...] | None
    rebuilt: tuple[object, ...] | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison found: nothing, when all is well."""

    events: int
    differences: tuple[Difference, ...]


def verify(path: Path) -> Report:
    """Compare every read model, byte for byte, with one built afresh; a daemon may write meanwhile.

    Raises:
        CorruptJournalError: the journal's own chain of checksums is broken.
    """
    with (
        closing(open_reader(path)) as source,
        closing(open_writer(_TEMPORARY)) as target,
        transaction(source, begin="BEGIN"),
    ):
        events = build(source, target)
        found = chain(
            _unequal("events", source.execute(UNDONE), target.execute(UNDONE)),
            *(_differences(source, target, table) for table in READ_MODELS),
        )
        return Report(events=events, differences=tuple(islice(found, SHOWN)))


def rebuild(path: Path) -> int:
    """Put read models built afresh in place of those stored, all at once; return the number of events.

    No daemon may hold the file meanwhile.

    Raises:
        CorruptJournalError: the journal's own chain of checksums is broken; nothing was changed.
    """
    fresh = path.with_name(path.name + ".rebuilt")
    fresh.unlink(missing_ok=True)
    source, target = open_writer(path), open_writer(fresh)
    try:
        events = build(source, target)
        target.close()
        source.execute("ATTACH DATABASE ? AS fresh", (str(fresh),))
        with transaction(source):
            for table in READ_MODELS:
                source.execute(f"DELETE FROM main.{table}")  # noqa: S608 - constant names
                source.execute(f"INSERT INTO main.{table} SELECT * FROM fresh.{table}")  # noqa: S608 - likewise
            source.execute(REMARK)
        return events
    finally:
        target.close()
        source.close()
        for left in (fresh, fresh.with_name(fresh.name + "-wal"), fresh.with_name(fresh.name + "-shm")):
            left.unlink(missing_ok=True)


def build(source: sqlite3.Connection, target: sqlite3.Connection) -> int:
    """Write the journal of `source`, with all that follows from it, into the empty `target`.

    Returns the number of events.

    Raises:
        CorruptJournalError: the chain of checksums is broken.
    """
    migrate(target)
    position, checksum, done = Position(0, 0), 0, 0
    while rows := _chunk(source, position.seq):
        with transaction(target):
            writing = Writing(target, position)
            intents = _intents(source, position.seq, rows[-1][0])
            waiting = next(intents, None)
            for row in rows:
                checksum = _checked(row, checksum)
                while waiting is not None and waiting[0] <= row[0]:
                    writing.queue(waiting[2], waiting[0], waiting[1])
                    waiting = next(intents, None)
                writing.record(replace(decode_row(row), undone=False))
            writing.flush()
        position.move(writing.seq, writing.checksum, writing.versions)
        done += len(rows)
    _queue_rest(source, target, position)
    return done


def _queue_rest(source: sqlite3.Connection, target: sqlite3.Connection, position: Position) -> None:
    with transaction(target):
        writing = Writing(target, position)
        for seq, at_ms, intent in _intents(source, position.seq, _END):
            writing.queue(intent, seq, at_ms)


def _chunk(source: sqlite3.Connection, after: int) -> list[EventRow]:
    return source.execute(EVENTS, (after, CHUNK)).fetchall()


def _intents(source: sqlite3.Connection, after: int, upto: int) -> Iterator[tuple[int, int, Intent]]:
    rows: list[tuple[int, int, str]] = source.execute(INTENTS, (after, upto)).fetchall()
    return ((seq, at_ms, msgspec.json.decode(payload, type=Intent)) for seq, at_ms, payload in rows)


def _checked(row: EventRow, previous: int) -> int:
    expected = row_checksum(row, previous)
    if row[13] != expected:
        raise CorruptJournalError(f"event {row[0]} or one before it was changed or is missing")
    return expected


def _differences(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> Iterator[Difference]:
    keys = [row[1] for row in source.execute(f"PRAGMA table_info({table})") if row[5]]
    statement = f"SELECT * FROM {table} ORDER BY {', '.join(keys)}"  # noqa: S608 - names of our own schema
    return _unequal(table, source.execute(statement), target.execute(statement))


def _unequal(table: str, stored: sqlite3.Cursor, rebuilt: sqlite3.Cursor) -> Iterator[Difference]:
    for left, right in zip_longest(stored, rebuilt):
        if left != right:
            yield Difference(table=table, stored=left, rebuilt=right)
