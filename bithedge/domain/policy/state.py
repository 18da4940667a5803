"""A policy's state: what the facts of its stream add up to."""

from enum import StrEnum
from typing import Literal

import msgspec

from bithedge.domain.events.policy import ExercisedBy, Rule
from bithedge.domain.ids import Address, Hex, OperationId, PolicyNumber, QuoteId, Txid
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.terms import Terms


class Status(StrEnum):
    """Where a policy is in its life."""

    PENDING_SIGNATURE = "pending_signature"
    PENDING_CONFIRMATION = "pending_confirmation"
    ACTIVE = "active"
    SETTLING = "settling"
    SETTLED = "settled"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    LAPSED = "lapsed"


Detail = Literal[
    "awaiting_signature",
    "creation_aborted",
    "in_mempool",
    "confirming",
    "settlement_sent",
    "settlement_retrying",
    "in_grace",
    "release_sent",
    "release_retrying",
]

LIVE = frozenset({Status.ACTIVE, Status.SETTLING, Status.EXPIRING})
"""Its collateral is locked on chain."""
UNSETTLED = frozenset({Status.ACTIVE, Status.EXPIRING})
"""Live, and no settlement is on its way."""
ENDED = frozenset({Status.SETTLED, Status.EXPIRED, Status.LAPSED})


class Exercise(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted exercise whose price is not known yet, or not settled yet."""

    command_id: Hex
    min_payout: Sats
    valid_until_s: int
    signature: Hex


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The holder's own `request-exercise` on chain."""

    height: Height
    min_payout: Sats


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """The price that settles it, and, once paid, the transaction that did."""

    rule: Rule
    price: UsdE8
    price_height: Height
    payout: Sats
    txid: Txid | None = None
    at_ms: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The chain's fact behind the present status."""

    block_height: int
    burn_height: Height
    txid: Txid | None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as its facts have left it."""

    terms: Terms
    status: Status
    detail: Detail | None = None
    reason: str | None = None
    policy_id: PolicyNumber | None = None
    start: Height | None = None
    spot_at_sale: UsdE8
    volatility_at_sale: float | None = None
    auto_exercise: bool = True
    exercised_by: ExercisedBy | None = None
    exercise: Exercise | None = None
    request: Request | None = None
    settlement: Settlement | None = None
    operation_id: OperationId | None = None
    created_txid: Txid | None = None
    closing_txid: Txid | None = None
    standing: Standing | None = None
    created_at_ms: int
    updated_seq: int = 0
    version: int = 0

    @property
    def quote_id(self) -> QuoteId:
        """The name that a reorg cannot change."""
        return self.terms.quote_id

    @property
    def owner(self) -> Address:
        """Whose it is."""
        return self.terms.owner
