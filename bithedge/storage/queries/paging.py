"""Lists a page at a time, newest first, exact under writes: a cursor names the last thing given."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from bithedge.domain.errors import ValidationFailedError

T = TypeVar("T")
Place = tuple[int, int]
"""Where a thing stands in its list: the event that brought it, and which of that event's."""

BEFORE_ALL: Final[Place] = (2**62, 0)


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some of a list; `next_cursor` is None at its end."""

    items: tuple[T, ...]
    next_cursor: str | None


def read_cursor(cursor: str | None, filters: msgspec.Struct) -> Place:
    """Return the place that a cursor names.

    Raises:
        ValidationFailedError: it is none of ours, or belongs to other filters.
    """
    if cursor is None:
        return BEFORE_ALL
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        bound, seq, line = msgspec.msgpack.decode(raw, type=tuple[int, int, int])
    except (ValueError, msgspec.MsgspecError):
        raise ValidationFailedError("this is no cursor of ours", field="cursor") from None
    if bound != _fingerprint(filters):
        raise ValidationFailedError("a cursor goes on with the filters it was made for", field="cursor")
    return seq, line


def page(found: Sequence[T], filters: msgspec.Struct, limit: int, place: Callable[[T], Place]) -> Page[T]:
    """Return the first `limit` of `found`, which holds one more if there is one."""
    items = tuple(found[:limit])
    more = len(found) > limit
    return Page(items=items, next_cursor=_write_cursor(place(items[-1]), filters) if more else None)


def where(clauses: Sequence[tuple[str, str]], values: Mapping[str, object]) -> str:
    """Return the conjunction of those clauses (name, constant text) whose named value is given."""
    return " AND ".join(text for name, text in clauses if values.get(name) is not None)


def _write_cursor(place: Place, filters: msgspec.Struct) -> str:
    raw = msgspec.msgpack.encode((_fingerprint(filters), *place))
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _fingerprint(filters: msgspec.Struct) -> int:
    return zlib.crc32(msgspec.msgpack.encode(filters), zlib.crc32(type(filters).__name__.encode()))
