"""Transactions and operations: a page, one, what is still to be sent, what is in flight."""

import sqlite3
from typing import Final, Literal

import msgspec

from bithedge.domain.events.transactions import Intent, OperationKind
from bithedge.domain.ids import Address, OperationId, PolicyNumber, QuoteId, Txid, WithdrawalId
from bithedge.domain.money import Height, Ustx
from bithedge.storage.ports import Attempt
from bithedge.storage.queries.paging import Page, Place, page, read_cursor, where
from bithedge.storage.queries.rows import one, structs_of

TransactionStatus = Literal["pending", "confirmed", "final", "aborted", "dropped", "replaced"]
OperationStatus = Literal["queued", "sent", "confirmed", "final", "aborted", "cancelled"]

COLUMNS: Final = (
    "txid, address, nonce, fee, contract_id, function, kind, status, reason, block_height, burn_height, "
    "operation_id, quote_ids, policy_ids, withdrawal_id, replaced_by, first_seen, seen_at_ms, sent_at_ms"
)
ONE: Final = f"SELECT {COLUMNS} FROM transactions WHERE txid = ?"  # noqa: S608 - constant
OF_OPERATION: Final = (
    f"SELECT {COLUMNS} FROM transactions WHERE operation_id = ? "  # noqa: S608 - constant
    "ORDER BY first_seen"
)
OPERATION: Final = """
SELECT operation_id, kind, status, policy_ids, reason, useless_after, created_seq, created_at_ms
FROM operations WHERE operation_id = ?
"""
QUEUED: Final = """
SELECT i.payload FROM operations AS o JOIN intents AS i ON i.operation_id = o.operation_id
WHERE o.status = 'queued' ORDER BY o.created_seq, o.operation_id
"""
INTENT: Final = "SELECT payload FROM intents WHERE operation_id = ?"
INTENT_OF_KEY: Final = "SELECT payload FROM intents WHERE intent_key = ?"
# The lowest nonce whose fate may still change; what is above it has not been decided either.
OPEN_FLOOR: Final = """
SELECT min(nonce) FROM transactions
WHERE address = ? AND status IN ('pending', 'confirmed', 'dropped')
"""
UNSETTLED: Final = """
SELECT t.txid, a.raw, t.address, t.nonce, t.fee, t.operation_id, t.status
FROM transactions AS t JOIN attempts AS a ON a.txid = t.txid
WHERE t.address = ? AND t.nonce >= ? AND t.status NOT IN ('final', 'aborted')
ORDER BY t.nonce, t.first_seen
"""
RAW: Final = "SELECT txid, raw, address, nonce, fee, operation_id FROM attempts WHERE txid = ?"
HIGHEST: Final = "SELECT max(nonce) FROM transactions WHERE address = ?"
CLAUSES: Final = (
    ("before", "first_seen < :before"),
    ("address", "address = :address"),
    ("status", "status = :status"),
    # An address's own index is the narrow one: the plus keeps the planner from that of the status.
    ("sent_status", "+status = :sent_status"),
    ("from_ms", "seen_at_ms >= :from_ms"),
    ("to_ms", "seen_at_ms <= :to_ms"),
)
_JSON: Final = ("quote_ids", "policy_ids")


class TransactionFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which transactions a list shows; times are those of the first sight."""

    address: Address | None = None
    statuses: tuple[TransactionStatus, ...] = ()
    from_ms: int | None = None
    to_ms: int | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction and its life so far."""

    txid: Txid
    address: Address
    nonce: int
    fee: Ustx
    contract_id: str | None
    function: str | None
    kind: OperationKind | None
    status: TransactionStatus
    reason: str | None
    block_height: int | None
    burn_height: Height | None
    operation_id: OperationId | None
    quote_ids: tuple[QuoteId, ...]
    policy_ids: tuple[PolicyNumber, ...]
    withdrawal_id: WithdrawalId | None
    replaced_by: Txid | None
    first_seen: int
    seen_at_ms: int
    sent_at_ms: int | None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """An intent of the backend and its fate; `queued` ones wait for their lane."""

    operation_id: OperationId
    kind: OperationKind
    status: OperationStatus
    policy_ids: tuple[PolicyNumber, ...]
    reason: str | None
    useless_after: Height | None
    created_seq: int
    created_at_ms: int


class UnsettledAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """Signed bytes whose fate may still change."""

    attempt: Attempt
    status: TransactionStatus


class _Unsettled(Attempt, frozen=True, kw_only=True):
    status: TransactionStatus


def transactions_page(
    db: sqlite3.Connection, filters: TransactionFilters, *, limit: int, cursor: str | None = None
) -> Page[Transaction]:
    """Return transactions, newest first by first sight."""
    before = read_cursor(cursor, filters)[0]
    found: list[Transaction] = []
    for status in filters.statuses or (None,):
        found += _some(db, filters, status, before=before, limit=limit)
    found.sort(key=_place, reverse=True)
    return page(found[: limit + 1], filters, limit, _place)


def transaction(db: sqlite3.Connection, txid: Txid) -> Transaction | None:
    """Return a transaction."""
    return one(db, Transaction, ONE, txid, json=_JSON)


def operation(db: sqlite3.Connection, operation_id: OperationId) -> Operation | None:
    """Return an operation."""
    return one(db, Operation, OPERATION, operation_id, json=("policy_ids",))


def attempts_of(db: sqlite3.Connection, operation_id: OperationId) -> tuple[Transaction, ...]:
    """Return every attempt of an operation, oldest first."""
    return structs_of(Transaction, db.execute(OF_OPERATION, (operation_id,)).fetchall(), json=_JSON)


def intent(db: sqlite3.Connection, operation_id: OperationId) -> Intent | None:
    """Return what an operation wants on chain."""
    row: tuple[str] | None = db.execute(INTENT, (operation_id,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Intent)


def intent_of_key(db: sqlite3.Connection, key: str) -> Intent | None:
    """Return the operation that was committed under a key."""
    row: tuple[str] | None = db.execute(INTENT_OF_KEY, (key,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Intent)


def queued_intents(db: sqlite3.Connection) -> tuple[Intent, ...]:
    """Return what waits for a lane, oldest first."""
    rows: list[tuple[str]] = db.execute(QUEUED).fetchall()
    return tuple(msgspec.json.decode(payload, type=Intent) for (payload,) in rows)


def unsettled_attempts(db: sqlite3.Connection, address: Address) -> tuple[UnsettledAttempt, ...]:
    """Return an address's signed bytes that may still be mined or un-mined, in nonce order."""
    floor: tuple[int | None] = db.execute(OPEN_FLOOR, (address,)).fetchone()
    if floor[0] is None:
        return ()
    rows = structs_of(_Unsettled, db.execute(UNSETTLED, (address, floor[0])).fetchall())
    return tuple(UnsettledAttempt(attempt=_attempt(row), status=row.status) for row in rows)


def attempt(db: sqlite3.Connection, txid: Txid) -> Attempt | None:
    """Return the signed bytes of a transaction."""
    return one(db, Attempt, RAW, txid)


def highest_nonce(db: sqlite3.Connection, address: Address) -> int | None:
    """Return the highest nonce that an address has signed here."""
    row: tuple[int | None] = db.execute(HIGHEST, (address,)).fetchone()
    return row[0]


def _some(
    db: sqlite3.Connection,
    filters: TransactionFilters,
    status: TransactionStatus | None,
    *,
    before: int,
    limit: int,
) -> tuple[Transaction, ...]:
    status_name = "status" if filters.address is None else "sent_status"
    values = msgspec.structs.asdict(filters) | {"before": before, status_name: status, "limit": limit + 1}
    statement = (
        f"SELECT {COLUMNS} FROM transactions WHERE {where(CLAUSES, values)} "  # noqa: S608 - constant parts
        "ORDER BY first_seen DESC LIMIT :limit"
    )
    return structs_of(Transaction, db.execute(statement, values).fetchall(), json=_JSON)


def _place(found: Transaction) -> Place:
    return (found.first_seen, 0)


def _attempt(row: _Unsettled) -> Attempt:
    return Attempt(
        txid=row.txid,
        raw=row.raw,
        address=row.address,
        nonce=row.nonce,
        fee=row.fee,
        operation_id=row.operation_id,
    )
