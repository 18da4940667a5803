"""Recoverable secp256k1 signatures, 65 bytes: R S V in messages, V R S in transactions.

Ours are always low S and V 0 to 3, the only form that the node and the contracts take.
"""

import coincurve

from bithedge.stacks.errors import SignatureError

SIGNATURE_BYTES = 65
DIGEST_BYTES = 32
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_ORDER = _ORDER // 2
_MAX_RECOVERY_ID = 3
_BITCOIN_OFFSET = 27


def _sized(signature: bytes) -> bytes:
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(f"a signature is {SIGNATURE_BYTES} bytes (R S V), not {len(signature)}")
    return signature


def rsv_of(vrs: bytes) -> bytes:
    """Return R S V of a transaction's V R S."""
    return vrs[1:] + vrs[:1]


def vrs_of(rsv: bytes) -> bytes:
    """Return a transaction's V R S of R S V."""
    return rsv[-1:] + rsv[:-1]


def normalise_signature(signature: bytes) -> bytes:
    """Return R S V with low S and V 0 to 3, from one that may have high S or V 27 to 30.

    Raises:
        SignatureError: not 65 bytes, or V is neither.
    """
    recovery_id = _sized(signature)[-1]
    if recovery_id >= _BITCOIN_OFFSET:
        recovery_id -= _BITCOIN_OFFSET
    if recovery_id > _MAX_RECOVERY_ID:
        raise SignatureError(f"V is 0 to 3 or 27 to 30, not {signature[-1]}")
    s = int.from_bytes(signature[32:64], "big")
    if not _HALF_ORDER < s < _ORDER:
        return signature[:-1] + bytes((recovery_id,))
    # The twin -S is met by the point of the other parity.
    return signature[:32] + (_ORDER - s).to_bytes(32, "big") + bytes((recovery_id ^ 1,))


def recover_key(digest: bytes, signature: bytes) -> bytes:
    """Return the compressed public key (33 bytes) that made `signature` (R S V) over `digest`.

    Raises:
        SignatureError: not 65 bytes, high S, V above 3, or of no key at all.
    """
    if _sized(signature)[-1] > _MAX_RECOVERY_ID:
        raise SignatureError(f"V is 0 to 3, not {signature[-1]}")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise SignatureError("S is above half the order: normalise it first")
    if len(digest) != DIGEST_BYTES:
        raise SignatureError(f"a digest is {DIGEST_BYTES} bytes, not {len(digest)}")
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    # coincurve raises a bare Exception for a point off the curve, and ValueError for what it cannot parse
    except Exception as error:
        raise SignatureError("the signature is of no key") from error
    return key.format(compressed=True)
