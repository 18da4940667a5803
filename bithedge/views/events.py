"""Journalled events on the wire: the domain's fields, under names that carry their units.

The domain says units by types, the wire by names, so one rule turns all events: `payout: Sats` is shown as
`payout_sats`, `expiry: Height` as `expiry_height`, `at_ms` as `at`, a time.
"""

import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Final, NamedTuple, Union, cast, get_args, get_origin

import msgspec

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.ids import Txid
from bithedge.domain.money import Bps, Height, Sats, UsdE8, Ustx
from bithedge.views.base import View
from bithedge.views.times import rfc3339

_SUFFIXES: Final[Mapping[object, str]] = {
    Sats: "_sats",
    UsdE8: "_usd_e8",
    Ustx: "_ustx",
    Bps: "_bps",
    Height: "_height",
}


class EventView(View, frozen=True, kw_only=True):
    """An event in its place; `undone` marks what a reorg took back."""

    seq: int
    name: str
    at: str
    block_height: int | None
    burn_height: Height | None
    txid: Txid | None
    data: dict[str, object]
    undone: bool


class _Field(NamedTuple):
    name: str
    shown_as: str
    show: Callable[[object], object]


def event_view(recorded: Recorded) -> EventView:
    """Return an event as the interface shows it."""
    chain = recorded.chain
    return EventView(
        seq=recorded.seq,
        name=recorded.name,
        at=rfc3339(recorded.at_ms),
        block_height=None if chain is None else chain.block_height,
        burn_height=None if chain is None else chain.burn_height,
        txid=None if chain is None else chain.txid,
        data=event_data(recorded.event),
        undone=recorded.undone,
    )


def event_data(event: Event) -> dict[str, object]:
    """Return an event's own fields under their wire names."""
    return _shown_struct(event)


def _shown_struct(struct: msgspec.Struct) -> dict[str, object]:
    return {field.shown_as: field.show(getattr(struct, field.name)) for field in _fields(type(struct))}


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[_Field, ...]:
    return tuple(_field(field.name, field.type) for field in msgspec.structs.fields(kind))


def _field(name: str, annotation: object) -> _Field:
    if name.endswith("_ms"):
        return _Field(name, _time_name(name[: -len("_ms")]), _time_of_ms)
    if name.endswith("_s"):
        return _Field(name, _time_name(name[: -len("_s")]), _time_of_s)
    suffix = next((_SUFFIXES[part] for part in _parts(annotation) if part in _SUFFIXES), "")
    shown_as = name if name.endswith(suffix) or name == suffix[1:] else name + suffix
    return _Field(name, shown_as, _shown)


def _parts(annotation: object) -> tuple[object, ...]:
    """Return the alternatives of a union, or the annotation itself."""
    return get_args(annotation) if get_origin(annotation) in (types.UnionType, Union) else (annotation,)


def _time_name(stem: str) -> str:
    return stem if stem.endswith("_at") or stem == "at" else stem + "_at"


def _shown(value: object) -> object:
    match value:
        case msgspec.Struct():
            return _shown_struct(value)
        case tuple():
            return [_shown(item) for item in cast("tuple[object, ...]", value)]
        case Enum():
            return value.value
        case _:
            return value


def _time_of_ms(value: object) -> object:
    return rfc3339(value) if isinstance(value, int) else None


def _time_of_s(value: object) -> object:
    return rfc3339(value * 1_000) if isinstance(value, int) else None
