"""To policies, always by way of the directory."""

from actors.runtime.message import Message
from bithedge.domain.events.base import Recorded
from bithedge.domain.ids import Address, Hex
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.policy.state import Policy
from bithedge.protocol.calls import SignedPrice
from bithedge.storage.ports import Keep


class Activate(Message[Policy], frozen=True, kw_only=True):
    """Exercise: the owner's signed command, its signature already checked; answered when committed."""

    command_id: Hex
    address: Address
    min_payout: Sats | None
    valid_until_s: int
    signature: Hex
    height: Height
    spot: UsdE8
    now_s: int
    keep: Keep


class SwitchAutoExercise(Message[Policy], frozen=True, kw_only=True):
    """The holder's switch for exercise at the floor and after expiry."""

    command_id: Hex
    address: Address
    enabled: bool
    keep: Keep


class ReadingMade(Message[None], frozen=True, kw_only=True):
    """The price made after the accepted command, signed for it alone."""

    command_id: Hex
    reading: SignedPrice


class TouchSeen(Message[None], frozen=True, kw_only=True):
    """A public price of its life has reached the floor or ceiling: it looks which one."""


class HeightReached(Message[None], frozen=True, kw_only=True):
    """The burn height is past the policy's expiry, or it awaits a later height; with the price of expiry."""

    height: Height
    expiry_price: SignedPrice | None = None


class OperationEnded(Message[None], frozen=True, kw_only=True):
    """The settlement sent for it was refused for good."""

    operation_id: str
    reason: str


class FactsCommitted(Message[None], frozen=True, kw_only=True):
    """Facts about the policy that another actor journalled, in order, with what they left."""

    facts: tuple[Recorded, ...]
    policy: Policy


class Resume(Message[None], frozen=True, kw_only=True):
    """The daemon has started: go on with what was in progress."""

    height: Height


PolicyMessage = (
    Activate
    | SwitchAutoExercise
    | ReadingMade
    | TouchSeen
    | HeightReached
    | OperationEnded
    | FactsCommitted
    | Resume
)
