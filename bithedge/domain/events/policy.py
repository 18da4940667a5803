"""Facts of one policy; stream `policy:<quote id>`."""

from typing import Literal

from bithedge.domain.events.base import Event
from bithedge.domain.ids import Address, Hex, OperationId, PolicyNumber, Txid
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.terms import Terms

Rule = Literal["touch", "expiry", "request", "daemon"]
ExercisedBy = Literal["owner", "floor", "expiry"]


class QuoteIssued(Event, frozen=True, kw_only=True):
    """The pool signed these terms, with the attestors' reading under them."""

    terms: Terms
    spot: UsdE8
    volatility: float
    """A figure of the model, shown and never paid by."""
    price: UsdE8
    price_height: Height
    quote_signatures: tuple[Hex, ...]
    reading_signatures: tuple[Hex, ...]


class PolicyPending(Event, frozen=True, kw_only=True):
    """The purchase is in the mempool."""

    txid: Txid


class PolicyPurchaseAborted(Event, frozen=True, kw_only=True):
    """The purchase was mined and refused, or its nonce went elsewhere: it may be signed again."""

    txid: Txid
    reason: str


class PolicyCreated(Event, frozen=True, kw_only=True):
    """The purchase is confirmed on chain; carries all terms, so that a chain alone rebuilds the policy."""

    policy_id: PolicyNumber
    terms: Terms
    price: UsdE8
    price_height: Height
    start: Height


class PolicyActivationRequested(Event, frozen=True, kw_only=True):
    """The owner's signed exercise was accepted, before its price is known."""

    command_id: Hex
    address: Address
    min_payout: Sats
    valid_until_s: int
    signature: Hex
    """65 bytes R S V, low S, V 0 to 3."""
    spot: UsdE8


class PolicyActivationFailed(Event, frozen=True, kw_only=True):
    """An accepted exercise came to nothing: the policy is active again."""

    command_id: Hex | None
    reason: str


class PolicyExerciseRequested(Event, frozen=True, kw_only=True):
    """The holder's own `request-exercise` is on chain."""

    policy_id: PolicyNumber
    min_payout: Sats


class PolicySettling(Event, frozen=True, kw_only=True):
    """The price is fixed and the settlement is on its way."""

    rule: Rule
    exercised_by: ExercisedBy
    price: UsdE8
    price_height: Height
    payout: Sats
    operation_id: OperationId


class PolicySettled(Event, frozen=True, kw_only=True):
    """The chain paid the owner."""

    policy_id: PolicyNumber
    rule: Rule
    price: UsdE8
    price_height: Height
    payout: Sats


class PolicyExpiring(Event, frozen=True, kw_only=True):
    """Its last height has passed."""


class PolicyExpired(Event, frozen=True, kw_only=True):
    """The chain marked it expired: it ended unpaid."""

    policy_id: PolicyNumber


class PolicyLapsed(Event, frozen=True, kw_only=True):
    """Never paid for, and no purchase can come any more."""


class PolicyReverted(Event, frozen=True, kw_only=True):
    """A reorg took back facts of this policy; the object beside it is what is left."""

    fork_height: int


class PolicyAutoExerciseChanged(Event, frozen=True, kw_only=True):
    """The holder switched the daemon's exercise at the floor and after expiry."""

    enabled: bool
    command_id: Hex


PolicyEvent = (
    QuoteIssued
    | PolicyPending
    | PolicyPurchaseAborted
    | PolicyCreated
    | PolicyActivationRequested
    | PolicyActivationFailed
    | PolicyExerciseRequested
    | PolicySettling
    | PolicySettled
    | PolicyExpiring
    | PolicyExpired
    | PolicyLapsed
    | PolicyReverted
    | PolicyAutoExerciseChanged
)
