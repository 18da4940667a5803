"""The classes of risk a provider chooses from, and what each of them backs."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from bithedge.domain.money import WHOLE, Bps, Sats
from bithedge.domain.payout import Kind

KINK_SHARE: Final = (2, 3)
"""The part of a tier's utilisation cap up to which no loading is charged."""

DEFAULT_MAX_AMOUNT: Final = Sats(1_000_000_000)
"""What the contract takes for one policy unless its owner changes the parameter."""


class Tier(StrEnum):
    """A class of risk; the name stands in every deposit and every policy on the chain."""

    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"


class KindLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The strikes (K/S at sale, bps) and tenors (blocks) a tier backs of one kind, bounds included."""

    min_moneyness_bps: Bps
    max_moneyness_bps: Bps
    min_tenor_blocks: int
    max_tenor_blocks: int

    def __post_init__(self) -> None:
        if not 0 < self.min_moneyness_bps <= self.max_moneyness_bps:
            raise ValueError("moneyness: 0 < min_moneyness_bps <= max_moneyness_bps")
        if not 0 < self.min_tenor_blocks <= self.max_tenor_blocks:
            raise ValueError("tenor: 0 < min_tenor_blocks <= max_tenor_blocks")


class TierParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tier backs, how full it may get, and what it charges above fair value.

    `capacity_limit_sats` bounds the deposits it takes in (None: no bound); `crash_limit_bps` bounds what its
    live policies would pay, per capital, if spot moved 30 % at once.
    """

    name: Tier
    put: KindLimits
    call: KindLimits
    max_amount_sats: Sats
    capacity_limit_sats: Sats | None
    utilisation_kink_bps: Bps
    utilisation_cap_bps: Bps
    crash_limit_bps: Bps
    margin_bps: Bps

    def __post_init__(self) -> None:
        if self.max_amount_sats <= 0:
            raise ValueError("max_amount_sats is above 0")
        if self.capacity_limit_sats is not None and self.capacity_limit_sats <= 0:
            raise ValueError("capacity_limit_sats is above 0, or left out for no limit")
        if not 0 <= self.utilisation_kink_bps < self.utilisation_cap_bps <= WHOLE:
            raise ValueError("utilisation: 0 <= utilisation_kink_bps < utilisation_cap_bps <= 10000")
        if not 0 < self.crash_limit_bps <= WHOLE:
            raise ValueError("crash_limit_bps is 1 to 10000")
        if self.margin_bps < 0:
            raise ValueError("margin_bps is not negative")

    def limits(self, kind: Kind) -> KindLimits:
        """Return the strikes and tenors backed of `kind`."""
        return self.put if kind is Kind.PUT else self.call


def kink_of(cap: Bps) -> Bps:
    """Return the utilisation from which the loading rises: two thirds of the cap, rounded down."""
    numerator, denominator = KINK_SHARE
    return Bps(cap * numerator // denominator)


def _limits(lowest: int, highest: int, max_tenor: int) -> KindLimits:
    return KindLimits(
        min_moneyness_bps=Bps(lowest),
        max_moneyness_bps=Bps(highest),
        min_tenor_blocks=144,
        max_tenor_blocks=max_tenor,
    )


def _tier(
    name: Tier, *, put: KindLimits, call: KindLimits, cap: int, margin: int, crash: int
) -> TierParameters:
    return TierParameters(
        name=name,
        put=put,
        call=call,
        max_amount_sats=DEFAULT_MAX_AMOUNT,
        capacity_limit_sats=None,
        utilisation_kink_bps=kink_of(Bps(cap)),
        utilisation_cap_bps=Bps(cap),
        crash_limit_bps=Bps(crash),
        margin_bps=Bps(margin),
    )


_SHIPPED = (
    _tier(
        Tier.CONSERVATIVE,
        put=_limits(5_000, 9_000, 4_320),
        call=_limits(11_100, 20_000, 4_320),
        cap=6_000,
        margin=1_000,
        crash=3_000,
    ),
    _tier(
        Tier.BALANCED,
        put=_limits(5_000, 10_000, 12_960),
        call=_limits(10_000, 20_000, 4_320),
        cap=7_500,
        margin=1_500,
        crash=4_000,
    ),
    _tier(
        Tier.AGGRESSIVE,
        put=_limits(5_000, 11_000, 25_920),
        call=_limits(9_100, 20_000, 4_320),
        cap=9_000,
        margin=2_500,
        crash=5_000,
    ),
)

DEFAULT_TIERS: Final[Mapping[Tier, TierParameters]] = MappingProxyType({tier.name: tier for tier in _SHIPPED})
"""The three tiers as shipped, from the cheapest margin to the dearest."""
