"""The base of all views, and the list that pages are shown as."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What crosses the wire: snake_case names with their units, None as null."""


class ListView(View, Generic[T], frozen=True, kw_only=True):
    """A page of a list, newest first; `next_cursor` is None at its end."""

    items: tuple[T, ...]
    next_cursor: str | None
