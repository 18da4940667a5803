"""Python out of Clarity values: one kind at a time, or everything at once."""

from typing import NamedTuple, TypeAlias

from bithedge.stacks.clarity import (
    Bool,
    Buffer,
    ClarityValue,
    Err,
    Int,
    List,
    NoneValue,
    Ok,
    Principal,
    Some,
    StringAscii,
    StringUtf8,
    Tuple,
    UInt,
    serialise_hex,
)
from bithedge.stacks.errors import ClarityError

PythonValue: TypeAlias = (
    "int | bool | bytes | str | Outcome | list[PythonValue] | dict[str, PythonValue] | None"
)


class Outcome(NamedTuple):
    """What a response became in Python."""

    ok: bool
    value: PythonValue


def _wrong(value: ClarityValue, wanted: str) -> ClarityError:
    return ClarityError(f"{wanted} expected, {type(value).__name__} found: {serialise_hex(value)[:80]}")


def as_uint(value: ClarityValue) -> int:
    """Return the integer of a uint, or raise `ClarityError`."""
    if not isinstance(value, UInt):
        raise _wrong(value, "a uint")
    return value.value


def as_int(value: ClarityValue) -> int:
    """Return the integer of an int, or raise `ClarityError`."""
    if not isinstance(value, Int):
        raise _wrong(value, "an int")
    return value.value


def as_bool(value: ClarityValue) -> bool:
    """Return the truth of a bool, or raise `ClarityError`."""
    if not isinstance(value, Bool):
        raise _wrong(value, "a bool")
    return value.value


def as_bytes(value: ClarityValue) -> bytes:
    """Return the bytes of a buffer, or raise `ClarityError`."""
    if not isinstance(value, Buffer):
        raise _wrong(value, "a buffer")
    return value.value


def as_text(value: ClarityValue) -> str:
    """Return the text of a string-ascii or string-utf8, or raise `ClarityError`."""
    if not isinstance(value, StringAscii | StringUtf8):
        raise _wrong(value, "a string")
    return value.value


def as_principal(value: ClarityValue) -> str:
    """Return a principal as text, or raise `ClarityError`."""
    if not isinstance(value, Principal):
        raise _wrong(value, "a principal")
    return str(value)


def as_optional(value: ClarityValue) -> ClarityValue | None:
    """Return what an optional holds, if anything, or raise `ClarityError`."""
    if isinstance(value, NoneValue):
        return None
    if not isinstance(value, Some):
        raise _wrong(value, "an optional")
    return value.value


def as_list(value: ClarityValue) -> tuple[ClarityValue, ...]:
    """Return the items of a list, or raise `ClarityError`."""
    if not isinstance(value, List):
        raise _wrong(value, "a list")
    return value.items


def as_tuple(value: ClarityValue) -> Tuple:
    """Return a tuple as such, or raise `ClarityError`."""
    if not isinstance(value, Tuple):
        raise _wrong(value, "a tuple")
    return value


def as_ok(value: ClarityValue) -> ClarityValue:
    """Return what an ok response holds; an err response raises `ClarityError` too."""
    if not isinstance(value, Ok):
        raise _wrong(value, "an ok response")
    return value.value


def to_python(value: ClarityValue) -> PythonValue:
    """Return the value as Python has it.

    An optional becomes `None` or its content, a response an `Outcome`, a principal its text.
    """
    match value:
        case List():
            return [to_python(item) for item in value.items]
        case Tuple():
            return {name: to_python(item) for name, item in value.entries}
        case Ok() | Err():
            return Outcome(isinstance(value, Ok), to_python(value.value))
        case Some() | NoneValue():
            inner = as_optional(value)
            return None if inner is None else to_python(inner)
        case Principal():
            return str(value)
        case _:
            return value.value
