"""`alerts`: the open ones."""

import sqlite3
from typing import Final

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.chain import AlertCleared, AlertRaised

HEARS: Final[tuple[type[Event], ...]] = (AlertRaised, AlertCleared)
RAISE: Final = """
INSERT INTO alerts (code, severity, message, public, seq, since_at_ms) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (code) DO UPDATE SET
    severity = excluded.severity, message = excluded.message, public = excluded.public, seq = excluded.seq
"""
CLEAR: Final = "DELETE FROM alerts WHERE code = ?"
PUBLIC: Final = "SELECT public FROM alerts WHERE code = ?"


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Open an alert, or close it; one raised again keeps the time of its start."""
    match recorded.event:
        case AlertRaised() as event:
            facts = (event.code, event.severity, event.message, event.public)
            db.execute(RAISE, (*facts, recorded.seq, recorded.at_ms))
        case AlertCleared() as event:
            db.execute(CLEAR, (event.code,))
        case _:
            pass


def is_public(db: sqlite3.Connection, event: Event) -> bool:
    """Return whether everybody may see the alert that `event` raises or, before it is projected, clears."""
    if isinstance(event, AlertRaised):
        return event.public
    if isinstance(event, AlertCleared):
        row: tuple[int] | None = db.execute(PUBLIC, (event.code,)).fetchone()
        return row is not None and row[0] == 1
    return False
