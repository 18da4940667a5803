"""What a reorg takes back: facts of dropped blocks are marked, what they touched is folded again."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.events.base import Recorded
from bithedge.domain.events.pool import FundsWithdrawn
from bithedge.domain.events.transactions import TransactionAborted, TransactionConfirmed, TransactionEvent
from bithedge.domain.ids import Address, OperationId, QuoteId, Txid, WithdrawalId
from bithedge.storage.channels import policy_channel, withdrawal_channel
from bithedge.storage.codec import COLUMNS, EventRow, decode_row
from bithedge.storage.projections import backing, blocks, ledger, metrics, quotes, transactions, withdrawals
from bithedge.storage.projections.policies import Heads
from bithedge.storage.subjects import subjects_of

ABOVE: Final = (
    f"SELECT {COLUMNS} FROM events "  # noqa: S608 - constant
    "WHERE block_height > ? AND undone_by IS NULL AND seq < ? ORDER BY seq"
)
MARK: Final = "UPDATE events SET undone_by = ? WHERE seq = ?"
OF_CHANNEL: Final = (
    f"SELECT {COLUMNS} FROM event_channels JOIN events USING (seq) "  # noqa: S608 - constant
    "WHERE channel = ? ORDER BY seq"
)
OF_STREAM: Final = f"SELECT {COLUMNS} FROM events WHERE stream = ? ORDER BY version"  # noqa: S608 - constant
_NEWEST: Final = 2**62


class UndoneWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A withdrawal whose payment a reorg takes back."""

    withdrawal_id: WithdrawalId
    address: Address


class UndoneTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that a reorg un-mines."""

    txid: Txid
    stream: str
    operation_id: OperationId | None
    quote_ids: tuple[QuoteId, ...]


class UndoneSubjects(msgspec.Struct, frozen=True, kw_only=True):
    """All that a revert touches, each once, in the journal's order."""

    quote_ids: tuple[QuoteId, ...]
    addresses: tuple[Address, ...]
    withdrawals: tuple[UndoneWithdrawal, ...]
    transactions: tuple[UndoneTransaction, ...]


def undone_subjects(db: sqlite3.Connection, fork_height: int) -> UndoneSubjects:
    """Return what a revert to `fork_height` would touch."""
    undone = _events(db, ABOVE, (fork_height, _NEWEST))
    return UndoneSubjects(
        quote_ids=_quote_ids(undone),
        addresses=tuple(
            dict.fromkeys(
                address
                for recorded in undone
                for address in subjects_of(recorded.stream, recorded.event).providers
            )
        ),
        withdrawals=tuple(
            {
                event.withdrawal_id: UndoneWithdrawal(
                    withdrawal_id=event.withdrawal_id, address=event.address
                )
                for recorded in undone
                if isinstance(event := recorded.event, FundsWithdrawn) and event.withdrawal_id is not None
            }.values()
        ),
        transactions=_transactions(undone),
    )


def undo(db: sqlite3.Connection, heads: Heads, reorg: Recorded, fork_height: int) -> None:
    """Take back all that blocks above `fork_height` brought; `reorg` is already a row of the journal."""
    undone = _events(db, ABOVE, (fork_height, reorg.seq))
    db.executemany(MARK, [(reorg.seq, recorded.seq) for recorded in undone])
    blocks.undo(db, fork_height, undone)
    ledger.undo(db, undone)
    metrics.undo(db, undone)
    for quote_id in _quote_ids(undone):
        history = _events(db, OF_CHANNEL, (policy_channel(quote_id),))
        heads.refold(quote_id, history)
        backing.refold(db, quote_id, history)
        quotes.refold(db, quote_id, history)
    for withdrawal_id in _withdrawal_ids(undone):
        withdrawals.refold(db, withdrawal_id, _events(db, OF_CHANNEL, (withdrawal_channel(withdrawal_id),)))
    for stream in dict.fromkeys(r.stream for r in undone if isinstance(r.event, TransactionEvent)):
        transactions.refold(db, stream, _events(db, OF_STREAM, (stream,)))


def _events(db: sqlite3.Connection, statement: str, values: tuple[int | str, ...]) -> list[Recorded]:
    rows: list[EventRow] = db.execute(statement, values).fetchall()
    return [decode_row(row) for row in rows]


def _quote_ids(undone: Sequence[Recorded]) -> tuple[QuoteId, ...]:
    return tuple(
        dict.fromkeys(
            quote_id
            for recorded in undone
            for quote_id in subjects_of(recorded.stream, recorded.event).quote_ids
        )
    )


def _withdrawal_ids(undone: Sequence[Recorded]) -> tuple[WithdrawalId, ...]:
    named = (subjects_of(recorded.stream, recorded.event).withdrawal_id for recorded in undone)
    return tuple(dict.fromkeys(withdrawal_id for withdrawal_id in named if withdrawal_id is not None))


def _transactions(undone: Sequence[Recorded]) -> tuple[UndoneTransaction, ...]:
    found: dict[Txid, UndoneTransaction] = {}
    for recorded in undone:
        event = recorded.event
        # Only what mined it: one that is no longer final, but still in the chain, is not un-mined.
        if isinstance(event, TransactionConfirmed | TransactionAborted):
            found[event.txid] = UndoneTransaction(
                txid=event.txid,
                stream=recorded.stream,
                operation_id=event.operation_id,
                quote_ids=event.quote_ids,
            )
    return tuple(found.values())
