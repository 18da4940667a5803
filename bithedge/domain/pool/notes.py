"""The small facts the books keep beside accounts and policies."""

from collections.abc import Mapping
from typing import Final

import msgspec

from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId
from bithedge.domain.money import Height, Sats
from bithedge.domain.tiers import Tier

_NOTHING: Final = Sats(0)
NO_TOTALS: Final = VaultTotals(
    available=_NOTHING,
    locked=_NOTHING,
    buffer=_NOTHING,
    deposited=_NOTHING,
    withdrawn=_NOTHING,
    premiums=_NOTHING,
    payouts=_NOTHING,
    escaped=_NOTHING,
)


class Pause(msgspec.Struct, frozen=True):
    """A pause on chain: the first height at which it is over, and when it began."""

    until: Height
    since_ms: int


class Liabilities(msgspec.Struct, frozen=True):
    """The last root of liabilities on chain."""

    root: Hex
    as_of: Height
    published: Height


class Activity(msgspec.Struct, frozen=True):
    """When an address first put money in, and when its money last moved: Unix milliseconds."""

    first_deposit_ms: int | None
    last_ms: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the pool has done since the start."""

    sold: int = 0
    settled: int = 0
    expired: int = 0
    premiums: Sats = Sats(0)
    """All that buyers paid, fees included."""
    fees: Sats = Sats(0)
    earned: Sats = Sats(0)
    """Premium that became free balance."""
    payouts: Sats = Sats(0)
    irregular: tuple[QuoteId, ...] = ()
    """Policies that were sold twice, released while not live, or paid more than their collateral."""


class Orphan(msgspec.Struct, frozen=True):
    """Premium handed out for a policy that the books do not know, as after a reorg took back its sale."""

    policy_id: PolicyNumber
    tier: Tier
    parts: Mapping[Address, int]
    """By provider, sats."""
