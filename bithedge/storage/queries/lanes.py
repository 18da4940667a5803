"""What the lanes and the relay ask: a lane's attempts, what waits for it, what it spent; users' open ones."""

import sqlite3
from typing import Final

import msgspec

from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import Address, QuoteId, Txid
from bithedge.domain.lanes import LaneAttempt, lane_of, spent
from bithedge.domain.money import Ustx
from bithedge.storage.queries.rows import structs_of

# An address has many transactions and few that are open: the plus keeps the planner to the latter.
LOWEST_OPEN: Final = """
SELECT min(nonce) FROM transactions WHERE status IN ('pending', 'dropped') AND +address = ?
"""
ATTEMPTS: Final = """
SELECT
    txid, nonce, fee, operation_id, kind, quote_ids, status, sent_at_ms IS NOT NULL,
    (SELECT b.burn_height FROM blocks AS b WHERE b.seq < t.first_seen ORDER BY b.seq DESC LIMIT 1),
    burn_height
FROM transactions AS t
WHERE address = ? AND nonce >= ? AND operation_id IS NOT NULL AND kind IS NOT NULL
ORDER BY nonce, first_seen
"""
UNSENT: Final = """
SELECT i.payload FROM operations AS o JOIN intents AS i ON i.operation_id = o.operation_id
WHERE o.status = 'queued' AND NOT EXISTS (
    SELECT 1 FROM transactions AS t
    WHERE t.operation_id = o.operation_id AND t.status IN ('pending', 'confirmed', 'dropped')
)
ORDER BY o.created_seq, o.operation_id
"""
FEES: Final = """
SELECT nonce, fee, seen_at_ms FROM transactions
WHERE address = ? AND (status <> 'aborted' OR block_height IS NOT NULL)
ORDER BY first_seen DESC
"""
RELAYED: Final = """
SELECT txid, address, nonce, function, quote_ids FROM transactions
WHERE status = 'pending' AND operation_id IS NULL ORDER BY first_seen
"""
MINED: Final = """
SELECT txid FROM transactions WHERE address = ? AND nonce = ? AND block_height IS NOT NULL
"""


class Relayed(msgspec.Struct, frozen=True, kw_only=True):
    """A user's transaction that is not known to be mined."""

    txid: Txid
    address: Address
    nonce: int
    function: str | None
    quote_ids: tuple[QuoteId, ...]


def lane_attempts(db: sqlite3.Connection, address: Address, mined: int) -> tuple[LaneAttempt, ...]:
    """Return a lane's attempts from its lowest open nonce or the chain's count on, and of the nonce below."""
    lowest: tuple[int | None] = db.execute(LOWEST_OPEN, (address,)).fetchone()
    floor = mined if lowest[0] is None else min(mined, lowest[0])
    return structs_of(LaneAttempt, db.execute(ATTEMPTS, (address, floor - 1)).fetchall(), json=("quote_ids",))


def unsent_intents(db: sqlite3.Connection, *, lane: int, lanes: int, limit: int) -> tuple[Intent, ...]:
    """Return the oldest operations of a lane that no open attempt stands for."""
    found: list[Intent] = []
    for (payload,) in db.execute(UNSENT):
        intent = msgspec.json.decode(payload, type=Intent)
        if lane_of(intent, lanes) == lane:
            found.append(intent)
            if len(found) == limit:
                break
    return tuple(found)


def fees_since(db: sqlite3.Connection, address: Address, since_ms: int) -> Ustx:
    """Return what an address may have spent on what it signed since then."""
    recent: list[tuple[int, Ustx]] = []
    for nonce, fee, seen_at_ms in db.execute(FEES, (address,)):
        if seen_at_ms < since_ms:
            break
        recent.append((nonce, Ustx(fee)))
    return spent(recent)


def open_relayed(db: sqlite3.Connection) -> tuple[Relayed, ...]:
    """Return the users' transactions that wait to be mined, oldest first."""
    return structs_of(Relayed, db.execute(RELAYED).fetchall(), json=("quote_ids",))


def mined_of_nonce(db: sqlite3.Connection, address: Address, nonce: int) -> Txid | None:
    """Return the transaction we know to be mined with an address's nonce."""
    row: tuple[str] | None = db.execute(MINED, (address, nonce)).fetchone()
    return None if row is None else Txid(row[0])
