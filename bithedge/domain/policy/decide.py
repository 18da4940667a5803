"""What may be decided about a policy: each function returns events, or refuses and changes nothing."""

import msgspec

from bithedge.domain.errors import (
    MessageExpiredError,
    MessageUsedError,
    NotInTheMoneyError,
    NotOwnerError,
    PolicyExpiredError,
    PolicyNotActiveError,
)
from bithedge.domain.events.policy import (
    PolicyActivationFailed,
    PolicyActivationRequested,
    PolicyAutoExerciseChanged,
    PolicyExpiring,
    PolicySettling,
)
from bithedge.domain.ids import Address, Hex, OperationId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import is_touched
from bithedge.domain.policy.state import ENDED, UNSETTLED, Policy, Status


class RequestActivation(msgspec.Struct, frozen=True, kw_only=True):
    """The owner's signed exercise, its signature already found to be `address`'s."""

    command_id: Hex
    address: Address
    min_payout: Sats | None
    valid_until_s: int
    signature: Hex
    height: Height
    """The burn height that the contract sees now."""
    spot: UsdE8
    now_s: int


class PublicPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The one price of a height."""

    price: UsdE8
    height: Height


def decide_activation(policy: Policy, command: RequestActivation) -> tuple[PolicyActivationRequested, ...]:
    """Return what the holder's exercise causes; its price comes later.

    Raises:
        NotOwnerError: the signer is not the policy's owner.
        MessageExpiredError: the command's time has passed.
        MessageUsedError: this very command was accepted before.
        PolicyNotActiveError: it is not paid for yet, is being settled, or has ended.
        PolicyExpiredError: the last height for exercise has passed.
        NotInTheMoneyError: at spot it would pay less than the holder's minimum (at least 1 sat).
    """
    if command.address != policy.owner:
        raise NotOwnerError("only the owner may exercise this policy", field="authorisation")
    if command.now_s > command.valid_until_s:
        raise MessageExpiredError(
            "the signed message has lapsed; ask for a new one",
            limit=command.valid_until_s,
            actual=command.now_s,
        )
    if policy.exercise is not None and policy.exercise.command_id == command.command_id:
        raise MessageUsedError(
            "this message has already exercised the policy", field="authorisation.message_id"
        )
    if command.height > policy.terms.expiry and policy.status not in ENDED:
        raise PolicyExpiredError(
            "the last height for exercise has passed",
            field="policy_id",
            limit=policy.terms.expiry,
            actual=command.height,
        )
    if policy.status is not Status.ACTIVE:
        raise PolicyNotActiveError(
            f"the policy is {policy.status.value}, only an active one can be exercised",
            actual=policy.status.value,
        )
    minimum = Sats(1) if command.min_payout is None else command.min_payout
    owed = policy.terms.payout_at(command.spot)
    if owed < minimum:
        raise NotInTheMoneyError(
            f"at the price now it pays {owed} sats, less than {minimum}",
            field="min_payout_sats",
            limit=owed,
            actual=minimum,
        )
    return (
        PolicyActivationRequested(
            command_id=command.command_id,
            address=command.address,
            min_payout=minimum,
            valid_until_s=command.valid_until_s,
            signature=command.signature,
            spot=command.spot,
        ),
    )


def decide_reading(
    policy: Policy, reading: PublicPrice, operation_id: OperationId
) -> tuple[PolicySettling | PolicyActivationFailed, ...]:
    """Return what the reading made for the accepted exercise causes; () where none is awaited."""
    if policy.status is not Status.SETTLING or policy.exercise is None or policy.settlement is not None:
        return ()
    if not _settles(policy, reading.height):
        return (
            PolicyActivationFailed(
                command_id=policy.exercise.command_id,
                reason=f"no price could be read before the last height {policy.terms.expiry}",
            ),
        )
    owed = policy.terms.payout_at(reading.price)
    if owed < policy.exercise.min_payout:
        return (
            PolicyActivationFailed(
                command_id=policy.exercise.command_id,
                reason=f"the price after acceptance pays {owed} sats, less than {policy.exercise.min_payout}",
            ),
        )
    return (
        PolicySettling(
            rule="daemon",
            exercised_by="owner",
            price=reading.price,
            price_height=reading.height,
            payout=owed,
            operation_id=operation_id,
        ),
    )


def decide_touch(
    policy: Policy, public: PublicPrice, operation_id: OperationId
) -> tuple[PolicySettling, ...]:
    """Return the settlement at the floor (ceiling) if this public price touched it; () otherwise.

    It never overtakes an exercise in progress: that one pays by the price the holder agreed to.
    """
    terms = policy.terms
    touched = is_touched(terms.kind, terms.strike, terms.amount, terms.max_payout, public.price)
    unsettled = policy.status in UNSETTLED
    if not (touched and policy.auto_exercise and unsettled and _settles(policy, public.height)):
        return ()
    return (
        PolicySettling(
            rule="touch",
            exercised_by="floor",
            price=public.price,
            price_height=public.height,
            payout=terms.max_payout,
            operation_id=operation_id,
        ),
    )


def decide_expiring(policy: Policy, height: Height) -> tuple[PolicyExpiring, ...]:
    """Return that its last height has passed, once."""
    if policy.status is Status.ACTIVE and height > policy.terms.expiry:
        return (PolicyExpiring(),)
    return ()


def decide_expiry_price(
    policy: Policy, public: PublicPrice, operation_id: OperationId
) -> tuple[PolicySettling, ...]:
    """Return the exercise after expiry, if the price of the last height pays and the holder let us."""
    if policy.status is not Status.EXPIRING or not policy.auto_exercise or policy.settlement is not None:
        return ()
    owed = policy.terms.payout_at(public.price)
    if public.height != policy.terms.expiry or owed == 0:
        return ()
    return (
        PolicySettling(
            rule="expiry",
            exercised_by="expiry",
            price=public.price,
            price_height=public.height,
            payout=owed,
            operation_id=operation_id,
        ),
    )


def decide_resettling(policy: Policy, operation_id: OperationId) -> tuple[PolicySettling, ...]:
    """Return the same settlement under a new operation, where its price holds however old it is; else ()."""
    settlement = policy.settlement
    if policy.status is not Status.SETTLING or settlement is None or policy.exercised_by is None:
        return ()
    if settlement.rule not in ("touch", "expiry"):
        return ()
    return (
        PolicySettling(
            rule=settlement.rule,
            exercised_by=policy.exercised_by,
            price=settlement.price,
            price_height=settlement.price_height,
            payout=settlement.payout,
            operation_id=operation_id,
        ),
    )


def decide_failure(policy: Policy, reason: str) -> tuple[PolicyActivationFailed, ...]:
    """Return that the exercise in progress came to nothing; () if none is in progress."""
    if policy.status is not Status.SETTLING:
        return ()
    command_id = None if policy.exercise is None else policy.exercise.command_id
    return (PolicyActivationFailed(command_id=command_id, reason=reason),)


def decide_auto_exercise(
    policy: Policy, address: Address, *, enabled: bool, command_id: Hex
) -> tuple[PolicyAutoExerciseChanged, ...]:
    """Return the holder's switch; () if it stands so already.

    Raises:
        NotOwnerError: the signer is not the policy's owner.
        PolicyNotActiveError: it has ended.
    """
    if address != policy.owner:
        raise NotOwnerError("only the owner may switch this", field="authorisation")
    if policy.status in ENDED:
        raise PolicyNotActiveError("the policy has ended", actual=policy.status.value)
    if policy.auto_exercise == enabled:
        return ()
    return (PolicyAutoExerciseChanged(enabled=enabled, command_id=command_id),)


def _settles(policy: Policy, height: Height) -> bool:
    return policy.start is not None and policy.start < height <= policy.terms.expiry
