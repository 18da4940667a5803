"""Addresses: a version and a hash160, written in Crockford's base 32 with a checksum (c32check).

Only the one canonical spelling is taken: no lower case, no O for 0, no I or L for 1.
"""

import base64
from functools import lru_cache
from typing import NamedTuple

from bithedge.stacks.errors import AddressError
from bithedge.stacks.hashes import sha256

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PYTHON_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_FROM_RFC4648 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())
_HASH_BYTES = 20
_PAYLOAD_BYTES = 24
_MAX_VERSION = 31
_LENGTHS = range(28, 42)
_CACHED = 4096


class Address(NamedTuple):
    """The version byte and the 20 bytes of an address."""

    version: int
    hash160: bytes


def _checksum(version: int, digest: bytes) -> bytes:
    return sha256(sha256(bytes((version,)) + digest))[:4]


@lru_cache(maxsize=_CACHED)
def encode_address(version: int, hash160: bytes) -> str:
    """Return the address of a version (0 to 31) and a hash160 (20 bytes).

    Raises:
        AddressError: the version or the length of the hash is out of range.
    """
    if not 0 <= version <= _MAX_VERSION:
        raise AddressError(f"address version {version} is not one of 0 to {_MAX_VERSION}")
    if len(hash160) != _HASH_BYTES:
        raise AddressError(f"an address holds {_HASH_BYTES} bytes, not {len(hash160)}")
    payload = hash160 + _checksum(version, hash160)
    # Base 32 wants whole groups of 5 bytes: one zero in front, whose digits fall away with the others.
    digits = base64.b32encode(b"\x00" + payload).translate(_FROM_RFC4648).decode().lstrip("0")
    leading_zero_bytes = _PAYLOAD_BYTES - len(payload.lstrip(b"\x00"))
    return "S" + _ALPHABET[version] + "0" * leading_zero_bytes + digits


@lru_cache(maxsize=_CACHED)
def decode_address(text: str) -> Address:
    """Return what an address says.

    Raises:
        AddressError: not canonical, or its checksum does not match.
    """
    if len(text) not in _LENGTHS or not text.startswith("S"):
        raise AddressError(f"{text[:50]!r} is no Stacks address: S and 27 to 40 more characters")
    if not set(text) <= set(_ALPHABET):
        raise AddressError(f"{text!r} is no Stacks address: its characters are {_ALPHABET}")
    version = _ALPHABET.index(text[1])
    try:
        payload = int(text[2:].translate(_PYTHON_DIGITS), 32).to_bytes(_PAYLOAD_BYTES, "big")
    except OverflowError:
        raise AddressError(f"{text!r} is no Stacks address: it holds more than 24 bytes") from None
    hash160 = payload[:_HASH_BYTES]
    if _checksum(version, hash160) != payload[_HASH_BYTES:]:
        raise AddressError(f"{text!r} is mistyped: its checksum does not match")
    if encode_address(version, hash160) != text:
        raise AddressError(f"{text!r} is no canonical spelling of {encode_address(version, hash160)}")
    return Address(version, hash160)
