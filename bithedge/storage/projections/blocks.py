"""`blocks`: all that were followed, orphans with what went with them."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.chain import BlockFollowed

HEARS: Final[tuple[type[Event], ...]] = (BlockFollowed,)
INSERT: Final = """
INSERT INTO blocks (
    hash, parent_hash, block_height, burn_height, at_ms, transactions, orphaned, reverted_events, seq
)
VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?)
ON CONFLICT (hash) DO UPDATE SET orphaned = 0, reverted_events = 0, seq = excluded.seq
"""
ORPHAN: Final = "UPDATE blocks SET orphaned = 1 WHERE block_height > ? AND orphaned = 0"
REVERTED: Final = "UPDATE blocks SET reverted_events = ? WHERE hash = ?"


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Add a block; one whose branch won again is canonical again."""
    event = recorded.event
    if isinstance(event, BlockFollowed):
        heights = (event.block_height, event.burn_height)
        db.execute(
            INSERT,
            (event.hash, event.parent_hash, *heights, event.block_at_ms, event.transactions, recorded.seq),
        )


def undo(db: sqlite3.Connection, fork_height: int, undone: Sequence[Recorded]) -> None:
    """Mark the blocks above the fork as orphans, and how many facts each had brought."""
    db.execute(ORPHAN, (fork_height,))
    brought = Counter(
        recorded.chain.block_hash
        for recorded in undone
        if recorded.chain is not None and not isinstance(recorded.event, BlockFollowed)
    )
    db.executemany(REVERTED, [(count, block_hash) for block_hash, count in brought.items()])
