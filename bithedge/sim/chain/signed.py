"""Signatures as the registry judges them: every one of a registered key, no key twice, enough of them."""

from collections.abc import Sequence

from bithedge.sim.chain.frame import Frame, WireOrder, WireTerms
from bithedge.sim.chain.state import PolicyRow
from bithedge.stacks import messages
from bithedge.stacks.c32 import encode_address
from bithedge.stacks.errors import SignatureError
from bithedge.stacks.hashes import hash160
from bithedge.stacks.signatures import recover_key


def is_signed_by(frame: Frame, role: str, digest: bytes, signatures: Sequence[bytes]) -> bool:
    """Return whether these are enough signatures of a role over a digest."""
    keys: list[bytes] = []
    for signature in signatures:
        key = _key(digest, signature)
        if key is None or key in keys or key not in frame.state.signers.get(role, ()):
            return False
        keys.append(key)
    return len(signatures) > 0 and len(signatures) >= frame.parameter(role)


def quote_digest(frame: Frame, terms: WireTerms) -> bytes:
    """Return what the quote keys sign for terms."""
    offered = messages.Terms(
        quote_id=terms.quote_id,
        owner=terms.owner,
        option=terms.option,
        strike=terms.strike,
        amount=terms.amount,
        collateral=terms.collateral,
        premium=terms.premium,
        fee=terms.fee,
        tier=terms.tier,
        expiry=terms.expiry,
        valid_until=terms.valid_until,
        valid_until_time=terms.valid_until_time,
    )
    message = messages.Quote(contract=frame.deployment.registry, terms=offered)
    return message.digest(frame.deployment.network)


def attestation_digest(frame: Frame, price: int, height: int) -> bytes:
    """Return what attestors sign for the public price of a height."""
    message = messages.Attestation(contract=frame.deployment.registry, price=price, height=height)
    return message.digest(frame.deployment.network)


def reading_digest(frame: Frame, quote_id: bytes, reading_id: bytes, price: int, height: int) -> bytes:
    """Return what attestors sign for one sale or one command."""
    message = messages.Reading(
        contract=frame.deployment.registry, quote_id=quote_id, id=reading_id, price=price, height=height
    )
    return message.digest(frame.deployment.network)


def voucher_digest(frame: Frame, provider: str, amount: int, tier: str, serial: bytes, until: int) -> bytes:
    """Return what the voucher keys sign for a withdrawal."""
    message = messages.Voucher(
        contract=frame.deployment.pool,
        provider=provider,
        amount=amount,
        tier=tier,
        serial=serial,
        valid_until=until,
    )
    return message.digest(frame.deployment.network)


def is_ordered_by_owner(frame: Frame, policy_id: int, policy: PolicyRow, order: WireOrder) -> bool:
    """Return whether the policy's owner signed this order."""
    command = messages.Command(
        contract=frame.deployment.registry,
        address=policy.owner,
        id=order.id,
        valid_until=order.valid_until,
        action=messages.ActivatePolicy(policy_id, policy.quote_id, order.min_payout),
    )
    key = _key(command.digest(frame.deployment.network), order.signature)
    version = frame.deployment.network.single_sig_version
    return key is not None and encode_address(version, hash160(key)) == policy.owner


def _key(digest: bytes, signature: bytes) -> bytes | None:
    try:
        return recover_key(digest, signature)
    except SignatureError:
        return None
