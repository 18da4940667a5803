"""What the daemon's keys sign, and whose hand is under an owner's command."""

import msgspec

from bithedge.domain.errors import InvalidSignatureError
from bithedge.domain.ids import Address, Hex, WithdrawalId, hexed, to_bytes
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.protocol.deployment import Deployment
from bithedge.stacks import messages
from bithedge.stacks.c32 import encode_address
from bithedge.stacks.errors import StacksError
from bithedge.stacks.hashes import hash160
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.signatures import normalise_signature, recover_key


def wire_terms(terms: Terms) -> messages.Terms:
    """Return terms under the contract's names."""
    return messages.Terms(
        quote_id=to_bytes(terms.quote_id),
        owner=terms.owner,
        option=terms.kind.value,
        strike=terms.strike,
        amount=terms.amount,
        collateral=terms.max_payout,
        premium=terms.premium,
        fee=terms.fee,
        tier=terms.tier.value,
        expiry=terms.expiry,
        valid_until=terms.valid_until,
        valid_until_time=terms.valid_until_s,
    )


class PoolSigner:
    """Signs quotes and vouchers with the pool's keys."""

    def __init__(self, deployment: Deployment, *, quote_key: PrivateKey, voucher_key: PrivateKey) -> None:
        self._deployment = deployment
        self._quote_key = quote_key
        self._voucher_key = voucher_key

    def quote(self, terms: Terms) -> Hex:
        """Return the pool's signature over the terms of a sale."""
        message = messages.Quote(contract=self._deployment.registry, terms=wire_terms(terms))
        return hexed(self._quote_key.sign(message.digest(self._deployment.network)))

    def voucher(
        self, withdrawal: WithdrawalId, provider: Address, amount: Sats, tier: Tier, valid_until: Height
    ) -> Hex:
        """Return the pool's signature over leave to withdraw."""
        message = messages.Voucher(
            contract=self._deployment.pool,
            provider=provider,
            amount=amount,
            tier=tier.value,
            serial=to_bytes(withdrawal),
            valid_until=valid_until,
        )
        return hexed(self._voucher_key.sign(message.digest(self._deployment.network)))


class PriceSigner:
    """One attestor's hand: what it is asked to sign, its memory decides (see bithedge.oracle.attestor)."""

    def __init__(self, deployment: Deployment, key: PrivateKey) -> None:
        self._deployment = deployment
        self._key = key

    @property
    def public_key(self) -> Hex:
        """The attestor's 33 bytes."""
        return hexed(self._key.public_key)

    def public_price(self, price: UsdE8, height: Height) -> Hex:
        """Return the signature over the one public price of a height."""
        message = messages.Attestation(contract=self._deployment.registry, price=price, height=height)
        return hexed(self._key.sign(message.digest(self._deployment.network)))

    def reading(self, quote_id: bytes, reading_id: bytes, price: UsdE8, height: Height) -> Hex:
        """Return the signature over a price made for one sale or one command."""
        message = messages.Reading(
            contract=self._deployment.registry, quote_id=quote_id, id=reading_id, price=price, height=height
        )
        return hexed(self._key.sign(message.digest(self._deployment.network)))


def sale_id(deployment: Deployment, terms: Terms) -> bytes:
    """Return the id that the reading under a sale names."""
    message = messages.Quote(contract=deployment.registry, terms=wire_terms(terms))
    return message.sale_id(deployment.network)


class Authorisation(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner's command carries."""

    message_id: str
    signature: Hex
    public_key: Hex


def command_of(
    deployment: Deployment, address: Address, message_id: bytes, action: messages.Action
) -> messages.Command:
    """Return the message an owner signs for `action`, rebuilt from the command itself."""
    return messages.Command(
        contract=deployment.registry,
        address=address,
        id=message_id,
        valid_until=messages.valid_until_of(message_id),
        action=action,
    )


def verified_signature(
    deployment: Deployment, command: messages.Command, authorisation: Authorisation
) -> Hex:
    """Return the command's signature in the form the chain takes (low S, V 0 to 3).

    Raises:
        InvalidSignatureError: it is not over this very command, or not by the command's address.
    """
    try:
        signature = normalise_signature(from_hex(authorisation.signature))
        key = recover_key(command.digest(deployment.network), signature)
        given = from_hex(authorisation.public_key)
    except (StacksError, ValueError) as error:
        raise InvalidSignatureError(
            "the signature cannot be read: 65 bytes R S V and a 33-byte key", field="authorisation"
        ) from error
    if key != given:
        raise InvalidSignatureError(
            "the signature is not over this command by this key (network and contract count)",
            field="authorisation.signature",
        )
    address = encode_address(deployment.network.single_sig_version, hash160(key))
    if address != command.address:
        raise InvalidSignatureError(
            f"the key is that of {address}, not of {command.address}", field="authorisation.public_key"
        )
    return hexed(signature)
