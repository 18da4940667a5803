"""`tier_metrics` (sums a day) and `pool_metrics` (the contract's totals at its end); a day is 144 blocks."""

import sqlite3
from collections.abc import Sequence
from typing import Final, Literal

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.pool import (
    BufferChanged,
    CollateralAllocated,
    CollateralReleased,
    FundsDeposited,
    FundsWithdrawn,
    PoolClosed,
    VaultTotals,
)
from bithedge.domain.tiers import Tier
from bithedge.storage.codec import COLUMNS, decode_row

HEARS: Final[tuple[type[Event], ...]] = (
    CollateralAllocated,
    CollateralReleased,
    FundsDeposited,
    FundsWithdrawn,
    BufferChanged,
    PoolClosed,
)
DAY: Final = 144
ADD: Final = """
INSERT INTO tier_metrics (day, tier, premiums, payouts, deposited, withdrawn)
VALUES (:day, :tier, :premiums, :payouts, :deposited, :withdrawn)
ON CONFLICT (day, tier) DO UPDATE SET
    premiums = premiums + excluded.premiums, payouts = payouts + excluded.payouts,
    deposited = deposited + excluded.deposited, withdrawn = withdrawn + excluded.withdrawn
"""
TAKE: Final = """
UPDATE tier_metrics SET
    premiums = premiums - :premiums, payouts = payouts - :payouts,
    deposited = deposited - :deposited, withdrawn = withdrawn - :withdrawn
WHERE day = :day AND tier = :tier
"""
TOTALS: Final = """
INSERT INTO pool_metrics (
    day, at_ms, available, locked, buffer, deposited, withdrawn, premiums, payouts, escaped
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day) DO UPDATE SET
    at_ms = excluded.at_ms, available = excluded.available, locked = excluded.locked,
    buffer = excluded.buffer, deposited = excluded.deposited, withdrawn = excluded.withdrawn,
    premiums = excluded.premiums, payouts = excluded.payouts, escaped = excluded.escaped
"""
CUT: Final = "DELETE FROM pool_metrics WHERE day >= ?"
STANDING: Final = (
    f"SELECT {COLUMNS} FROM events "  # noqa: S608 - constant
    "WHERE name = ? AND seq < ? AND undone_by IS NULL ORDER BY seq DESC LIMIT 1"
)

_Sum = Literal["premiums", "payouts", "deposited", "withdrawn"]


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Add a fact of the chain to its day."""
    amounts = _amounts(recorded)
    if amounts is not None:
        db.execute(ADD, amounts)
    _show_totals(db, recorded)


def undo(db: sqlite3.Connection, undone: Sequence[Recorded]) -> None:
    """Take facts out of their days; the last totals that stand are those of the day they belong to."""
    facts = [recorded for recorded in undone if isinstance(recorded.event, HEARS)]
    for recorded in facts:
        amounts = _amounts(recorded)
        if amounts is not None:
            db.execute(TAKE, amounts)
    if not facts:
        return
    db.execute(CUT, (min(_day(recorded) for recorded in facts),))
    standing = [last for kind in HEARS if (last := _last(db, kind, facts[0].seq)) is not None]
    if standing:
        _show_totals(db, max(standing, key=lambda recorded: recorded.seq))


def _last(db: sqlite3.Connection, kind: type[Event], before: int) -> Recorded | None:
    row = db.execute(STANDING, (kind.__name__, before)).fetchone()
    return None if row is None else decode_row(row)


def _show_totals(db: sqlite3.Connection, recorded: Recorded) -> None:
    totals = _totals(recorded.event)
    if totals is None or recorded.chain is None:
        return
    held = (totals.available, totals.locked, totals.buffer, totals.deposited, totals.withdrawn)
    place = (_day(recorded), recorded.at_ms)
    db.execute(TOTALS, (*place, *held, totals.premiums, totals.payouts, totals.escaped))


def _day(recorded: Recorded) -> int:
    return 0 if recorded.chain is None else recorded.chain.burn_height // DAY


def _totals(event: Event) -> VaultTotals | None:
    match event:
        case (
            CollateralAllocated()
            | CollateralReleased()
            | FundsDeposited()
            | FundsWithdrawn()
            | BufferChanged()
            | PoolClosed()
        ):
            return event.totals
        case _:
            return None


def _amounts(recorded: Recorded) -> dict[str, int | Tier] | None:
    match recorded.event:
        case CollateralAllocated() as event:
            return _row(recorded, event.tier, "premiums", event.premium)
        case CollateralReleased() as event:
            return _row(recorded, event.tier, "payouts", event.payout)
        case FundsDeposited() as event:
            return _row(recorded, event.tier, "deposited", event.amount)
        case FundsWithdrawn() as event if event.tier is not None:
            return _row(recorded, event.tier, "withdrawn", event.amount)
        case _:
            return None


def _row(recorded: Recorded, tier: Tier, name: _Sum, amount: int) -> dict[str, int | Tier] | None:
    if recorded.chain is None:
        return None
    empty: dict[str, int | Tier] = {"premiums": 0, "payouts": 0, "deposited": 0, "withdrawn": 0}
    return empty | {"day": _day(recorded), "tier": tier, name: amount}
