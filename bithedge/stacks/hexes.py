"""Hex as the API writes it: `0x`, lower case."""

import re

_HEX = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)")


def to_hex(data: bytes) -> str:
    """Return `0x` and the digits."""
    return "0x" + data.hex()


def from_hex(text: str) -> bytes:
    """Return the bytes of hex with or without `0x`.

    Raises:
        ValueError: an odd number of digits, or something that is no digit.
    """
    match = _HEX.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:20]!r} is no hex of whole bytes")
    return bytes.fromhex(match[1])


def normal_hex(text: str, size: int | None = None) -> str:
    """Return hex as `0x` and lower-case digits, whichever way it was written.

    Args:
        text: hex with or without `0x`.
        size: how many bytes it must be.

    Raises:
        ValueError: no hex, or of another size.
    """
    data = from_hex(text)
    if size is not None and len(data) != size:
        raise ValueError(f"{text[:20]!r} is {len(data)} bytes, not {size}")
    return to_hex(data)
