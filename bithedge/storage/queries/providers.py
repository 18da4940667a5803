"""Providers: their accounts, ledgers and what their money backs; their withdrawals."""

import sqlite3
from typing import Final

import msgspec

from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId, Txid, WithdrawalId
from bithedge.domain.money import Height, Sats
from bithedge.domain.policy.state import Policy
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.ledger import Bucket, Cause
from bithedge.domain.tiers import Tier
from bithedge.storage.codec import decode_policy
from bithedge.storage.queries.paging import Page, Place, page, read_cursor, where
from bithedge.storage.queries.rows import one, structs_of

ACCOUNTS: Final = "SELECT tier, bucket, balance FROM provider_accounts WHERE address = ?"
EXITS: Final = "SELECT tier, enabled, height FROM provider_exits WHERE address = ? ORDER BY tier"
FIRST: Final = """
SELECT at_ms FROM provider_ledger WHERE address = ? AND undone = 0 ORDER BY seq, line LIMIT 1
"""
LAST: Final = """
SELECT at_ms FROM provider_ledger WHERE address = ? AND undone = 0 ORDER BY seq DESC, line DESC LIMIT 1
"""
WITHDRAWAL_COLUMNS: Final = (
    "withdrawal_id, address, tier, amount, status, valid_until, voucher_signatures, txid, first_seen, "
    "at_ms, updated_seq"
)
WITHDRAWAL: Final = f"SELECT {WITHDRAWAL_COLUMNS} FROM withdrawals WHERE withdrawal_id = ?"  # noqa: S608 - constant
OF_STATUS: Final = f"SELECT {WITHDRAWAL_COLUMNS} FROM withdrawals WHERE status = ? ORDER BY first_seen"  # noqa: S608 - constant
LINE: Final = "seq, line, tier, bucket, change, balance, cause, quote_id, policy_id, txid, at_ms, undone"
LEDGER_CLAUSES: Final = (
    ("address", "address = :address"),
    ("seq", "(seq, line) < (:seq, :line)"),
    ("tier", "tier = :tier"),
    ("from_ms", "at_ms >= :from_ms"),
    ("to_ms", "at_ms <= :to_ms"),
)
BACKED: Final = """
SELECT b.seq, p.state, b.share, b.premium, b.earned, b.loss, b.released
FROM policy_backing AS b JOIN policies AS p ON p.quote_id = b.quote_id
WHERE b.address = ? AND b.released = ? AND b.seq < ?
ORDER BY b.seq DESC LIMIT ?
"""
LIVE_BACKING: Final = "SELECT count(*) FROM policy_backing WHERE address = ? AND released = 0"
_LIVE: Final = ("pending_signature", "pending_confirmation")


class LedgerFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines of whose ledger."""

    address: Address
    tier: Tier | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one bucket."""

    seq: int
    line: int
    tier: Tier
    bucket: Bucket
    change: int
    balance: int
    """Of the bucket, after it."""
    cause: Cause
    quote_id: QuoteId | None
    policy_id: PolicyNumber | None
    txid: Txid | None
    at_ms: int
    undone: bool


class BackingFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What of a provider's backing: what lives, or what was released."""

    address: Address
    released: bool = False


class BackedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's part of a policy."""

    seq: int
    policy: Policy
    share: Sats
    premium: Sats
    earned: Sats
    loss: Sats
    released: bool


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a provider backs nothing new in a tier, and since which burn height."""

    tier: Tier
    enabled: bool
    height: Height


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """All that a provider holds."""

    address: Address
    accounts: tuple[Account, ...]
    exits: tuple[Exit, ...]
    first_line_at_ms: int | None
    last_line_at_ms: int | None


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A withdrawal and how far it has come."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats
    status: str
    valid_until: Height | None
    voucher_signatures: tuple[Hex, ...]
    txid: Txid | None
    first_seen: int
    at_ms: int
    updated_seq: int


def provider(db: sqlite3.Connection, address: Address) -> Provider | None:
    """Return what an address provides; None if it never has."""
    columns: dict[str, dict[str, object]] = {}
    rows: list[tuple[str, str, int]] = db.execute(ACCOUNTS, (address,)).fetchall()
    for tier, bucket, balance in rows:
        columns.setdefault(tier, {"address": address, "tier": tier})[bucket] = balance
    if not columns:
        return None
    return Provider(
        address=address,
        accounts=tuple(msgspec.convert(columns[tier], Account) for tier in sorted(columns)),
        exits=structs_of(Exit, db.execute(EXITS, (address,)).fetchall()),
        first_line_at_ms=_time(db, FIRST, address),
        last_line_at_ms=_time(db, LAST, address),
    )


def ledger_page(
    db: sqlite3.Connection, filters: LedgerFilters, *, limit: int, cursor: str | None = None
) -> Page[LedgerLine]:
    """Return ledger lines, newest first."""
    seq, line = read_cursor(cursor, filters)
    values = msgspec.structs.asdict(filters) | {"seq": seq, "line": line, "limit": limit + 1}
    statement = (
        f"SELECT {LINE} FROM provider_ledger WHERE {where(LEDGER_CLAUSES, values)} "  # noqa: S608 - constant parts
        "ORDER BY seq DESC, line DESC LIMIT :limit"
    )
    found = structs_of(LedgerLine, db.execute(statement, values).fetchall())
    return page(found, filters, limit, _line_place)


def backing_page(
    db: sqlite3.Connection, filters: BackingFilters, *, limit: int, cursor: str | None = None
) -> Page[BackedPolicy]:
    """Return what an address backs, the newest sale first."""
    before = read_cursor(cursor, filters)[0]
    rows: list[tuple[int, bytes, int, int, int, int, int]] = db.execute(
        BACKED, (filters.address, filters.released, before, limit + 1)
    ).fetchall()
    found = [
        BackedPolicy(
            seq=seq,
            policy=decode_policy(state),
            share=Sats(share),
            premium=Sats(premium),
            earned=Sats(earned),
            loss=Sats(loss),
            released=released == 1,
        )
        for seq, state, share, premium, earned, loss, released in rows
    ]
    return page(found, filters, limit, _backing_place)


def live_backing(db: sqlite3.Connection, address: Address) -> int:
    """Return how many live policies an address backs."""
    row: tuple[int] = db.execute(LIVE_BACKING, (address,)).fetchone()
    return row[0]


def withdrawal(db: sqlite3.Connection, withdrawal_id: WithdrawalId) -> Withdrawal | None:
    """Return a withdrawal."""
    return one(db, Withdrawal, WITHDRAWAL, withdrawal_id, json=("voucher_signatures",))


def live_withdrawals(db: sqlite3.Connection) -> tuple[Withdrawal, ...]:
    """Return all whose voucher may still be used, oldest first within a status."""
    rows = [row for status in _LIVE for row in db.execute(OF_STATUS, (status,)).fetchall()]
    return structs_of(Withdrawal, rows, json=("voucher_signatures",))


def _time(db: sqlite3.Connection, statement: str, address: Address) -> int | None:
    row: tuple[int] | None = db.execute(statement, (address,)).fetchone()
    return None if row is None else row[0]


def _line_place(line: LedgerLine) -> Place:
    return (line.seq, line.line)


def _backing_place(backed: BackedPolicy) -> Place:
    return (backed.seq, 0)
