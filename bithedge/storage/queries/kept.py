"""What is kept beside the events: answers, used messages, signed quotes, attestations, candles."""

import sqlite3
from typing import Final, Literal

import msgspec

from bithedge.domain.events.policy import QuoteIssued
from bithedge.domain.ids import Hex, QuoteId
from bithedge.domain.money import Height
from bithedge.storage.keeping import ANSWER_KEPT_MS, ATTESTED, USED, Bar, Candle, attested
from bithedge.storage.ports import Answer, Attested
from bithedge.storage.queries.rows import one, structs_of

QuoteStatus = Literal["reserved", "sold", "lapsed"]

ANSWER: Final = "SELECT scope, body_hash, status, headers, body, at_ms FROM answers WHERE scope = ?"
# The plus: the index by height gives the newest at once, that of the questions would sort them all.
NEWEST_PRICE: Final = """
SELECT question, price, height, public_key, signature FROM attestations
WHERE +question GLOB 'height:*' ORDER BY height DESC LIMIT 1
"""
CANDLES: Final = """
SELECT bar, at_ms, opening, high, low, closing FROM oracle_candles
WHERE bar = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms DESC LIMIT ?
"""
QUOTE: Final = "SELECT status, seq, at_ms, issued FROM quotes WHERE quote_id = ?"
RESERVED: Final = "SELECT status, seq, at_ms, issued FROM quotes WHERE status = 'reserved' ORDER BY seq"


class SignedQuote(msgspec.Struct, frozen=True, kw_only=True):
    """Terms that the pool signed, and what became of their reservation."""

    status: QuoteStatus
    seq: int
    at_ms: int
    issued: QuoteIssued


def answer(db: sqlite3.Connection, scope: str, now_ms: int) -> Answer | None:
    """Return the kept answer of a command; None if there is none of the last 24 h."""
    found = one(db, Answer, ANSWER, scope, json=("headers",))
    return None if found is None or found.at_ms <= now_ms - ANSWER_KEPT_MS else found


def is_message_used(db: sqlite3.Connection, message_id: Hex) -> bool:
    """Return whether a signed message has done its work."""
    return db.execute(USED, (message_id,)).fetchone() is not None


def signed_quote(db: sqlite3.Connection, quote_id: QuoteId) -> SignedQuote | None:
    """Return a signed quote."""
    return one(db, SignedQuote, QUOTE, quote_id, json=("issued",))


def reserved_quotes(db: sqlite3.Connection) -> tuple[SignedQuote, ...]:
    """Return the signed quotes that still hold capacity, oldest first."""
    return structs_of(SignedQuote, db.execute(RESERVED).fetchall(), json=("issued",))


def attestation(db: sqlite3.Connection, question: str) -> Attested | None:
    """Return what was answered to a question of attestation."""
    row = db.execute(ATTESTED, (question,)).fetchone()
    return None if row is None else attested(row)


def public_price(db: sqlite3.Connection, height: Height | None = None) -> Attested | None:
    """Return the public price of a burn height, by default the newest."""
    if height is not None:
        return attestation(db, f"height:{height}")
    row = db.execute(NEWEST_PRICE).fetchone()
    return None if row is None else attested(row)


def candles(db: sqlite3.Connection, bar: Bar, *, from_ms: int, to_ms: int, limit: int) -> tuple[Candle, ...]:
    """Return the newest candles of a span, oldest first."""
    rows = db.execute(CANDLES, (bar, from_ms, to_ms, limit)).fetchall()
    return structs_of(Candle, reversed(rows))
