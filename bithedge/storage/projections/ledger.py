"""`provider_accounts` and `provider_ledger`: every sat that moved, and what it left behind.

The lines come from the domain's `postings`, which the books in memory apply as well.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.pool import (
    CollateralAllocated,
    CollateralReleased,
    FundsDeposited,
    FundsWithdrawn,
    PoolEvent,
    PremiumEarned,
    ProviderExitChanged,
    WithdrawalLapsed,
    WithdrawalRequested,
)
from bithedge.domain.ids import Address
from bithedge.domain.pool.ledger import Posting, postings

HEARS: Final[tuple[type[Event], ...]] = (
    CollateralAllocated,
    CollateralReleased,
    PremiumEarned,
    FundsDeposited,
    FundsWithdrawn,
    WithdrawalRequested,
    WithdrawalLapsed,
    ProviderExitChanged,
)
POST: Final = """
INSERT INTO provider_accounts (address, tier, bucket, balance) VALUES (?, ?, ?, ?)
ON CONFLICT (address, tier, bucket) DO UPDATE SET balance = balance + excluded.balance
RETURNING balance
"""
LINE: Final = """
INSERT INTO provider_ledger (
    address, seq, line, tier, bucket, change, balance, cause, quote_id, policy_id, txid, at_ms, undone
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
"""
EXIT: Final = """
INSERT INTO provider_exits (address, tier, enabled, height) VALUES (?, ?, ?, ?)
ON CONFLICT (address, tier) DO UPDATE SET enabled = excluded.enabled, height = excluded.height
"""
SINCE: Final = """
SELECT seq, line, tier, bucket, change, balance FROM provider_ledger
WHERE address = ? AND seq >= ? AND undone = 0
ORDER BY seq, line
"""
UNDO: Final = "UPDATE provider_ledger SET undone = 1 WHERE address = ? AND seq = ? AND line = ?"
CORRECT: Final = "UPDATE provider_ledger SET balance = ? WHERE address = ? AND seq = ? AND line = ?"


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Post the event's lines; counters move the account but are no lines of the ledger."""
    event = recorded.event
    if isinstance(event, ProviderExitChanged):
        db.execute(EXIT, (event.address, event.tier, event.enabled, event.height))
    txid = None if recorded.chain is None else recorded.chain.txid
    for number, line in enumerate(_postings(event)):
        (balance,) = db.execute(POST, (line.address, line.tier, line.bucket, line.change)).fetchall()[0]
        if line.is_money:
            facts = (line.tier, line.bucket, line.change, balance, line.cause, line.quote_id, line.policy_id)
            db.execute(LINE, (line.address, recorded.seq, number, *facts, txid, recorded.at_ms))


def undo(db: sqlite3.Connection, undone: Sequence[Recorded]) -> None:
    """Take back the lines of `undone` and correct the balances that later lines show."""
    seqs = frozenset(recorded.seq for recorded in undone)
    first: dict[Address, int] = {}
    for recorded in undone:
        for line in _postings(recorded.event):
            db.execute(POST, (line.address, line.tier, line.bucket, -line.change)).fetchall()
            first.setdefault(line.address, recorded.seq)
    for address, since in first.items():
        _take_back(db, address, since, seqs)


def _take_back(db: sqlite3.Connection, address: Address, since: int, seqs: frozenset[int]) -> None:
    missing: Counter[tuple[str, str]] = Counter()
    gone: list[tuple[Address, int, int]] = []
    corrected: list[tuple[int, Address, int, int]] = []
    rows: list[tuple[int, int, str, str, int, int]] = db.execute(SINCE, (address, since)).fetchall()
    for seq, line, tier, bucket, change, balance in rows:
        if seq in seqs:
            missing[tier, bucket] += change
            gone.append((address, seq, line))
        elif missing[tier, bucket]:
            corrected.append((balance - missing[tier, bucket], address, seq, line))
    db.executemany(UNDO, gone)
    db.executemany(CORRECT, corrected)


def _postings(event: Event) -> tuple[Posting, ...]:
    return postings(event) if isinstance(event, PoolEvent) else ()
