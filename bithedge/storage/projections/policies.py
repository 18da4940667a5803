"""`policies`: the head of every policy, the fold of all that stands on its channel."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from bithedge.domain.events.base import Recorded
from bithedge.domain.ids import Address, QuoteId
from bithedge.domain.policy.fold import evolve, fold
from bithedge.domain.policy.state import Policy, Status
from bithedge.storage.codec import decode_policy, encode_policy
from bithedge.storage.subjects import POLICY_STREAM

LOAD: Final = "SELECT state, first_seen, first_seen_ms FROM policies WHERE quote_id = ?"
DELETE: Final = "DELETE FROM policies WHERE quote_id = ?"
UPSERT: Final = """
INSERT INTO policies (
    quote_id, policy_id, owner, kind, tier, status, strike, amount, max_payout, expiry, valid_until,
    first_seen, first_seen_ms, updated_seq, version, state
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (quote_id) DO UPDATE SET
    policy_id = excluded.policy_id, owner = excluded.owner, kind = excluded.kind, tier = excluded.tier,
    status = excluded.status, strike = excluded.strike, amount = excluded.amount,
    max_payout = excluded.max_payout, expiry = excluded.expiry, valid_until = excluded.valid_until,
    first_seen = excluded.first_seen, first_seen_ms = excluded.first_seen_ms,
    updated_seq = excluded.updated_seq, version = excluded.version, state = excluded.state
"""
_UNSEEN: Final = frozenset({Status.PENDING_SIGNATURE, Status.LAPSED})


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with the event that made it public, if one has."""

    policy: Policy
    first_seen: int | None = None
    first_seen_ms: int | None = None


class Heads:
    """The policies that one transaction touches: each read once and written once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._held: dict[QuoteId, Head | None] = {}
        self._changed: dict[QuoteId, None] = {}

    def project(self, quote_id: QuoteId, recorded: Recorded) -> Policy | None:
        """Return the policy after one more event."""
        head = self._head(quote_id)
        after = evolve(None if head is None else head.policy, recorded)
        if after is not None:
            self._set(quote_id, _seen(head, after, recorded.seq, recorded.at_ms))
        return after

    def listed(self, quote_id: QuoteId) -> Address | None:
        """Return the owner of a policy that is public; None while it is not."""
        head = self._head(quote_id)
        return None if head is None or head.first_seen is None else head.policy.owner

    def refold(self, quote_id: QuoteId, history: Sequence[Recorded]) -> None:
        """Make the head again from `history`, which says what is undone.

        The version stays the stream's, so that a decision on the refolded policy meets no conflict.
        """
        head = self._head(quote_id)
        policy = fold(history)
        if policy is None:
            self._set(quote_id, None)
            return
        own = [recorded.version for recorded in history if recorded.stream.startswith(POLICY_STREAM)]
        kept = replace(policy, version=max(own, default=0))
        self._set(quote_id, Head(policy=kept) if head is None else replace(head, policy=kept))

    def flush(self) -> None:
        """Write what has changed."""
        rows: list[tuple[object, ...]] = []
        for quote_id in self._changed:
            head = self._held[quote_id]
            if head is None:
                self._db.execute(DELETE, (quote_id,))
            else:
                rows.append(_row(head))
        self._db.executemany(UPSERT, rows)
        self._changed.clear()

    def _head(self, quote_id: QuoteId) -> Head | None:
        if quote_id not in self._held:
            row: tuple[bytes, int | None, int | None] | None = self._db.execute(LOAD, (quote_id,)).fetchone()
            self._held[quote_id] = (
                None
                if row is None
                else Head(policy=decode_policy(row[0]), first_seen=row[1], first_seen_ms=row[2])
            )
        return self._held[quote_id]

    def _set(self, quote_id: QuoteId, head: Head | None) -> None:
        self._held[quote_id] = head
        self._changed[quote_id] = None


def _seen(head: Head | None, after: Policy, seq: int, at_ms: int) -> Head:
    if head is not None and head.first_seen is not None:
        return replace(head, policy=after)
    if after.status in _UNSEEN:
        return Head(policy=after)
    return Head(policy=after, first_seen=seq, first_seen_ms=at_ms)


def _row(head: Head) -> tuple[object, ...]:
    policy, terms = head.policy, head.policy.terms
    return (
        terms.quote_id,
        policy.policy_id,
        terms.owner,
        terms.kind,
        terms.tier,
        policy.status,
        terms.strike,
        terms.amount,
        terms.max_payout,
        terms.expiry,
        terms.valid_until,
        head.first_seen,
        head.first_seen_ms,
        policy.updated_seq,
        policy.version,
        encode_policy(policy),
    )
