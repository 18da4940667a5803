"""Clarity values, and their consensus bytes (SIP-005).

Each value checks its own limits when it is made, so one that exists can be serialised. Lists are not checked
for one type in all items: the VM judges that against the function's signature.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec

from bithedge.stacks.c32 import decode_address, encode_address
from bithedge.stacks.errors import AddressError, ClarityError
from bithedge.stacks.hexes import to_hex
from bithedge.stacks.names import check_clarity_name, check_contract_name
from bithedge.stacks.networks import Network

MAX_VALUE_BYTES = 1_048_576
"""The VM's limit on one value."""
MAX_DEPTH = 32
"""The VM's limit on values within values."""
INT_BYTES = 16
_MAX_VERSION = 31
_HASH_BYTES = 20
_ASCII = frozenset(map(chr, (0x09, 0x0A, 0x0C, 0x0D, *range(0x20, 0x7F))))


def _size(data: bytes) -> bytes:
    if len(data) > MAX_VALUE_BYTES:
        raise ClarityError(f"{len(data)} bytes in one value, at most {MAX_VALUE_BYTES}")
    return len(data).to_bytes(4, "big")


class UInt(msgspec.Struct, frozen=True, gc=False):
    """An unsigned integer of 128 bits."""

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value < 1 << 128:
            raise ClarityError(f"{self.value} is no uint: 0 to 2^128 - 1")

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x01)
        out += self.value.to_bytes(INT_BYTES, "big")


class Int(msgspec.Struct, frozen=True, gc=False):
    """A signed integer of 128 bits."""

    value: int

    def __post_init__(self) -> None:
        if not -(1 << 127) <= self.value < 1 << 127:
            raise ClarityError(f"{self.value} is no int: -2^127 to 2^127 - 1")

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x00)
        out += self.value.to_bytes(INT_BYTES, "big", signed=True)


class Bool(msgspec.Struct, frozen=True, gc=False):
    """True or false."""

    value: bool

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x03 if self.value else 0x04)


class Buffer(msgspec.Struct, frozen=True, gc=False):
    """Bytes."""

    value: bytes

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x02)
        out += _size(self.value)
        out += self.value


class StringAscii(msgspec.Struct, frozen=True, gc=False):
    """Text of printable ASCII and white space."""

    value: str

    def __post_init__(self) -> None:
        if not _ASCII.issuperset(self.value):
            raise ClarityError(f"{self.value[:60]!r} is no string-ascii: printable ASCII or white space")

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        data = self.value.encode("ascii")
        out.append(0x0D)
        out += _size(data)
        out += data


class StringUtf8(msgspec.Struct, frozen=True, gc=False):
    """Text of any Unicode characters."""

    value: str

    def __post_init__(self) -> None:
        if not self.value.isascii() and any("\ud800" <= character <= "\udfff" for character in self.value):
            raise ClarityError("half of a surrogate pair is no character")

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        data = self.value.encode()
        out.append(0x0E)
        out += _size(data)
        out += data


class Principal(msgspec.Struct, frozen=True, gc=False):
    """An account (no contract name) or a contract."""

    version: int
    hash160: bytes
    contract_name: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.version <= _MAX_VERSION or len(self.hash160) != _HASH_BYTES:
            raise AddressError(f"no principal: version {self.version}, {len(self.hash160)} bytes of hash")
        if self.contract_name is not None:
            check_contract_name(self.contract_name)

    @staticmethod
    def parse(text: str) -> "Principal":
        """Return the principal of `ADDRESS` or `ADDRESS.contract-name`.

        Raises:
            AddressError: it is neither.
        """
        return _parse_principal(text)

    @staticmethod
    def parse_contract(text: str) -> "Principal":
        """Return the principal of `ADDRESS.contract-name`.

        Raises:
            AddressError: it is none, or an account.
        """
        principal = _parse_principal(text)
        if principal.contract_name is None:
            raise AddressError(f"{text!r} names an account, not a contract: ADDRESS.contract-name")
        return principal

    @property
    def address(self) -> str:
        """The account's address, or that of the contract's deployer."""
        return encode_address(self.version, self.hash160)

    def lives_on(self, network: Network) -> bool:
        """Return whether a node of `network` takes this principal."""
        return network.owns_version(self.version)

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x05 if self.contract_name is None else 0x06)
        self.write_address(out)
        if self.contract_name is not None:
            out.append(len(self.contract_name))
            out += self.contract_name.encode("ascii")

    def write_address(self, out: bytearray) -> None:
        """Append version and hash alone."""
        out.append(self.version)
        out += self.hash160

    def __str__(self) -> str:
        if self.contract_name is None:
            return self.address
        return f"{self.address}.{self.contract_name}"


@lru_cache(maxsize=4096)
def _parse_principal(text: str) -> Principal:
    address, dot, name = text.partition(".")
    version, hash160 = decode_address(address)
    return Principal(version, hash160, name if dot else None)


class NoneValue(msgspec.Struct, frozen=True, gc=False):
    """An optional without a value."""

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x09)


NONE = NoneValue()


class Some(msgspec.Struct, frozen=True):
    """An optional with a value."""

    value: "ClarityValue"

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x0A)
        self.value.write(out)


class Ok(msgspec.Struct, frozen=True):
    """A response that went well."""

    value: "ClarityValue"

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x07)
        self.value.write(out)


class Err(msgspec.Struct, frozen=True):
    """A response that did not."""

    value: "ClarityValue"

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x08)
        self.value.write(out)


class List(msgspec.Struct, frozen=True):
    """Values in order."""

    items: tuple["ClarityValue", ...]

    @staticmethod
    def of(items: Iterable["ClarityValue"]) -> "List":
        """Return the list of `items`."""
        return List(tuple(items))

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x0B)
        out += len(self.items).to_bytes(4, "big")
        for item in self.items:
            item.write(out)


class Tuple(msgspec.Struct, frozen=True):
    """Values under names, in the byte order of the names as the VM keeps them."""

    entries: tuple[tuple[str, "ClarityValue"], ...]

    def __post_init__(self) -> None:
        last = ""
        for name, _ in self.entries:
            if check_clarity_name(name) <= last:
                raise ClarityError(f"a tuple's keys stand once, in byte order: {name!r} follows {last!r}")
            last = name

    @staticmethod
    def of(fields: Mapping[str, "ClarityValue"]) -> "Tuple":
        """Return the tuple of `fields`, given in any order."""
        return Tuple(tuple(sorted(fields.items(), key=_name_of)))

    def __getitem__(self, name: str) -> "ClarityValue":
        for key, value in self.entries:
            if key == name:
                return value
        raise ClarityError(f"the tuple has no {name!r}, only {', '.join(key for key, _ in self.entries)}")

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.entries)

    def write(self, out: bytearray) -> None:
        """Append the consensus bytes."""
        out.append(0x0C)
        out += len(self.entries).to_bytes(4, "big")
        for name, value in self.entries:
            out.append(len(name))
            out += name.encode("ascii")
            value.write(out)


def _name_of(entry: tuple[str, "ClarityValue"]) -> str:
    return entry[0]


ClarityValue: TypeAlias = (
    UInt
    | Int
    | Bool
    | Buffer
    | StringAscii
    | StringUtf8
    | Principal
    | NoneValue
    | Some
    | Ok
    | Err
    | List
    | Tuple
)


def serialise(value: ClarityValue) -> bytes:
    """Return the consensus bytes, what `to-consensus-buff?` gives."""
    out = bytearray()
    value.write(out)
    return bytes(out)


def serialise_hex(value: ClarityValue) -> str:
    """Return the consensus bytes as `0x` and hex, as the node takes arguments."""
    return to_hex(serialise(value))
