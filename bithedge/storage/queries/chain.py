"""The followed chain, and what is kept by day: blocks, history, alerts."""

import sqlite3
from typing import Final

import msgspec

from bithedge.domain.events.chain import Severity
from bithedge.domain.money import Height, Sats
from bithedge.domain.tiers import Tier
from bithedge.storage.queries.rows import one, structs_of

MEAN_SPAN: Final = 144
"""Over how many burn blocks their mean distance is taken."""

LAST_DAY: Final = 2**53 // 144
"""No burn height that fits in JSON is of a later day."""

COLUMNS: Final = (
    "hash, parent_hash, block_height, burn_height, at_ms, transactions, orphaned, reverted_events, seq"
)
NEWEST: Final = f"SELECT {COLUMNS} FROM blocks ORDER BY seq DESC LIMIT ?"  # noqa: S608 - constant
TIP: Final = (
    f"SELECT {COLUMNS} FROM blocks WHERE orphaned = 0 "  # noqa: S608 - constant
    "ORDER BY block_height DESC LIMIT 1"
)
BY_HASH: Final = f"SELECT {COLUMNS} FROM blocks WHERE hash = ?"  # noqa: S608 - constant
BY_HEIGHT: Final = f"SELECT {COLUMNS} FROM blocks WHERE block_height = ? AND orphaned = 0"  # noqa: S608 - constant
FIRST_FROM: Final = """
SELECT burn_height, at_ms FROM blocks WHERE burn_height >= ? AND orphaned = 0
ORDER BY burn_height, block_height LIMIT 1
"""
BEFORE_SEQ: Final = "SELECT burn_height FROM blocks WHERE seq < ? ORDER BY seq DESC LIMIT 1"
POOL_DAYS: Final = """
SELECT
    day, at_ms, available, locked, buffer,
    coalesce((SELECT sum(premiums) FROM tier_metrics AS t WHERE t.day = p.day), 0),
    coalesce((SELECT sum(payouts) FROM tier_metrics AS t WHERE t.day = p.day), 0),
    coalesce((SELECT sum(deposited) FROM tier_metrics AS t WHERE t.day = p.day), 0),
    coalesce((SELECT sum(withdrawn) FROM tier_metrics AS t WHERE t.day = p.day), 0)
FROM pool_metrics AS p WHERE day BETWEEN ? AND ? ORDER BY day
"""
TIER_DAYS: Final = """
SELECT day, tier, premiums, payouts, deposited, withdrawn FROM tier_metrics
WHERE day BETWEEN ? AND ? ORDER BY day, tier
"""
ALERTS: Final = "SELECT code, severity, message, public, seq, since_at_ms FROM alerts ORDER BY seq"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block that was followed, an orphan perhaps."""

    hash: str
    parent_hash: str
    block_height: int
    burn_height: Height
    at_ms: int
    transactions: int
    orphaned: bool
    reverted_events: int
    seq: int


class PoolDay(msgspec.Struct, frozen=True, kw_only=True):
    """144 burn blocks of the pool: the contract's totals at their end, what moved in them. Sats."""

    day: int
    """Burn height // 144; a day on which nothing happened has no row."""
    at_ms: int
    """Of its last fact."""
    available: Sats
    locked: Sats
    buffer: Sats
    premiums: Sats
    payouts: Sats
    deposited: Sats
    withdrawn: Sats


class TierDay(msgspec.Struct, frozen=True, kw_only=True):
    """144 burn blocks of a tier. Sats."""

    day: int
    tier: Tier
    premiums: Sats
    payouts: Sats
    deposited: Sats
    withdrawn: Sats


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An open alert."""

    code: str
    severity: Severity
    message: str
    public: bool
    seq: int
    since_at_ms: int


def newest_blocks(db: sqlite3.Connection, *, limit: int) -> tuple[Block, ...]:
    """Return the blocks that were followed last, orphans included, newest first."""
    return structs_of(Block, db.execute(NEWEST, (limit,)).fetchall())


def tip(db: sqlite3.Connection) -> Block | None:
    """Return the highest canonical block."""
    return one(db, Block, TIP)


def block(db: sqlite3.Connection, block_hash: str) -> Block | None:
    """Return a block by its hash."""
    return one(db, Block, BY_HASH, block_hash)


def canonical_block(db: sqlite3.Connection, block_height: int) -> Block | None:
    """Return the canonical block of a Stacks height."""
    return one(db, Block, BY_HEIGHT, block_height)


def burn_height_at(db: sqlite3.Connection, seq: int) -> Height:
    """Return the burn height that was followed when an event was journalled; 0 before the first block."""
    row: tuple[int] | None = db.execute(BEFORE_SEQ, (seq,)).fetchone()
    return Height(0 if row is None else row[0])


def mean_burn_block_ms(db: sqlite3.Connection, burn_height: Height) -> int | None:
    """Return the mean distance of burn blocks up to a height, over the last 144; None with fewer than two."""
    last: tuple[int, int] | None = db.execute(FIRST_FROM, (burn_height,)).fetchone()
    first: tuple[int, int] | None = db.execute(FIRST_FROM, (burn_height - MEAN_SPAN,)).fetchone()
    if last is None or first is None or first[0] >= last[0]:
        return None
    return (last[1] - first[1]) // (last[0] - first[0])


def pool_days(db: sqlite3.Connection, first: int, last: int) -> tuple[PoolDay, ...]:
    """Return the pool's days, oldest first."""
    return structs_of(PoolDay, db.execute(POOL_DAYS, (first, last)).fetchall())


def tier_days(db: sqlite3.Connection, first: int, last: int) -> tuple[TierDay, ...]:
    """Return the tiers' days, oldest first."""
    return structs_of(TierDay, db.execute(TIER_DAYS, (first, last)).fetchall())


def open_alerts(db: sqlite3.Connection) -> tuple[Alert, ...]:
    """Return the open alerts, the oldest first."""
    return structs_of(Alert, db.execute(ALERTS).fetchall())
