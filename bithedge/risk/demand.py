"""Who wants which cover on which day: drawn from a seed, so that every run of it is the same.

Buyers take what a tier sells as it stands on the menu, every cell as likely as any other of its kind, and in
such amounts that a tier would be filled to `appetite` of its utilisation cap if nothing were refused.
"""

import random
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from bithedge.domain.ids import Address
from bithedge.domain.money import WHOLE, Sats
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import Tier, TierParameters
from bithedge.risk.menu import Cell, menu

_BUYERS: Final = 40
# Sizes lie so far round the middle one, as a part of it.
_SPREAD: Final = 0.75


class Demand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much cover is asked for; the shares are parts of 1."""

    requests_a_day: int = 2
    """Of each tier."""
    appetite: float = 0.85
    """The part of a tier's utilisation cap that live policies would fill if all requests were served."""
    put_share: float = 0.7
    """Of all requests, those for a fall."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One buyer's wish."""

    tier: Tier
    cell: Cell
    amount: Sats
    owner: Address


class Buyers:
    """The crowd of one run.

    Args:
        demand: how much is asked for.
        tiers: what each tier sells.
        chance: the only source of randomness.
    """

    def __init__(self, demand: Demand, tiers: Mapping[Tier, TierParameters], chance: random.Random) -> None:
        self._demand = demand
        self._tiers = tiers
        self._chance = chance
        self._menus = {
            (tier, kind): menu(kind, limits.limits(kind)) for tier, limits in tiers.items() for kind in Kind
        }
        self._parts = {tier: self._usual_part(tier) for tier in tiers}

    def requests(self, capital: Mapping[Tier, int]) -> Iterator[Request]:
        """Return one day's wishes, tier after tier, in step with each one's capital (sats)."""
        for tier in self._tiers:
            for _ in range(self._demand.requests_a_day):
                kind = Kind.PUT if self._chance.random() < self._demand.put_share else Kind.CALL
                cell = self._chance.choice(self._menus[tier, kind])
                size = capital[tier] * self._parts[tier] * self._chance.uniform(1 - _SPREAD, 1 + _SPREAD)
                # A few buyers are large: the square makes the first addresses come up more often.
                buyer = int(_BUYERS * self._chance.random() ** 2)
                yield Request(
                    tier=tier,
                    cell=cell,
                    amount=Sats(min(int(size * WHOLE / cell.share_bps), self._tiers[tier].max_amount_sats)),
                    owner=Address(f"buyer-{buyer:02}"),
                )

    # The part of capital a policy takes, at which requests a day x mean days of life fill the tier as wanted.
    def _usual_part(self, tier: Tier) -> float:
        demand = self._demand
        days = {
            kind: sum(cell.days for cell in self._menus[tier, kind]) / len(self._menus[tier, kind])
            for kind in Kind
        }
        life = demand.put_share * days[Kind.PUT] + (1 - demand.put_share) * days[Kind.CALL]
        wanted = self._tiers[tier].utilisation_cap_bps / WHOLE * demand.appetite
        return wanted / (demand.requests_a_day * life)
