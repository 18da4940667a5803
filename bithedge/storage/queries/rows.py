"""Rows as typed structs: columns in the order of the struct's fields."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from bithedge.storage.errors import CorruptJournalError

T = TypeVar("T", bound=msgspec.Struct)


def struct_of(kind: type[T], row: Sequence[object], *, json: Sequence[str] = ()) -> T:
    """Return a row as `kind`; the columns named in `json` hold JSON.

    Raises:
        CorruptJournalError: the row does not fit.
    """
    named = dict(zip(kind.__struct_fields__, row, strict=True))
    for name in json:
        named[name] = msgspec.json.decode(str(named[name]))
    try:
        return msgspec.convert(named, kind, strict=False)
    except msgspec.ValidationError as error:
        raise CorruptJournalError(f"a {kind.__name__} cannot be read: {error}") from error


def structs_of(kind: type[T], rows: Iterable[Sequence[object]], *, json: Sequence[str] = ()) -> tuple[T, ...]:
    """Return rows as `kind`."""
    return tuple(struct_of(kind, row, json=json) for row in rows)


def one(
    db: sqlite3.Connection, kind: type[T], statement: str, *values: object, json: Sequence[str] = ()
) -> T | None:
    """Return the first row of a query as `kind`; None if there is none."""
    row = db.execute(statement, values).fetchone()
    return None if row is None else struct_of(kind, row, json=json)
