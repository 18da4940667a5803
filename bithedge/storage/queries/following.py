"""What following the chain asks: which transactions are known, which are final, which block came before."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.blocks import KnownTransaction
from bithedge.domain.facts import MinedBlock
from bithedge.domain.ids import OperationId, QuoteId, Txid
from bithedge.domain.money import Height
from bithedge.storage.queries.chain import Block, block

COLUMNS: Final = "txid, stream, operation_id, quote_ids, function"
KNOWN: Final = f"SELECT {COLUMNS} FROM transactions WHERE txid = ?"  # noqa: S608 - constant
FINAL: Final = (
    f"SELECT {COLUMNS} FROM transactions "  # noqa: S608 - constant
    "WHERE status = 'confirmed' AND burn_height <= ? ORDER BY first_seen"
)
PURCHASE: Final = "buy-policy"

Row = tuple[str, str, str | None, str, str | None]


def known_transactions(db: sqlite3.Connection, txids: Sequence[Txid]) -> dict[Txid, KnownTransaction]:
    """Return those of a block's transactions that we sent, relayed or watch."""
    rows: list[Row] = [row for txid in txids for row in db.execute(KNOWN, (txid,)).fetchall()]
    return {Txid(row[0]): _known(row) for row in rows}


def transactions_final_at(db: sqlite3.Connection, burn_height: Height) -> tuple[KnownTransaction, ...]:
    """Return the confirmed transactions of burn blocks up to `burn_height`: deep enough for good."""
    rows: list[Row] = db.execute(FINAL, (burn_height,)).fetchall()
    return tuple(_known(row) for row in rows)


def block_before(db: sqlite3.Connection, block_hash: str) -> MinedBlock | None:
    """Return the followed parent of a followed block; None before the first."""
    this = block(db, block_hash)
    parent = None if this is None else block(db, this.parent_hash)
    return None if parent is None else as_mined(parent)


def as_mined(followed: Block) -> MinedBlock:
    """Return a followed block as the position it was."""
    return MinedBlock(
        block_height=followed.block_height,
        burn_height=followed.burn_height,
        hash=followed.hash,
        parent_hash=followed.parent_hash,
        at_ms=followed.at_ms,
    )


def _known(row: Row) -> KnownTransaction:
    txid, stream, operation_id, quote_ids, function = row
    return KnownTransaction(
        txid=Txid(txid),
        stream=stream,
        operation_id=None if operation_id is None else OperationId(operation_id),
        quote_ids=msgspec.json.decode(quote_ids, type=tuple[QuoteId, ...]),
        buys=function == PURCHASE and operation_id is None,
    )
