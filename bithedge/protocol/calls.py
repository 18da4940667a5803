"""The calls of the two contracts: arguments in the contract's order, and exactly what each may move."""

from collections.abc import Sequence

import msgspec

from bithedge.domain.events.transactions import Call
from bithedge.domain.ids import Hex, PolicyNumber, WithdrawalId, to_bytes
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.policy.state import Exercise
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.signing import wire_terms
from bithedge.stacks.clarity import (
    NONE,
    Buffer,
    ClarityValue,
    List,
    Principal,
    Some,
    StringAscii,
    Tuple,
    UInt,
    serialise_hex,
)
from bithedge.stacks.hexes import from_hex, to_hex
from bithedge.stacks.post_conditions import (
    Asset,
    FungibleCode,
    FungibleCondition,
    serialise_post_condition,
)

MAX_RELEASE = 50
"""Ids in one `release-collateral-aggregate`."""


class SignedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price with the attestors' signatures: a public one, or a reading."""

    price: UsdE8
    height: Height
    signatures: tuple[Hex, ...]


def buy_policy(
    deployment: Deployment, terms: Terms, quote_signatures: Sequence[Hex], reading: SignedPrice
) -> Call:
    """Return the owner's purchase; it sends exactly the premium."""
    return Call(
        contract="liquidity-pool",
        function="buy-policy",
        arguments=_hex(
            wire_terms(terms).to_clarity(),
            _signatures(quote_signatures),
            UInt(reading.price),
            UInt(reading.height),
            _signatures(reading.signatures),
        ),
        post_conditions=(_sends(deployment, terms.owner, terms.premium),),
    )


def deposit_funds(deployment: Deployment, provider: str, amount: Sats, tier: Tier) -> Call:
    """Return a provider's deposit; it sends exactly `amount`."""
    return Call(
        contract="liquidity-pool",
        function="deposit-funds",
        arguments=_hex(UInt(amount), StringAscii(tier.value)),
        post_conditions=(_sends(deployment, provider, amount),),
    )


def withdraw_funds(
    deployment: Deployment,
    amount: Sats,
    tier: Tier,
    withdrawal: WithdrawalId,
    valid_until: Height,
    signatures: Sequence[Hex],
) -> Call:
    """Return a provider's withdrawal by voucher; the pool sends exactly `amount`."""
    return Call(
        contract="liquidity-pool",
        function="withdraw-funds",
        arguments=_hex(
            UInt(amount),
            StringAscii(tier.value),
            Buffer(to_bytes(withdrawal)),
            UInt(valid_until),
            _signatures(signatures),
        ),
        post_conditions=(_sends(deployment, deployment.pool, amount),),
    )


def settle_policy(
    deployment: Deployment,
    number: PolicyNumber,
    price: SignedPrice,
    payout: Sats,
    exercise: Exercise | None = None,
) -> Call:
    """Return a settlement; the pool sends exactly `payout`. With `exercise` it carries the owner's order."""
    return Call(
        contract="liquidity-pool",
        function="settle-policy",
        arguments=_hex(
            UInt(number),
            UInt(price.price),
            UInt(price.height),
            _signatures(price.signatures),
            NONE if exercise is None else Some(_order(exercise)),
        ),
        post_conditions=(_sends(deployment, deployment.pool, payout),),
    )


def request_exercise(number: PolicyNumber, min_payout: Sats) -> Call:
    """Return the holder's own request on chain; it moves nothing."""
    return Call(
        contract="policy-registry",
        function="request-exercise",
        arguments=_hex(UInt(number), UInt(min_payout)),
    )


def release_collateral(numbers: Sequence[PolicyNumber], proof: SignedPrice | None) -> Call:
    """Return the release of policies that owe nothing by `proof`; without one, of those past their grace."""
    shown: ClarityValue = NONE
    if proof is not None:
        shown = Some(
            Tuple.of(
                {
                    "price": UInt(proof.price),
                    "height": UInt(proof.height),
                    "attestations": _signatures(proof.signatures),
                }
            )
        )
    return Call(
        contract="liquidity-pool",
        function="release-collateral-aggregate",
        arguments=_hex(List.of(UInt(number) for number in numbers), shown),
    )


def _order(exercise: Exercise) -> Tuple:
    return Tuple.of(
        {
            "id": Buffer(from_hex(exercise.command_id)),
            "valid-until": UInt(exercise.valid_until_s),
            "min-payout": UInt(exercise.min_payout),
            "signature": Buffer(from_hex(exercise.signature)),
        }
    )


def _signatures(signatures: Sequence[Hex]) -> List:
    return List.of(Buffer(from_hex(signature)) for signature in signatures)


def _hex(*values: ClarityValue) -> tuple[str, ...]:
    return tuple(serialise_hex(value) for value in values)


def _sends(deployment: Deployment, principal: str, amount: Sats) -> str:
    condition = FungibleCondition(
        Principal.parse(principal), Asset.parse(deployment.sbtc_asset), FungibleCode.EQUAL, amount
    )
    return to_hex(serialise_post_condition(condition))
