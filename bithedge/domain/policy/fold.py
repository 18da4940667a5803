"""How facts change a policy; total, because what is journalled has happened.

A reorg folds the stream again without what it undid, so an own decision may stand where the fact it
rested on is gone: it then changes nothing.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.policy import (
    ExercisedBy,
    PolicyActivationFailed,
    PolicyActivationRequested,
    PolicyAutoExerciseChanged,
    PolicyCreated,
    PolicyExerciseRequested,
    PolicyExpired,
    PolicyExpiring,
    PolicyLapsed,
    PolicyPending,
    PolicyPurchaseAborted,
    PolicySettled,
    PolicySettling,
    QuoteIssued,
    Rule,
)
from bithedge.domain.events.transactions import (
    TransactionAborted,
    TransactionReplaced,
    TransactionReverted,
    TransactionSent,
)
from bithedge.domain.ids import Txid
from bithedge.domain.policy.state import (
    LIVE,
    Detail,
    Exercise,
    Policy,
    Request,
    Settlement,
    Standing,
    Status,
)


def evolve(policy: Policy | None, recorded: Recorded) -> Policy | None:
    """Return the policy after one more fact; None as long as no fact has given its terms."""
    event = recorded.event
    if isinstance(event, QuoteIssued):
        after = _issued(event, recorded)
    elif isinstance(event, PolicyCreated):
        after = _created(policy, event, recorded)
    elif policy is None:
        return None
    else:
        after = _changed(policy, event, recorded)
    stamped = replace(after, updated_seq=recorded.seq)
    return replace(stamped, version=recorded.version) if recorded.stream.startswith("policy:") else stamped


def fold(history: Iterable[Recorded]) -> Policy | None:
    """Return the policy that its facts add up to, those that a reorg undid left out."""
    policy: Policy | None = None
    for recorded in history:
        if not recorded.undone:
            policy = evolve(policy, recorded)
    return policy


def _issued(event: QuoteIssued, recorded: Recorded) -> Policy:
    return Policy(
        terms=event.terms,
        status=Status.PENDING_SIGNATURE,
        detail="awaiting_signature",
        spot_at_sale=event.spot,
        volatility_at_sale=event.volatility,
        created_at_ms=recorded.at_ms,
    )


def _created(policy: Policy | None, event: PolicyCreated, recorded: Recorded) -> Policy:
    before = policy or Policy(
        terms=event.terms,
        status=Status.PENDING_CONFIRMATION,
        spot_at_sale=event.price,
        created_at_ms=recorded.at_ms,
    )
    return replace(
        before,
        terms=event.terms,
        status=Status.ACTIVE,
        detail=None,
        reason=None,
        policy_id=event.policy_id,
        start=event.start,
        exercise=None,
        settlement=None,
        exercised_by=None,
        operation_id=None,
        request=None,
        created_txid=_txid(recorded),
        standing=_standing(recorded),
    )


def _changed(policy: Policy, event: Event, recorded: Recorded) -> Policy:
    """Return the policy after a fact of its life: before the sale, while it covers, or at its end."""
    if policy.policy_id is None:
        policy = _unbought(policy, event)
    elif policy.status in LIVE:
        policy = _covering(policy, event, recorded)
    match event:
        case PolicySettled():
            return _settled(policy, event, recorded)
        case PolicyExpired():
            return _expired(policy, recorded)
        case PolicyAutoExerciseChanged():
            return replace(policy, auto_exercise=event.enabled)
        case TransactionSent() | TransactionReplaced() | TransactionAborted() | TransactionReverted():
            return _told(policy, event)
        case _:
            return policy


def _unbought(policy: Policy, event: Event) -> Policy:
    match event:
        case PolicyPending():
            return replace(
                policy,
                status=Status.PENDING_CONFIRMATION,
                detail="in_mempool",
                reason=None,
                created_txid=event.txid,
            )
        case PolicyPurchaseAborted():
            return replace(
                policy,
                status=Status.PENDING_SIGNATURE,
                detail="creation_aborted",
                reason=event.reason,
                created_txid=None,
            )
        case PolicyLapsed():
            return replace(policy, status=Status.LAPSED, detail=None, reason="never paid for")
        case _:
            return policy


def _covering(policy: Policy, event: Event, recorded: Recorded) -> Policy:
    match event:
        case PolicyActivationRequested():
            return _exercised(policy, event)
        case PolicyActivationFailed() if policy.status is Status.SETTLING:
            return _unsettled(policy, event.reason)
        case PolicyExerciseRequested():
            return replace(policy, request=_request(event, recorded))
        case PolicySettling():
            return _settling(policy, event)
        case PolicyExpiring() if policy.status is Status.ACTIVE:
            standing = _standing(recorded) or policy.standing
            return replace(policy, status=Status.EXPIRING, detail="in_grace", standing=standing)
        case _:
            return policy


def _exercised(policy: Policy, event: PolicyActivationRequested) -> Policy:
    exercise = Exercise(
        command_id=event.command_id,
        min_payout=event.min_payout,
        valid_until_s=event.valid_until_s,
        signature=event.signature,
    )
    return replace(policy, status=Status.SETTLING, detail=None, reason=None, exercise=exercise)


def _expired(policy: Policy, recorded: Recorded) -> Policy:
    return replace(
        policy,
        status=Status.EXPIRED,
        detail=None,
        reason=None,
        closing_txid=_txid(recorded),
        standing=_standing(recorded),
    )


def _settling(policy: Policy, event: PolicySettling) -> Policy:
    settlement = Settlement(
        rule=event.rule, price=event.price, price_height=event.price_height, payout=event.payout
    )
    return replace(
        policy,
        status=Status.SETTLING,
        detail=None,
        reason=None,
        settlement=settlement,
        exercised_by=event.exercised_by,
        operation_id=event.operation_id,
    )


def _settled(policy: Policy, event: PolicySettled, recorded: Recorded) -> Policy:
    by_rule: dict[Rule, ExercisedBy] = {
        "touch": "floor",
        "expiry": "expiry",
        "request": "owner",
        "daemon": "owner",
    }
    settlement = Settlement(
        rule=event.rule,
        price=event.price,
        price_height=event.price_height,
        payout=event.payout,
        txid=_txid(recorded),
        at_ms=recorded.at_ms,
    )
    return replace(
        policy,
        status=Status.SETTLED,
        detail=None,
        reason=None,
        settlement=settlement,
        exercised_by=by_rule[event.rule],
        closing_txid=_txid(recorded),
        standing=_standing(recorded),
    )


def _unsettled(policy: Policy, reason: str) -> Policy:
    return replace(
        policy,
        status=Status.ACTIVE,
        detail=None,
        reason=reason,
        exercise=None,
        settlement=None,
        exercised_by=None,
        operation_id=None,
    )


def _request(event: PolicyExerciseRequested, recorded: Recorded) -> Request:
    if recorded.chain is None:
        raise ValueError("a request without its block")
    return Request(height=recorded.chain.burn_height, min_payout=event.min_payout)


def _told(policy: Policy, event: Event) -> Policy:
    """A transaction that names the policy went a step: only the detail follows."""
    words: dict[tuple[Status, type[Event]], Detail] = {
        (Status.SETTLING, TransactionSent): "settlement_sent",
        (Status.SETTLING, TransactionReplaced): "settlement_retrying",
        (Status.SETTLING, TransactionAborted): "settlement_retrying",
        (Status.SETTLING, TransactionReverted): "settlement_retrying",
        (Status.EXPIRING, TransactionSent): "release_sent",
        (Status.EXPIRING, TransactionReplaced): "release_retrying",
        (Status.EXPIRING, TransactionAborted): "release_retrying",
        (Status.EXPIRING, TransactionReverted): "release_retrying",
    }
    detail = words.get((policy.status, type(event)))
    return policy if detail is None else replace(policy, detail=detail)


def _txid(recorded: Recorded) -> Txid | None:
    return None if recorded.chain is None else recorded.chain.txid


def _standing(recorded: Recorded) -> Standing | None:
    if recorded.chain is None:
        return None
    return Standing(
        block_height=recorded.chain.block_height,
        burn_height=recorded.chain.burn_height,
        txid=recorded.chain.txid,
    )
