"""The journal itself: events by place, stream, channel or name."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.events.base import Recorded
from bithedge.domain.events.chain import AlertRaised
from bithedge.domain.ids import QuoteId
from bithedge.storage.channels import OPERATOR, policy_channel
from bithedge.storage.codec import COLUMNS, EventRow, decode_row

RESUME_LIMIT: Final = 10_000
"""How many events a subscriber may have missed and still resume."""

AFTER: Final = f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - constant
OF_STREAM: Final = (
    f"SELECT {COLUMNS} FROM events WHERE stream = ? AND version > ? "  # noqa: S608 - constant
    "ORDER BY version LIMIT ?"
)
OF_CHANNEL: Final = (
    f"SELECT previous, {COLUMNS} FROM event_channels JOIN events USING (seq) "  # noqa: S608 - constant
    "WHERE channel = ? AND seq > ? ORDER BY seq LIMIT ?"
)
NEWEST: Final = f"SELECT {COLUMNS} FROM events ORDER BY seq DESC LIMIT ?"  # noqa: S608 - constant
NEWEST_NAMED: Final = f"SELECT {COLUMNS} FROM events WHERE name = ? ORDER BY seq DESC LIMIT ?"  # noqa: S608 - constant
LAST: Final = "SELECT coalesce(max(seq), 0) FROM events"
LAST_OF_CHANNEL: Final = "SELECT coalesce(max(seq), 0) FROM event_channels WHERE channel = ?"
EPOCH: Final = "SELECT value FROM meta WHERE name = 'epoch'"
BYTES: Final = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
_ALL: Final = -1


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a channel carries it."""

    channel: str
    previous: int
    """The channel's event before it, 0 for none."""
    recorded: Recorded


def last_seq(db: sqlite3.Connection) -> int:
    """Return the journal's last event, 0 for none."""
    row: tuple[int] = db.execute(LAST).fetchone()
    return row[0]


def epoch(db: sqlite3.Connection) -> str:
    """Return the name of this very journal."""
    row: tuple[str] = db.execute(EPOCH).fetchone()
    return row[0]


def database_bytes(db: sqlite3.Connection) -> int:
    """Return the size of the database, the write-ahead log not counted."""
    row: tuple[int] = db.execute(BYTES).fetchone()
    return row[0]


def events_after(db: sqlite3.Connection, seq: int, *, limit: int) -> tuple[Recorded, ...]:
    """Return the journal's next events."""
    return _decode(db.execute(AFTER, (seq, limit)).fetchall())


def stream_events(
    db: sqlite3.Connection, stream: str, *, after: int = 0, limit: int = _ALL
) -> tuple[Recorded, ...]:
    """Return the events of a stream above a version, oldest first."""
    return _decode(db.execute(OF_STREAM, (stream, after, limit)).fetchall())


def policy_events(db: sqlite3.Connection, quote_id: QuoteId) -> tuple[Recorded, ...]:
    """Return all that concerned a policy, oldest first; `undone` marks what a reorg took back."""
    rows = db.execute(OF_CHANNEL, (policy_channel(quote_id), 0, _ALL)).fetchall()
    return _decode([row[1:] for row in rows])


def newest_events(db: sqlite3.Connection, *, limit: int, name: str | None = None) -> tuple[Recorded, ...]:
    """Return the last events, or the last of one name, newest first."""
    if name is None:
        return _decode(db.execute(NEWEST, (limit,)).fetchall())
    return _decode(db.execute(NEWEST_NAMED, (name, limit)).fetchall())


def alert_raised_ms(db: sqlite3.Connection, code: str) -> int | None:
    """Return when an alert was last raised, Unix milliseconds; None if it never was."""
    for row in db.execute(NEWEST_NAMED, (AlertRaised.__name__, _ALL)):
        recorded = decode_row(row)
        if isinstance(recorded.event, AlertRaised) and recorded.event.code == code:
            return recorded.at_ms
    return None


def missed(
    db: sqlite3.Connection, channels: Sequence[str], since: int, *, limit: int = RESUME_LIMIT
) -> tuple[ChannelEvent, ...] | None:
    """Return what channels carried after `since`, in the journal's order; None if more than `limit`."""
    found: list[ChannelEvent] = []
    for channel in dict.fromkeys(channels):
        found += _carried(db, channel, since, limit - len(found) + 1)
        if len(found) > limit:
            return None
    return tuple(sorted(found, key=lambda carried: carried.recorded.seq))


def last_of_channels(db: sqlite3.Connection, channels: Sequence[str]) -> dict[str, int]:
    """Return the last event of each channel, 0 for none."""
    lasts: dict[str, int] = {}
    for channel in channels:
        row: tuple[int] = (
            db.execute(LAST).fetchone()
            if channel == OPERATOR
            else db.execute(LAST_OF_CHANNEL, (channel,)).fetchone()
        )
        lasts[channel] = row[0]
    return lasts


def _carried(db: sqlite3.Connection, channel: str, since: int, limit: int) -> list[ChannelEvent]:
    if channel == OPERATOR:
        return [
            ChannelEvent(channel=channel, previous=recorded.seq - 1, recorded=recorded)
            for recorded in events_after(db, since, limit=limit)
        ]
    return [
        ChannelEvent(channel=channel, previous=row[0], recorded=decode_row(row[1:]))
        for row in db.execute(OF_CHANNEL, (channel, since, limit)).fetchall()
    ]


def _decode(rows: Sequence[EventRow]) -> tuple[Recorded, ...]:
    return tuple(decode_row(row) for row in rows)
