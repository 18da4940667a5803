"""What the clock asks before it releases: what is on its way already, and until when the chain was paused."""

import sqlite3
from typing import Final

import msgspec

from bithedge.domain.events.pool import PoolPaused, PoolResumed
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import QuoteId
from bithedge.domain.money import Height
from bithedge.storage.codec import COLUMNS, decode_row

OPEN: Final = """
SELECT i.payload FROM operations AS o JOIN intents AS i ON i.operation_id = o.operation_id
WHERE o.status = ? AND o.kind = 'release'
"""
NAMED: Final = (
    f"SELECT {COLUMNS} FROM events "  # noqa: S608 - constant
    "WHERE name = ? AND undone_by IS NULL ORDER BY seq DESC"
)


def policies_in_release(db: sqlite3.Connection) -> frozenset[QuoteId]:
    """Return the policies that an operation to release their collateral stands for, unmined as yet."""
    rows: list[tuple[str]] = [row for status in ("queued", "sent") for row in db.execute(OPEN, (status,))]
    intents = (msgspec.json.decode(payload, type=Intent) for (payload,) in rows)
    return frozenset(quote_id for intent in intents for quote_id in intent.quote_ids)


def settlements_resumed_at(db: sqlite3.Connection) -> Height:
    """Return the first height after the last pause of settlements; 0 if there was none."""
    paused = _last(db, PoolPaused)
    resumed = _last(db, PoolResumed)
    if paused is None:
        return Height(0)
    if resumed is not None and resumed[0] > paused[0]:
        return resumed[1]
    return paused[1]


def _last(db: sqlite3.Connection, kind: type[PoolPaused | PoolResumed]) -> tuple[int, Height] | None:
    """Return the seq of the last such event about settlements, and the height that it sets."""
    for row in db.execute(NAMED, (kind.__name__,)):
        recorded = decode_row(row)
        event = recorded.event
        if isinstance(event, PoolPaused) and event.what == "settlements":
            return recorded.seq, event.until
        if isinstance(event, PoolResumed) and event.what == "settlements" and recorded.chain is not None:
            return recorded.seq, recorded.chain.burn_height
    return None
