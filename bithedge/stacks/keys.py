"""Private keys: made, kept in 0600 files, used, never shown."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Self

import coincurve

from bithedge.stacks.c32 import encode_address
from bithedge.stacks.errors import PrivateKeyError
from bithedge.stacks.hashes import hash160
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.networks import Network

SECRET_BYTES = 32
_COMPRESSED_MARK = b"\x01"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LONGEST_FILE = 256


class PrivateKey:
    """A secp256k1 secret of a compressed public key; its text forms show none of it.

    Args:
        secret: 32 bytes, or 33 ending in 01 as stacks.js has them.

    Raises:
        PrivateKeyError: it is no such secret.
    """

    __slots__ = ("_key", "hash160", "public_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) == SECRET_BYTES + 1 and secret.endswith(_COMPRESSED_MARK):
            secret = secret[:SECRET_BYTES]
        if len(secret) != SECRET_BYTES:
            raise PrivateKeyError(f"a private key is 32 bytes, or 33 ending in 01, not {len(secret)}")
        try:
            self._key = coincurve.PrivateKey(secret)
        except ValueError:
            raise PrivateKeyError("a private key is above 0 and below the order of the curve") from None
        self.public_key = self._key.public_key.format(compressed=True)
        self.hash160 = hash160(self.public_key)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Return the key of 64 or 66 hex digits, with or without `0x`.

        Raises:
            PrivateKeyError: it is no such secret.
        """
        try:
            secret = from_hex(text.strip())
        except ValueError:
            raise PrivateKeyError("a private key is 64 hex digits, or 66 ending in 01") from None
        return cls(secret)

    @classmethod
    def generate(cls, random_bytes: Callable[[int], bytes]) -> Self:
        """Return a new key.

        Args:
            random_bytes: gives so many bytes of cryptographic randomness.
        """
        while True:
            try:
                return cls(random_bytes(SECRET_BYTES))
            except PrivateKeyError:  # zero or above the order: once in 2^128
                continue

    def address(self, network: Network) -> str:
        """Return its address on `network`."""
        return encode_address(network.single_sig_version, self.hash160)

    def sign(self, digest: bytes) -> bytes:
        """Return the signature over 32 bytes: R S V, low S, by RFC 6979 always the same."""
        # coincurve leaves the type of a parameter we do not use unsaid
        return self._key.sign_recoverable(digest, hasher=None)  # pyright: ignore[reportUnknownMemberType]

    def reveal_hex(self) -> str:
        """Return the secret as stacks.js takes it: `0x`, 32 bytes, 01. For key files and the devnet only."""
        return "0x" + (self._key.secret + _COMPRESSED_MARK).hex()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateKey) and self.public_key == other.public_key

    def __hash__(self) -> int:
        return hash(self.public_key)

    def __repr__(self) -> str:
        return f"PrivateKey(<redacted>, public_key={self.public_key.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled or copied")


def write_key_file(path: Path, key: PrivateKey) -> None:
    """Write `key` to a new file that only its owner can read.

    Raises:
        FileExistsError: there is a file already; keys are never written over.
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.reveal_hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> PrivateKey:
    """Return the key of a file.

    Raises:
        PrivateKeyError: others may read the file, or it holds no key.
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & _OTHERS:
            raise PrivateKeyError(
                f"{path} has mode {mode:04o}: chmod 600, so that only its owner can read it"
            )
        content = file.read(_LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE or not content.isascii():
        raise PrivateKeyError(f"{path} is no key file: one line of hex")
    try:
        return PrivateKey.from_hex(content.decode("ascii"))
    except PrivateKeyError as error:
        raise PrivateKeyError(f"{path} is no key file: {error.message}") from None
