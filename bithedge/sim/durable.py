"""What must stand on the disk at any moment, the moment of a crash among them."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import quote_id, withdrawal_id
from bithedge.sim.chain.blocks import SimChain
from bithedge.sim.chain.mempool import Waiting
from bithedge.sim.checks import public_price_of
from bithedge.sim.trace import Violation
from bithedge.stacks.clarity_python import as_bytes, as_tuple
from bithedge.stacks.payloads import ContractCall
from bithedge.storage.queries.kept import attestation

ATTEMPT: Final = "SELECT raw, address, nonce, operation_id FROM attempts WHERE txid = ?"
INTENTS: Final = "SELECT operation_id, payload FROM intents"
KNOWN: Final = "SELECT 1 FROM intents WHERE operation_id = ?"
SETTLING: Final = "SELECT json_extract(payload, '$.operation_id') FROM events WHERE name = 'PolicySettling'"
NAMED: Final = "SELECT 1 FROM events WHERE name = ? AND payload LIKE ? LIMIT 1"


def check_durable(db: sqlite3.Connection, chain: SimChain, lanes: Sequence[str]) -> None:
    """Check that nothing is in the world whose cause is not in the journal.

    Raises:
        Violation: a transaction of ours without its stored bytes, a settlement without its intent or its
            cause, a voucher or sale that was never journalled, a price that is not the one remembered.
    """
    _check_lanes(db, chain, lanes)
    _check_intents(db)
    _check_promises(db, chain)


def check_stored(db: sqlite3.Connection, one: Waiting) -> None:
    """Check that a lane's transaction was on the disk before it left, with what it is for.

    Raises:
        Violation: its bytes, its nonce or its intent are not stored.
    """
    row = db.execute(ATTEMPT, (one.txid,)).fetchone()
    if row is None or row[:3] != (one.raw, one.sender, one.nonce):
        raise Violation(f"{one.txid} of {one.sender} was sent, and its bytes and nonce are not stored")
    payload = one.transaction.payload
    if isinstance(payload, ContractCall) and db.execute(KNOWN, (row[3],)).fetchone() is None:
        raise Violation(f"{one.txid} was sent without an intent")


def _check_lanes(db: sqlite3.Connection, chain: SimChain, lanes: Sequence[str]) -> None:
    for one in chain.seen.values():
        if one.sender in lanes:
            check_stored(db, one)


def _check_intents(db: sqlite3.Connection) -> None:
    causes = {operation for (operation,) in db.execute(SETTLING)}
    intents = {
        operation: msgspec.json.decode(payload, type=Intent) for operation, payload in db.execute(INTENTS)
    }
    for operation, intent in intents.items():
        if intent.kind == "settle" and operation not in causes:
            raise Violation(f"the intent {operation} settles without its cause in the journal")
    for operation in causes:
        if operation not in intents:
            raise Violation(f"the settlement {operation} was decided and its intent is not there")


def _check_promises(db: sqlite3.Connection, chain: SimChain) -> None:
    for block in chain.blocks:
        for mined in block.mined:
            payload = mined.waiting.transaction.payload
            if mined.status == "success" and isinstance(payload, ContractCall):
                _check_call(db, payload)


def _check_call(db: sqlite3.Connection, call: ContractCall) -> None:
    first = call.arguments[0]
    if call.function == "buy-policy":
        _check_named(db, "QuoteIssued", quote_id(as_bytes(as_tuple(first)["quote-id"])))
    if call.function == "withdraw-funds":
        _check_named(db, "WithdrawalVoucherIssued", withdrawal_id(as_bytes(call.arguments[2])))
    named = public_price_of(call)
    if named is not None:
        price, height = named
        stands = attestation(db, f"height:{height}")
        if stands is None or stands.price != price:
            raise Violation(f"height {height} was settled at {price}, and the attestor remembers {stands}")


def _check_named(db: sqlite3.Connection, event: str, named: str) -> None:
    if db.execute(NAMED, (event, f"%{named}%")).fetchone() is None:
        raise Violation(f"{named} is on chain and no {event} is in the journal")
