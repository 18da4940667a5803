"""Policies: one, many, a page, those still open; who backs them."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.ids import Address, PolicyNumber, QuoteId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.fold import fold
from bithedge.domain.policy.state import ENDED, Policy, Status
from bithedge.domain.tiers import Tier
from bithedge.storage.channels import policy_channel
from bithedge.storage.codec import COLUMNS, EventRow, decode_policy, decode_row
from bithedge.storage.projections.policies import Head
from bithedge.storage.queries.paging import Page, Place, page, read_cursor, where
from bithedge.storage.queries.rows import structs_of

HEAD: Final = "state, first_seen, first_seen_ms"
BY_QUOTE: Final = f"SELECT {HEAD} FROM policies WHERE quote_id = ?"  # noqa: S608 - constant
BY_NUMBER: Final = (
    f"SELECT {HEAD} FROM policies WHERE policy_id = ? "  # noqa: S608 - constant
    "ORDER BY updated_seq DESC LIMIT 1"
)
LAST_CHANGED: Final = (
    f"SELECT {HEAD} FROM policies WHERE first_seen IS NOT NULL "  # noqa: S608 - constant
    "ORDER BY updated_seq DESC LIMIT ?"
)
OPEN: Final = """
SELECT quote_id, policy_id, kind, tier, status, strike, amount, max_payout, expiry, valid_until
FROM policies WHERE status = ? ORDER BY first_seen, quote_id
"""
HISTORY: Final = (
    f"SELECT {COLUMNS} FROM event_channels JOIN events USING (seq) "  # noqa: S608 - constant
    "WHERE channel = ? AND seq <= ? ORDER BY seq"
)
BACKERS: Final = """
SELECT address, policy_id, tier, share, premium, earned, loss, released FROM policy_backing
WHERE quote_id = ? ORDER BY share DESC, address
"""
CLAUSES: Final = (
    ("before", "first_seen < :before"),
    ("owner", "owner = :owner"),
    ("status", "status = :status"),
    # An owner's own index is the narrow one: the plus keeps the planner from that of the status.
    ("owned_status", "+status = :owned_status"),
    ("tier", "tier = :tier"),
    ("kind", "kind = :kind"),
    ("expiry_from", "expiry >= :expiry_from"),
    ("expiry_to", "expiry <= :expiry_to"),
    ("from_ms", "first_seen_ms >= :from_ms"),
    ("to_ms", "first_seen_ms <= :to_ms"),
)

Row = tuple[bytes, int | None, int | None]


class PolicyFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which policies a list shows; expiries are burn heights, times those of the first sight."""

    owner: Address | None = None
    statuses: tuple[Status, ...] = ()
    tier: Tier | None = None
    kind: Kind | None = None
    expiry_from: Height | None = None
    expiry_to: Height | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class OpenPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the indexes over open policies need."""

    quote_id: QuoteId
    policy_id: PolicyNumber | None
    kind: Kind
    tier: Tier
    status: Status
    strike: UsdE8
    amount: Sats
    max_payout: Sats
    expiry: Height
    valid_until: Height


class Backing(msgspec.Struct, frozen=True, kw_only=True):
    """One backer of a policy."""

    address: Address
    policy_id: PolicyNumber
    tier: Tier
    share: Sats
    premium: Sats
    earned: Sats
    loss: Sats
    released: bool


def policies_page(
    db: sqlite3.Connection, filters: PolicyFilters, *, limit: int, cursor: str | None = None
) -> Page[Head]:
    """Return public policies, newest first by first sight."""
    before = read_cursor(cursor, filters)[0]
    found: list[Head] = []
    for status in filters.statuses or (None,):
        found += _some(db, filters, status, before=before, limit=limit)
    found.sort(key=_place, reverse=True)
    return page(found[: limit + 1], filters, limit, _place)


def policy_of_quote(db: sqlite3.Connection, quote_id: QuoteId) -> Head | None:
    """Return a policy by the name that a reorg cannot change; public or not."""
    row: Row | None = db.execute(BY_QUOTE, (quote_id,)).fetchone()
    return None if row is None else _head(row)


def policy_of_number(db: sqlite3.Connection, policy_id: PolicyNumber) -> Head | None:
    """Return the policy that has this number on the canonical chain."""
    row: Row | None = db.execute(BY_NUMBER, (policy_id,)).fetchone()
    return None if row is None else _head(row)


def policies_of_quotes(db: sqlite3.Connection, quote_ids: Sequence[QuoteId]) -> dict[QuoteId, Policy]:
    """Return those of the named policies that exist."""
    heads = [head for name in quote_ids if (head := policy_of_quote(db, name)) is not None]
    return {head.policy.quote_id: head.policy for head in heads}


def last_changed(db: sqlite3.Connection, limit: int) -> tuple[Head, ...]:
    """Return the public policies that changed last, the newest change first."""
    rows: list[Row] = db.execute(LAST_CHANGED, (limit,)).fetchall()
    return tuple(_head(row) for row in rows)


def open_policies(db: sqlite3.Connection) -> tuple[OpenPolicy, ...]:
    """Return every policy that has not ended, public or not: what the indexes are built from."""
    found: list[OpenPolicy] = []
    for status in Status:
        if status not in ENDED:
            found += structs_of(OpenPolicy, db.execute(OPEN, (status,)).fetchall())
    return tuple(found)


def policy_as_of(db: sqlite3.Connection, quote_id: QuoteId, seq: int) -> Policy | None:
    """Return the policy as it was known right after event `seq`, what a later reorg undid included."""
    rows: list[EventRow] = db.execute(HISTORY, (policy_channel(quote_id), seq)).fetchall()
    standing = [row for row in rows if row[12] is None or row[12] > seq]
    return fold(decode_row((*row[:12], None, row[13])) for row in standing)


def backers(db: sqlite3.Connection, quote_id: QuoteId) -> tuple[Backing, ...]:
    """Return who backs a policy, or did, the largest share first."""
    return structs_of(Backing, db.execute(BACKERS, (quote_id,)).fetchall())


def _some(
    db: sqlite3.Connection, filters: PolicyFilters, status: Status | None, *, before: int, limit: int
) -> list[Head]:
    status_name = "status" if filters.owner is None else "owned_status"
    values = msgspec.structs.asdict(filters) | {"before": before, status_name: status, "limit": limit + 1}
    statement = (
        f"SELECT {HEAD} FROM policies WHERE {where(CLAUSES, values)} "  # noqa: S608 - constant parts
        "ORDER BY first_seen DESC LIMIT :limit"
    )
    rows: list[Row] = db.execute(statement, values).fetchall()
    return [_head(row) for row in rows]


def _head(row: Row) -> Head:
    return Head(policy=decode_policy(row[0]), first_seen=row[1], first_seen_ms=row[2])


def _place(head: Head) -> Place:
    return (head.first_seen or 0, 0)
