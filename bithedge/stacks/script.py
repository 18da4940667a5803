"""The hashes of keys that addresses hold: Bitcoin's scripts, of which Stacks keeps only the hash."""

from collections.abc import Sequence

from bithedge.stacks.authorisation import HashMode
from bithedge.stacks.errors import SignatureError
from bithedge.stacks.hashes import hash160, sha256

_MAX_KEYS = 16
_COMPRESSED_BYTES = 33
_CHECK_MULTISIG = 0xAE


def single_hash(mode: HashMode, key: bytes) -> bytes:
    """Return the 20 bytes that stand for one public key under P2PKH or P2WPKH."""
    if mode is HashMode.P2WPKH:
        return hash160(b"\x00\x14" + hash160(key))
    return hash160(key)


def multi_hash(mode: HashMode, required: int, keys: Sequence[bytes]) -> bytes:
    """Return the 20 bytes that stand for `required` of `keys`.

    Raises:
        SignatureError: more keys than a script takes, or uncompressed ones in a witness script.
    """
    if not 0 < required <= len(keys) <= _MAX_KEYS:
        raise SignatureError(f"{required} of {len(keys)} keys: at most {_MAX_KEYS}, at least one to sign")
    if mode.is_witness and any(len(key) != _COMPRESSED_BYTES for key in keys):
        raise SignatureError("a witness address takes compressed keys only")
    pushed = b"".join(bytes((len(key),)) + key for key in keys)
    script = bytes((0x50 + required,)) + pushed + bytes((0x50 + len(keys), _CHECK_MULTISIG))
    if mode.is_witness:
        return hash160(b"\x00\x20" + sha256(script))
    return hash160(script)
