"""Clarity values from their consensus bytes: only the one canonical form is taken."""

from collections.abc import Callable

from bithedge.stacks.clarity import (
    INT_BYTES,
    MAX_DEPTH,
    MAX_VALUE_BYTES,
    NONE,
    Bool,
    Buffer,
    ClarityValue,
    Err,
    Int,
    List,
    Ok,
    Principal,
    Some,
    StringAscii,
    StringUtf8,
    Tuple,
    UInt,
)
from bithedge.stacks.errors import ClarityError
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.reader import Reader

_HASH_BYTES = 20
_LEAST_ENTRY = 3


def _int(reader: Reader, _depth: int) -> ClarityValue:
    return Int(int.from_bytes(reader.take(INT_BYTES), "big", signed=True))


def _uint(reader: Reader, _depth: int) -> ClarityValue:
    return UInt(reader.unsigned(INT_BYTES))


def _buffer(reader: Reader, _depth: int) -> ClarityValue:
    return Buffer(reader.take(reader.count(least=1)))


def _true(_reader: Reader, _depth: int) -> ClarityValue:
    return Bool(value=True)


def _false(_reader: Reader, _depth: int) -> ClarityValue:
    return Bool(value=False)


def _account(reader: Reader, _depth: int) -> ClarityValue:
    return Principal(reader.byte(), reader.take(_HASH_BYTES))


def _contract(reader: Reader, _depth: int) -> ClarityValue:
    return Principal(reader.byte(), reader.take(_HASH_BYTES), reader.text(reader.byte()))


def _ok(reader: Reader, depth: int) -> ClarityValue:
    return Ok(read_value(reader, depth + 1))


def _err(reader: Reader, depth: int) -> ClarityValue:
    return Err(read_value(reader, depth + 1))


def _none(_reader: Reader, _depth: int) -> ClarityValue:
    return NONE


def _some(reader: Reader, depth: int) -> ClarityValue:
    return Some(read_value(reader, depth + 1))


def _list(reader: Reader, depth: int) -> ClarityValue:
    return List(tuple(read_value(reader, depth + 1) for _ in range(reader.count(least=1))))


def _tuple(reader: Reader, depth: int) -> ClarityValue:
    count = reader.count(least=_LEAST_ENTRY)
    return Tuple(tuple((reader.text(reader.byte()), read_value(reader, depth + 1)) for _ in range(count)))


def _ascii(reader: Reader, _depth: int) -> ClarityValue:
    return StringAscii(reader.text(reader.count(least=1)))


def _utf8(reader: Reader, _depth: int) -> ClarityValue:
    data = reader.take(reader.count(least=1))
    try:
        return StringUtf8(data.decode())
    except UnicodeDecodeError:
        raise reader.fail("a string-utf8 that is no UTF-8") from None


_READERS: tuple[Callable[[Reader, int], ClarityValue], ...] = (
    _int,
    _uint,
    _buffer,
    _true,
    _false,
    _account,
    _contract,
    _ok,
    _err,
    _none,
    _some,
    _list,
    _tuple,
    _ascii,
    _utf8,
)


def read_value(reader: Reader, depth: int = 0) -> ClarityValue:
    """Return the value at the front of `reader`.

    Raises:
        StacksError: of the reader's kind where bytes lack, else `ClarityError` or `AddressError`.
    """
    if depth >= MAX_DEPTH:
        raise reader.fail(f"more than {MAX_DEPTH} values within each other")
    kind = reader.byte()
    if kind >= len(_READERS):
        raise reader.fail(f"0x{kind:02x} is no kind of Clarity value")
    return _READERS[kind](reader, depth)


def deserialise(data: bytes) -> ClarityValue:
    """Return the value of consensus bytes.

    Raises:
        ClarityError: too long, too deep, cut short, not canonical, or followed by more.
        AddressError: it holds a principal that cannot be.
    """
    if len(data) > MAX_VALUE_BYTES:
        raise ClarityError(f"{len(data)} bytes in one value, at most {MAX_VALUE_BYTES}")
    reader = Reader(data, ClarityError)
    value = read_value(reader)
    reader.finish()
    return value


def deserialise_hex(text: str) -> ClarityValue:
    """Return the value of consensus bytes in hex, with or without `0x`.

    Raises:
        ClarityError: no hex, or no value.
        AddressError: it holds a principal that cannot be.
    """
    try:
        data = from_hex(text)
    except ValueError as error:
        raise ClarityError(str(error)) from None
    return deserialise(data)
