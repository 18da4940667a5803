"""`transactions` and `operations`: every signed transaction, and each intent of the backend with its fate."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.transactions import (
    Intent,
    TransactionAborted,
    TransactionConfirmed,
    TransactionFinal,
    TransactionPrepared,
    TransactionReplaced,
    TransactionReverted,
    TransactionSent,
)
from bithedge.domain.ids import OperationId, Txid

HEARS: Final[tuple[type[Event], ...]] = (
    TransactionPrepared,
    TransactionSent,
    TransactionReplaced,
    TransactionConfirmed,
    TransactionFinal,
    TransactionAborted,
    TransactionReverted,
)
PREPARE: Final = """
INSERT INTO transactions (
    txid, stream, address, nonce, fee, contract_id, function, kind, status, operation_id, quote_ids,
    policy_ids, withdrawal_id, first_seen, seen_at_ms
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)
ON CONFLICT (txid) DO NOTHING
"""
SEND: Final = """
UPDATE transactions SET status = 'pending', reason = NULL, sent_at_ms = coalesce(sent_at_ms, ?)
WHERE txid = ? AND status IN ('pending', 'dropped', 'replaced')
"""
REPLACE: Final = "UPDATE transactions SET status = 'replaced', replaced_by = ? WHERE txid = ?"
MINE: Final = """
UPDATE transactions SET
    status = ?, reason = ?, block_height = coalesce(?, block_height), burn_height = coalesce(?, burn_height)
WHERE txid = ?
"""
REVERT: Final = """
UPDATE transactions SET status = 'pending', reason = NULL, block_height = NULL, burn_height = NULL
WHERE txid = ?
"""
FORGET: Final = "DELETE FROM transactions WHERE stream = ?"
OPERATION_OF: Final = "SELECT operation_id FROM transactions WHERE txid = ?"

QUEUE: Final = """
INSERT INTO operations (
    operation_id, kind, status, policy_ids, reason, useless_after, created_seq, created_at_ms
)
VALUES (?, ?, 'queued', ?, NULL, ?, ?, ?)
ON CONFLICT (operation_id) DO NOTHING
"""
STATE: Final = "UPDATE operations SET status = ?, reason = ? WHERE operation_id = ?"
REQUEUE: Final = "UPDATE operations SET status = 'queued', reason = NULL WHERE operation_id = ?"


def queue(db: sqlite3.Connection, intent: Intent, seq: int, at_ms: int) -> None:
    """Add an operation that waits for its lane."""
    policy_ids = _json(intent.policy_ids)
    db.execute(QUEUE, (intent.operation_id, intent.kind, policy_ids, intent.useless_after, seq, at_ms))


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Follow a transaction, and the operation that it is an attempt of."""
    match recorded.event:
        case TransactionPrepared() as event:
            _prepare(db, recorded, event)
        case TransactionSent() as event:
            db.execute(SEND, (recorded.at_ms, event.txid))
            _move(db, event.operation_id, "sent")
        case TransactionReplaced() as event:
            db.execute(REPLACE, (event.by, event.txid))
            _replaced(db, event)
        case TransactionConfirmed() as event:
            _mine(db, recorded, event.txid, "confirmed")
            _move(db, event.operation_id, "confirmed")
        case TransactionFinal() as event:
            _mine(db, recorded, event.txid, "final")
            _move(db, event.operation_id, "final")
        case TransactionAborted() as event:
            _mine(db, recorded, event.txid, "aborted", event.reason)
            _move(db, event.operation_id, "aborted", event.reason)
        case TransactionReverted() as event:
            db.execute(REVERT, (event.txid,))
            _move(db, event.operation_id, "sent")
        case _:
            pass


def refold(db: sqlite3.Connection, stream: str, history: Sequence[Recorded]) -> None:
    """Make the transactions and the operation of a stream again from what stands of it."""
    db.execute(FORGET, (stream,))
    for recorded in history:
        event = recorded.event
        if isinstance(event, TransactionPrepared):
            db.execute(REQUEUE, (event.operation_id,))
    for recorded in history:
        if not recorded.undone:
            project(db, recorded)


def _prepare(db: sqlite3.Connection, recorded: Recorded, event: TransactionPrepared) -> None:
    called = (event.contract_id, event.function, event.kind, event.operation_id)
    named = (_json(event.quote_ids), _json(event.policy_ids), event.withdrawal_id)
    signed = (event.txid, recorded.stream, event.address, event.nonce, event.fee)
    db.execute(PREPARE, (*signed, *called, *named, recorded.seq, recorded.at_ms))
    if event.operation_id is not None and event.kind is not None:
        db.execute(
            QUEUE,
            (event.operation_id, event.kind, _json(event.policy_ids), None, recorded.seq, recorded.at_ms),
        )


def _mine(
    db: sqlite3.Connection, recorded: Recorded, txid: Txid, status: str, reason: str | None = None
) -> None:
    chain = recorded.chain
    heights = (None, None) if chain is None else (chain.block_height, chain.burn_height)
    # It is final at a later height than the one it was mined at, and keeps the latter.
    place = (None, None) if status == "final" else heights
    db.execute(MINE, (status, reason, *place, txid))


def _replaced(db: sqlite3.Connection, event: TransactionReplaced) -> None:
    """Our next attempt goes on; another operation's ends it; after a stranger's it is tried again."""
    if event.operation_id is None:
        return
    if event.by is None:
        db.execute(REQUEUE, (event.operation_id,))
        return
    row: tuple[str | None] | None = db.execute(OPERATION_OF, (event.by,)).fetchone()
    if row is not None and row[0] is not None and row[0] != event.operation_id:
        _move(db, event.operation_id, "cancelled")


def _move(
    db: sqlite3.Connection, operation_id: OperationId | None, status: str, reason: str | None = None
) -> None:
    if operation_id is not None:
        db.execute(STATE, (status, reason, operation_id))


def _json(names: tuple[object, ...]) -> str:
    return msgspec.json.encode(names).decode()
