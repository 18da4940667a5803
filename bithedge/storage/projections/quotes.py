"""`quotes`: the signed ones, with what became of their reservation."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.policy import QuoteIssued
from bithedge.domain.events.pool import CapacityReleased, CollateralAllocated
from bithedge.domain.ids import QuoteId

HEARS: Final[tuple[type[Event], ...]] = (QuoteIssued, CapacityReleased, CollateralAllocated)
INSERT: Final = """
INSERT INTO quotes (quote_id, owner, tier, status, max_payout, valid_until, seq, at_ms, issued)
VALUES (?, ?, ?, 'reserved', ?, ?, ?, ?, ?)
ON CONFLICT (quote_id) DO UPDATE SET status = 'reserved', issued = excluded.issued
"""
MOVE: Final = "UPDATE quotes SET status = ? WHERE quote_id = ?"
DELETE: Final = "DELETE FROM quotes WHERE quote_id = ?"


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Follow a signed quote: reserved in the commit of its signing, then sold or lapsed."""
    match recorded.event:
        case QuoteIssued() as event:
            terms = event.terms
            issued = msgspec.json.encode(event).decode()
            place = (recorded.seq, recorded.at_ms, issued)
            db.execute(
                INSERT, (terms.quote_id, terms.owner, terms.tier, terms.max_payout, terms.valid_until, *place)
            )
        case CapacityReleased() as event:
            db.execute(MOVE, ("lapsed" if event.lapsed else "sold", event.quote_id))
        case CollateralAllocated() as event:
            db.execute(MOVE, ("sold", event.quote_id))
        case _:
            pass


def refold(db: sqlite3.Connection, quote_id: QuoteId, history: Sequence[Recorded]) -> None:
    """Make the row again from what stands of its policy's history."""
    db.execute(DELETE, (quote_id,))
    for recorded in history:
        if not recorded.undone:
            project(db, recorded)
