"""Who pays for a transaction and signed it (SIP-005): one key or several, with a sponsor or without."""

from enum import IntEnum
from typing import TypeAlias

import msgspec

from bithedge.stacks.errors import TransactionError
from bithedge.stacks.reader import Reader
from bithedge.stacks.signatures import SIGNATURE_BYTES

EMPTY_SIGNATURE = bytes(SIGNATURE_BYTES)
STANDARD, SPONSORED = 4, 5
_HASH_BYTES = 20
_WORD = 8
_COMPRESSED_KEY_BYTES = 33


class HashMode(IntEnum):
    """How a signer's hash comes from its keys."""

    P2PKH = 0
    P2SH = 1
    P2WPKH = 2
    P2WSH = 3
    P2SH_ANY_ORDER = 5
    P2WSH_ANY_ORDER = 7

    @property
    def is_single(self) -> bool:
        """Whether one key signs."""
        return self in (HashMode.P2PKH, HashMode.P2WPKH)

    @property
    def is_witness(self) -> bool:
        """Whether only compressed keys are taken."""
        return self in (HashMode.P2WPKH, HashMode.P2WSH, HashMode.P2WSH_ANY_ORDER)

    @property
    def is_chained(self) -> bool:
        """Whether each of several signatures covers the one before."""
        return self in (HashMode.P2SH, HashMode.P2WSH)


class KeyEncoding(IntEnum):
    """How a public key was written when it was hashed."""

    COMPRESSED = 0
    UNCOMPRESSED = 1


def _word(value: int, name: str) -> bytes:
    if not 0 <= value < 1 << 64:
        raise TransactionError(f"a {name} is 0 to 2^64 - 1, not {value}")
    return value.to_bytes(_WORD, "big")


class SingleSig(msgspec.Struct, frozen=True, gc=False):
    """The condition of one key: its hash (20 bytes), nonce, fee in uSTX, signature (V R S)."""

    signer: bytes
    nonce: int
    fee: int
    signature: bytes = EMPTY_SIGNATURE
    hash_mode: HashMode = HashMode.P2PKH
    key_encoding: KeyEncoding = KeyEncoding.COMPRESSED

    def __post_init__(self) -> None:
        if len(self.signer) != _HASH_BYTES or len(self.signature) != SIGNATURE_BYTES:
            raise TransactionError(f"a signer is {_HASH_BYTES} bytes, its signature {SIGNATURE_BYTES}")
        if self.hash_mode.is_witness and self.key_encoding is not KeyEncoding.COMPRESSED:
            raise TransactionError("a witness address takes compressed keys only")

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(self.hash_mode)
        out += self.signer
        out += _word(self.nonce, "nonce")
        out += _word(self.fee, "fee")
        out.append(self.key_encoding)
        out += self.signature

    def cleared(self) -> "SingleSig":
        """Return the condition as it is when it is signed: no nonce, no fee, no signature."""
        return SingleSig(self.signer, 0, 0, EMPTY_SIGNATURE, self.hash_mode, self.key_encoding)


class AuthField(msgspec.Struct, frozen=True, gc=False):
    """One of several keys: its signature (V R S, 65 bytes), or the compressed key (33) if it did not sign."""

    content: bytes
    key_encoding: KeyEncoding = KeyEncoding.COMPRESSED

    @property
    def is_signature(self) -> bool:
        """Whether this key signed."""
        return len(self.content) == SIGNATURE_BYTES

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(2 * self.is_signature + self.key_encoding)
        out += self.content


class MultiSig(msgspec.Struct, frozen=True):
    """The condition of several keys, of which `required` sign."""

    hash_mode: HashMode
    signer: bytes
    nonce: int
    fee: int
    fields: tuple[AuthField, ...]
    required: int

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(self.hash_mode)
        out += self.signer
        out += _word(self.nonce, "nonce")
        out += _word(self.fee, "fee")
        out += len(self.fields).to_bytes(4, "big")
        for field in self.fields:
            field.write(out)
        out += self.required.to_bytes(2, "big")

    def cleared(self) -> "MultiSig":
        """Return the condition as it is when it is signed: no nonce, no fee, no fields."""
        return MultiSig(self.hash_mode, self.signer, 0, 0, (), self.required)


SpendingCondition: TypeAlias = SingleSig | MultiSig
UNSET_SPONSOR = SingleSig(bytes(_HASH_BYTES), 0, 0)
"""What stands for the sponsor while the origin signs."""


class Authorisation(msgspec.Struct, frozen=True):
    """The origin, and the sponsor that pays the fee, if any."""

    origin: SpendingCondition
    sponsor: SpendingCondition | None = None

    @property
    def payer(self) -> SpendingCondition:
        """Whose fee it is."""
        return self.origin if self.sponsor is None else self.sponsor

    def cleared(self) -> "Authorisation":
        """Return the authorisation as the origin signs it."""
        return Authorisation(self.origin.cleared(), None if self.sponsor is None else UNSET_SPONSOR)

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(STANDARD if self.sponsor is None else SPONSORED)
        self.origin.write(out)
        if self.sponsor is not None:
            self.sponsor.write(out)


def _read_encoding(reader: Reader) -> KeyEncoding:
    encoding = reader.byte()
    if encoding > KeyEncoding.UNCOMPRESSED:
        raise reader.fail(f"{encoding} is no key encoding")
    return KeyEncoding(encoding)


def _read_field(reader: Reader) -> AuthField:
    kind = reader.byte()
    if kind > 3:  # noqa: PLR2004 - two bits: signed or not, compressed or not
        raise reader.fail(f"{kind} is no kind of key field")
    # A key field is 33 bytes either way: it is written compressed and hashed as its kind says.
    size = SIGNATURE_BYTES if kind & 2 else _COMPRESSED_KEY_BYTES
    return AuthField(reader.take(size), KeyEncoding(kind & 1))


def _read_multi(reader: Reader, mode: HashMode) -> MultiSig:
    signer, nonce, fee = reader.take(_HASH_BYTES), reader.unsigned(_WORD), reader.unsigned(_WORD)
    count = reader.count(least=1 + _COMPRESSED_KEY_BYTES)
    fields = tuple(_read_field(reader) for _ in range(count))
    return MultiSig(mode, signer, nonce, fee, fields, reader.unsigned(2))


def _read_condition(reader: Reader) -> SpendingCondition:
    code = reader.byte()
    try:
        mode = HashMode(code)
    except ValueError:
        raise reader.fail(f"{code} is no hash mode") from None
    if not mode.is_single:
        return _read_multi(reader, mode)
    signer, nonce, fee = reader.take(_HASH_BYTES), reader.unsigned(_WORD), reader.unsigned(_WORD)
    encoding = _read_encoding(reader)
    return SingleSig(signer, nonce, fee, reader.take(SIGNATURE_BYTES), mode, encoding)


def read_authorisation(reader: Reader) -> Authorisation:
    """Return the authorisation at the front of `reader`.

    Raises:
        StacksError: it is none.
    """
    kind = reader.byte()
    if kind not in (STANDARD, SPONSORED):
        raise reader.fail(f"{kind} is no kind of authorisation")
    origin = _read_condition(reader)
    return Authorisation(origin, _read_condition(reader) if kind == SPONSORED else None)
