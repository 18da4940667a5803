"""What a lane does about each refusal of the node."""

from enum import Enum, auto
from typing import Final

from bithedge.stacks.errors import TransactionRejectedError


class Refusal(Enum):
    """What a refusal asks for."""

    LATER = auto()
    """The node's own trouble, or one that passes: the same bytes again."""
    RESYNC = auto()
    """The nonce is mined: look at the account again."""
    CHAINED = auto()
    """Too many wait already: a block makes room."""
    FUNDS = auto()
    """The key cannot pay the fee."""
    FEE = auto()
    """A higher fee passes."""
    CONFLICT = auto()
    """The mempool holds this nonce: by us, or by somebody else with our key."""
    NEVER = auto()
    """These bytes are wrong, and stay so."""


_BY_REASON: Final = {
    "BadNonce": Refusal.RESYNC,
    "TooMuchChaining": Refusal.CHAINED,
    "NotEnoughFunds": Refusal.FUNDS,
    "FeeTooLow": Refusal.FEE,
    "ConflictingNonceInMempool": Refusal.CONFLICT,
    "EstimatorError": Refusal.LATER,
    "TemporarilyBlacklisted": Refusal.LATER,
}


def refusal_of(error: TransactionRejectedError) -> Refusal:
    """Return what a refusal asks for; an unknown reason is one that stays."""
    if error.retryable:
        return Refusal.LATER
    return _BY_REASON.get(error.reason, Refusal.NEVER)


def wanted_fee(error: TransactionRejectedError) -> int:
    """Return the uSTX that a `FeeTooLow` names; 0 if it names none."""
    expected = error.reason_data.get("expected")
    return expected if isinstance(expected, int) else 0


def in_words(error: TransactionRejectedError) -> str:
    """Return the node's reason with what it said about it."""
    said = error.reason_data.get("message")
    return f"{error.reason}: {said}" if isinstance(said, str) else error.reason
