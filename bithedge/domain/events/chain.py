"""Facts of the followed chain (stream `chain`), of prices (`oracle`) and of the daemon itself (`alerts`)."""

from typing import Literal

from bithedge.domain.events.base import Event
from bithedge.domain.money import Height, UsdE8

Severity = Literal["info", "warning", "critical"]


class BlockFollowed(Event, frozen=True, kw_only=True):
    """A canonical Stacks block was applied, its facts with it."""

    block_height: int
    burn_height: Height
    hash: str
    parent_hash: str
    block_at_ms: int
    transactions: int


class ChainReorganised(Event, frozen=True, kw_only=True):
    """The chain has another branch from `fork_height` (the last common block) on."""

    fork_height: int
    depth: int
    orphaned: tuple[str, ...]
    """The hashes of the blocks that were undone, highest first."""


class PriceObserved(Event, frozen=True, kw_only=True):
    """The public price of a height was signed."""

    price: UsdE8
    height: Height


class PriceStale(Event, frozen=True, kw_only=True):
    """No full reading for too long: nothing is sold or settled."""

    reason: str
    last_at_ms: int | None


class PriceRecovered(Event, frozen=True, kw_only=True):
    """Full readings are back."""

    price: UsdE8


class AlertRaised(Event, frozen=True, kw_only=True):
    """Something needs a person's eye."""

    code: str
    severity: Severity
    message: str
    public: bool = True


class AlertCleared(Event, frozen=True, kw_only=True):
    """It no longer does."""

    code: str


ChainEvent = BlockFollowed | ChainReorganised
OracleEvent = PriceObserved | PriceStale | PriceRecovered
AlertEvent = AlertRaised | AlertCleared
