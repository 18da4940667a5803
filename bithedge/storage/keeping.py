"""What is kept beside the events: intents, signed bytes, answers, used messages, attestations, candles."""

import sqlite3
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from bithedge.domain.errors import MessageUsedError
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import Hex
from bithedge.domain.money import Height, UsdE8
from bithedge.storage.appending import Append
from bithedge.storage.connections import transaction
from bithedge.storage.errors import AlreadyAnsweredError
from bithedge.storage.ports import Answer, Attested

ANSWER_KEPT_MS: Final = 24 * 3_600_000
"""For how long an answer is given again, and a used message is known; one lives 5 minutes."""

Bar = Literal["1m", "5m", "1h", "1d"]

INTENT: Final = """
INSERT INTO intents (operation_id, intent_key, seq, payload, at_ms) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (intent_key) DO NOTHING
"""
ATTEMPT: Final = """
INSERT INTO attempts (txid, raw, address, nonce, fee, operation_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (txid) DO NOTHING
"""
ANSWER: Final = """
INSERT INTO answers (scope, body_hash, status, headers, body, at_ms) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (scope) DO UPDATE SET
    body_hash = excluded.body_hash, status = excluded.status, headers = excluded.headers,
    body = excluded.body, at_ms = excluded.at_ms
WHERE answers.at_ms <= excluded.at_ms - ?
"""
FORGET_ANSWERS: Final = "DELETE FROM answers WHERE at_ms < ?"
USED: Final = "SELECT 1 FROM used_messages WHERE message_id = ?"
USE: Final = "INSERT INTO used_messages (message_id, at_ms) VALUES (?, ?)"
FORGET_MESSAGES: Final = "DELETE FROM used_messages WHERE at_ms < ?"
ATTEST: Final = """
INSERT INTO attestations (question, price, height, public_key, signature) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (question) DO NOTHING
"""
ATTESTED: Final = """
SELECT question, price, height, public_key, signature FROM attestations WHERE question = ?
"""
CANDLE: Final = """
INSERT INTO oracle_candles (bar, at_ms, opening, high, low, closing) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (bar, at_ms) DO UPDATE SET
    opening = excluded.opening, high = excluded.high, low = excluded.low, closing = excluded.closing
"""


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of one interval; one stored again replaces itself."""

    bar: Bar
    at_ms: int
    """Its start."""
    opening: UsdE8
    high: UsdE8
    low: UsdE8
    closing: UsdE8


def check(db: sqlite3.Connection, item: Append) -> None:
    """Refuse a second use of a signed message.

    Raises:
        MessageUsedError: this message has done its work.
    """
    if item.used_message is not None and db.execute(USED, (item.used_message,)).fetchone() is not None:
        raise MessageUsedError("this signed message has already done its work")


def keep(db: sqlite3.Connection, item: Append, at_ms: int) -> None:
    """Store the signed bytes and the used message of an append."""
    for made in item.attempts:
        facts = (made.txid, made.raw, made.address, made.nonce, made.fee, made.operation_id)
        db.execute(ATTEMPT, (*facts, at_ms))
    if item.used_message is not None:
        db.execute(USE, (item.used_message, at_ms))


def keep_answer(db: sqlite3.Connection, answer: Answer) -> None:
    """Store a command's answer.

    Raises:
        AlreadyAnsweredError: the scope has one that is still kept.
    """
    headers = msgspec.json.encode(answer.headers).decode()
    facts = (answer.scope, answer.body_hash, answer.status, headers, answer.body, answer.at_ms)
    if db.execute(ANSWER, (*facts, ANSWER_KEPT_MS)).rowcount == 0:
        raise AlreadyAnsweredError(f"{answer.scope} has been answered")


def forget(db: sqlite3.Connection, at_ms: int) -> None:
    """Drop the answers and used messages that are a day old."""
    db.execute(FORGET_ANSWERS, (at_ms - ANSWER_KEPT_MS,))
    db.execute(FORGET_MESSAGES, (at_ms - ANSWER_KEPT_MS,))


def keep_intent(db: sqlite3.Connection, intent: Intent, seq: int, at_ms: int) -> bool:
    """Store an intent; False if its key is known, and it is that same operation."""
    payload = msgspec.json.encode(intent).decode()
    return db.execute(INTENT, (intent.operation_id, intent.key, seq, payload, at_ms)).rowcount == 1


def attest(db: sqlite3.Connection, answers: Sequence[Attested]) -> tuple[Attested, ...]:
    """Store each answer unless its question has one; return what stands. `db` is in autocommit mode."""
    with transaction(db):
        db.executemany(ATTEST, [msgspec.structs.astuple(answer) for answer in answers])
        rows: list[tuple[str, int, int, str, str]] = [
            db.execute(ATTESTED, (answer.question,)).fetchone() for answer in answers
        ]
    return tuple(attested(row) for row in rows)


def attested(row: tuple[str, int, int, str, str]) -> Attested:
    """Return the attestation of a row: question, price, height, public key, signature."""
    question, price, height, public_key, signature = row
    return Attested(
        question=question,
        price=UsdE8(price),
        height=Height(height),
        public_key=Hex(public_key),
        signature=Hex(signature),
    )


def store_candles(db: sqlite3.Connection, candles: Sequence[Candle]) -> None:
    """Store candles, those of the same start replaced. `db` is in autocommit mode."""
    with transaction(db):
        db.executemany(CANDLE, [msgspec.structs.astuple(candle) for candle in candles])
