"""Signs transactions, and tells who signed one (SIP-005)."""

import coincurve
import msgspec

from bithedge.stacks.authorisation import (
    SPONSORED,
    STANDARD,
    Authorisation,
    KeyEncoding,
    MultiSig,
    SingleSig,
    SpendingCondition,
)
from bithedge.stacks.errors import SignatureError
from bithedge.stacks.hashes import sha512_256
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.script import multi_hash, single_hash
from bithedge.stacks.signatures import recover_key, rsv_of, vrs_of
from bithedge.stacks.transactions import Transaction, assemble, serialise_body, txid_of


class SignedTransaction(msgspec.Struct, frozen=True):
    """A transaction ready to send: its bytes, and its id as `0x` and hex."""

    transaction: Transaction
    raw: bytes
    txid: str


def _presign(sighash: bytes, role: int, condition: SpendingCondition) -> bytes:
    fee, nonce = condition.fee.to_bytes(8, "big"), condition.nonce.to_bytes(8, "big")
    return sha512_256(sighash + bytes((role,)) + fee + nonce)


def _postsign(presign: bytes, encoding: KeyEncoding, vrs: bytes) -> bytes:
    return sha512_256(presign + bytes((encoding,)) + vrs)


def _origin_sighash(transaction: Transaction, body: bytes) -> bytes:
    return sha512_256(assemble(transaction, transaction.authorisation.cleared(), body))


def _signed(transaction: Transaction, authorisation: Authorisation, body: bytes) -> SignedTransaction:
    raw = assemble(transaction, authorisation, body)
    done = msgspec.structs.replace(transaction, authorisation=authorisation)
    return SignedTransaction(done, raw, txid_of(raw))


def _sign_condition(condition: SpendingCondition, sighash: bytes, role: int, key: PrivateKey) -> SingleSig:
    if not isinstance(condition, SingleSig) or condition.signer != key.hash160:
        raise SignatureError("the transaction is not this key's to sign")
    signature = vrs_of(key.sign(_presign(sighash, role, condition)))
    return msgspec.structs.replace(condition, signature=signature)


def sign_transaction(transaction: Transaction, key: PrivateKey) -> SignedTransaction:
    """Return `transaction` signed by its origin.

    Raises:
        SignatureError: the origin is another key, or several.
    """
    body = serialise_body(transaction)
    authorisation = transaction.authorisation
    sighash = _origin_sighash(transaction, body)
    origin = _sign_condition(authorisation.origin, sighash, STANDARD, key)
    return _signed(transaction, Authorisation(origin, authorisation.sponsor), body)


def sign_as_sponsor(transaction: Transaction, key: PrivateKey) -> SignedTransaction:
    """Return a sponsored `transaction`, signed by its origin, now signed by its sponsor too.

    Raises:
        SignatureError: it has no sponsor, or another one, or its origin has not signed.
    """
    authorisation = transaction.authorisation
    if authorisation.sponsor is None:
        raise SignatureError("the transaction has no sponsor")
    body = serialise_body(transaction)
    sighash = _verify_condition(authorisation.origin, _origin_sighash(transaction, body), STANDARD)
    sponsor = _sign_condition(authorisation.sponsor, sighash, SPONSORED, key)
    return _signed(transaction, Authorisation(authorisation.origin, sponsor), body)


def verify_transaction(transaction: Transaction) -> None:
    """Check every signature of a transaction as a node does.

    Raises:
        SignatureError: one is missing, of high S, or not of the signer's key.
    """
    body = serialise_body(transaction)
    authorisation = transaction.authorisation
    sighash = _verify_condition(authorisation.origin, _origin_sighash(transaction, body), STANDARD)
    if authorisation.sponsor is not None:
        _verify_condition(authorisation.sponsor, sighash, SPONSORED)


def _encoded(key: bytes, encoding: KeyEncoding) -> bytes:
    if encoding is KeyEncoding.COMPRESSED:
        return key
    try:
        return coincurve.PublicKey(key).format(compressed=False)
    except ValueError:
        raise SignatureError("a key field holds no point of the curve") from None


def _verify_condition(condition: SpendingCondition, sighash: bytes, role: int) -> bytes:
    # Returns what the next signer signs over.
    if isinstance(condition, MultiSig):
        return _verify_multi(condition, sighash, role)
    presign = _presign(sighash, role, condition)
    key = _encoded(recover_key(presign, rsv_of(condition.signature)), condition.key_encoding)
    if single_hash(condition.hash_mode, key) != condition.signer:
        raise SignatureError("the signature is not of the signer's key")
    return _postsign(presign, condition.key_encoding, condition.signature)


def _verify_multi(condition: MultiSig, sighash: bytes, role: int) -> bytes:
    keys: list[bytes] = []
    signed = 0
    for field in condition.fields:
        key = field.content
        if field.is_signature:
            presign = _presign(sighash, role, condition)
            key = recover_key(presign, rsv_of(field.content))
            signed += 1
            if condition.hash_mode.is_chained:
                sighash = _postsign(presign, field.key_encoding, field.content)
        keys.append(_encoded(key, field.key_encoding))
    if signed < condition.required or (condition.hash_mode.is_chained and signed != condition.required):
        raise SignatureError(f"{condition.required} keys must sign, {signed} did")
    if multi_hash(condition.hash_mode, condition.required, keys) != condition.signer:
        raise SignatureError("the signatures are not of the signer's keys")
    return sighash
