"""What a set of policies would owe at a price, remembered for the few prices asked again and again."""

from typing import Final

import msgspec

from bithedge.domain.ids import QuoteId
from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.payout import Kind, payout

_REMEMBERED: Final = 8


class Cover(msgspec.Struct, frozen=True):
    """What decides a payout."""

    kind: Kind
    strike: UsdE8
    amount: Sats
    max_payout: Sats

    def owed_at(self, price: UsdE8) -> Sats:
        """Return what it owes at `price`, rounded down."""
        return payout(self.kind, self.strike, self.amount, self.max_payout, price)


class Exposure:
    """The covers of one tier; a price costs their number once, and nothing while spot stands still."""

    def __init__(self) -> None:
        self._covers: dict[QuoteId, Cover] = {}
        self._sums: dict[UsdE8, int] = {}

    def add(self, quote_id: QuoteId, cover: Cover) -> None:
        """Add a cover, in the place of one under the same quote."""
        self.discard(quote_id)
        self._covers[quote_id] = cover
        for price in self._sums:
            self._sums[price] += cover.owed_at(price)

    def discard(self, quote_id: QuoteId) -> None:
        """Remove a cover if it is there."""
        cover = self._covers.pop(quote_id, None)
        if cover is not None:
            for price in self._sums:
                self._sums[price] -= cover.owed_at(price)

    def owed_at(self, price: UsdE8) -> Sats:
        """Return what all covers owe at `price` (at least 1): sats."""
        if price not in self._sums:
            if len(self._sums) >= _REMEMBERED:
                del self._sums[next(iter(self._sums))]
            self._sums[price] = sum(cover.owed_at(price) for cover in self._covers.values())
        return Sats(self._sums[price])
