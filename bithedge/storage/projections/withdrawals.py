"""`withdrawals`: each from its request to its payment or lapse."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.pool import (
    FundsWithdrawn,
    WithdrawalLapsed,
    WithdrawalPending,
    WithdrawalRequested,
    WithdrawalReverted,
    WithdrawalVoucherIssued,
)
from bithedge.domain.ids import WithdrawalId

HEARS: Final[tuple[type[Event], ...]] = (
    WithdrawalRequested,
    WithdrawalVoucherIssued,
    WithdrawalPending,
    FundsWithdrawn,
    WithdrawalLapsed,
    WithdrawalReverted,
)
INSERT: Final = """
INSERT INTO withdrawals (
    withdrawal_id, address, tier, amount, status, valid_until, voucher_signatures, txid, first_seen, at_ms,
    updated_seq
)
VALUES (
    :withdrawal_id, :address, :tier, :amount, :status, NULL, '[]', :txid, :seq, :at_ms, :seq
)
ON CONFLICT (withdrawal_id) DO UPDATE SET
    status = excluded.status, txid = coalesce(excluded.txid, txid), updated_seq = excluded.updated_seq
"""
ISSUE: Final = """
UPDATE withdrawals SET valid_until = ?, voucher_signatures = ?, updated_seq = ? WHERE withdrawal_id = ?
"""
SEND: Final = """
UPDATE withdrawals SET status = 'pending_confirmation', txid = ?, updated_seq = ?
WHERE withdrawal_id = ? AND status <> 'withdrawn'
"""
LAPSE: Final = "UPDATE withdrawals SET status = 'lapsed', updated_seq = ? WHERE withdrawal_id = ?"
TOUCH: Final = "UPDATE withdrawals SET updated_seq = ? WHERE withdrawal_id = ?"
DELETE: Final = "DELETE FROM withdrawals WHERE withdrawal_id = ?"


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Follow a withdrawal; an escape has no voucher and no row."""
    match recorded.event:
        case WithdrawalRequested() as event:
            _insert(db, recorded, event, "pending_signature")
        case WithdrawalVoucherIssued() as event:
            signatures = msgspec.json.encode(event.voucher_signatures).decode()
            db.execute(ISSUE, (event.valid_until, signatures, recorded.seq, event.withdrawal_id))
        case WithdrawalPending() as event:
            db.execute(SEND, (event.txid, recorded.seq, event.withdrawal_id))
        case FundsWithdrawn() as event if event.withdrawal_id is not None and event.tier is not None:
            _insert(db, recorded, event, "withdrawn")
        case WithdrawalLapsed() as event:
            db.execute(LAPSE, (recorded.seq, event.withdrawal_id))
        case WithdrawalReverted() as event:
            db.execute(TOUCH, (recorded.seq, event.withdrawal_id))
        case _:
            pass


def refold(db: sqlite3.Connection, withdrawal_id: WithdrawalId, history: Sequence[Recorded]) -> None:
    """Make the row again from what stands of its history."""
    db.execute(DELETE, (withdrawal_id,))
    for recorded in history:
        if not recorded.undone:
            project(db, recorded)


def _insert(
    db: sqlite3.Connection, recorded: Recorded, event: WithdrawalRequested | FundsWithdrawn, status: str
) -> None:
    paid = recorded.chain if isinstance(event, FundsWithdrawn) else None
    db.execute(
        INSERT,
        {
            "withdrawal_id": event.withdrawal_id,
            "address": event.address,
            "tier": event.tier,
            "amount": event.amount,
            "status": status,
            "txid": None if paid is None else paid.txid,
            "seq": recorded.seq,
            "at_ms": recorded.at_ms,
        },
    )
