"""Lists as CSV (RFC 4180): a row an item, nested objects as dotted columns."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Final, cast, get_args

import msgspec

from bithedge.views.base import View

MEDIA_TYPE: Final = "text/csv"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def wants_csv(accept: str | None) -> bool:
    """Return whether a client asks for CSV rather than JSON."""
    named = [one.partition(";")[0].strip().lower() for one in (accept or "").split(",")]
    return MEDIA_TYPE in named and "application/json" not in named


def csv_of(kind: type[msgspec.Struct], items: Iterable[object]) -> bytes:
    """Return the items as a table whose columns are those of `kind`, whatever the items hold."""
    columns = columns_of(kind)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for item in items:
        row = _flat(cast("Mapping[str, object]", msgspec.to_builtins(item)))
        writer.writerow([_cell(row.get(column)) for column in columns])
    return out.getvalue().encode()


def columns_of(kind: type[msgspec.Struct], prefix: str = "") -> list[str]:
    """Return the columns of a view, in the order of its fields."""
    columns: list[str] = []
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.encode_name}"
        nested = _struct_in(field.type)
        columns += [name] if nested is None else columns_of(nested, f"{name}.")
    return columns


def _struct_in(annotation: object) -> type[View] | None:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, View):
            return part
    return None


def _flat(item: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    row: dict[str, object] = {}
    for name, value in item.items():
        if isinstance(value, dict):
            row |= _flat(cast("dict[str, object]", value), f"{prefix}{name}.")
        else:
            row[f"{prefix}{name}"] = value
    return row


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return msgspec.json.encode(value).decode()
        case str() if value.startswith(_FORMULA):
            return f"'{value}"  # else a spreadsheet would run it
        case _:
            return value
