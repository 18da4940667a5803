"""The body of a commit, a pure function of the database: the thread and the simulation run the same one."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from bithedge.domain.errors import DomainError, MessageUsedError
from bithedge.storage.appending import Append
from bithedge.storage.connections import transaction
from bithedge.storage.errors import StorageError, UnsoundAppendError
from bithedge.storage.ports import Committed
from bithedge.storage.position import Position
from bithedge.storage.writing import Writing

Outcome = tuple[Committed, ...] | StorageError | MessageUsedError
"""What one append of a batch came to: its events in the journal's order, or why nothing of it was written."""

# What a faulty append raises. Anything else is the disk's fault, and the whole batch's.
_UNSOUND: Final = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
    DomainError,
    StorageError,
)


def apply_batch(
    db: sqlite3.Connection, batch: Sequence[Append], position: Position, at_ms: int
) -> list[Outcome]:
    """Commit a batch and move `position` to its end; an append that is refused never harms the others.

    Args:
        db: in autocommit mode.
        batch: in the order of asking.
        position: the journal's end.
        at_ms: the time of all its events.

    Raises:
        sqlite3.Error: the commit failed; nothing was written and `position` stands.
    """
    try:
        return _commit(db, batch, position, at_ms)
    except _UNSOUND as error:
        if len(batch) == 1:
            return [_refusal(error)]
    # One of them is faulty, and only it shall fail.
    return [outcome for item in batch for outcome in apply_batch(db, (item,), position, at_ms)]


def _refusal(error: Exception) -> StorageError:
    if isinstance(error, StorageError):
        return error
    unsound = UnsoundAppendError(f"{type(error).__name__}: {error}")
    unsound.__cause__ = error
    return unsound


def _commit(db: sqlite3.Connection, batch: Sequence[Append], position: Position, at_ms: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with transaction(db):
        writing = Writing(db, position)
        for item in batch:
            try:
                writing.check(item)
            except (StorageError, MessageUsedError) as refusal:
                outcomes.append(refusal)
            else:
                outcomes.append(writing.append(item, at_ms))
        writing.finish(at_ms)
    position.move(writing.seq, writing.checksum, writing.versions)
    return outcomes
