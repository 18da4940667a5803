"""The hashes that Stacks uses."""

import hashlib

from bithedge.stacks.ripemd160 import ripemd160 as _portable_ripemd160


def sha256(data: bytes) -> bytes:
    """Return the 32 bytes of SHA-256."""
    return hashlib.sha256(data).digest()


def sha512_256(data: bytes) -> bytes:
    """Return the 32 bytes of SHA-512/256, the hash of transactions."""
    return hashlib.new("sha512_256", data).digest()


def _openssl_ripemd160(data: bytes) -> bytes:
    return hashlib.new("ripemd160", data).digest()


def _has_ripemd160() -> bool:
    # OpenSSL 3.0.0 to 3.0.6 keep it in a provider that few systems load.
    try:
        hashlib.new("ripemd160")
    except ValueError:
        return False
    return True


ripemd160 = _openssl_ripemd160 if _has_ripemd160() else _portable_ripemd160


def hash160(data: bytes) -> bytes:
    """Return RIPEMD-160 of SHA-256, 20 bytes: what an address says of a key or script."""
    return ripemd160(sha256(data))
