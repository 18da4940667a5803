"""What decides the worth of many policies, a column each, and what they pay at a price."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.payout import Kind

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class HasCover(Protocol):
    """A policy, a quote's terms, or anything else with a kind, a strike and two sums of sats."""

    @property
    def kind(self) -> Kind: ...
    @property
    def strike(self) -> UsdE8: ...
    @property
    def amount(self) -> Sats: ...
    @property
    def max_payout(self) -> Sats: ...


class Covers(NamedTuple):
    """Columns of one length: +1 (put) or -1 (call), strikes in USD x 1e8, amounts and max payouts in sats."""

    signs: Floats
    strikes: Ints
    amounts: Ints
    collaterals: Ints

    def part(self, places: slice | Ints | npt.NDArray[np.bool_]) -> "Covers":
        """Return the rows at `places`."""
        return Covers(
            self.signs[places], self.strikes[places], self.amounts[places], self.collaterals[places]
        )

    def kind(self, place: int) -> Kind:
        """Return whether a row is a put or a call."""
        return Kind.PUT if self.signs[place] > 0 else Kind.CALL


def covers_of(policies: Iterable[HasCover]) -> Covers:
    """Return the columns of `policies`, in their order."""
    rows = [
        (1 if policy.kind is Kind.PUT else -1, policy.strike, policy.amount, policy.max_payout)
        for policy in policies
    ]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 4)
    signs, strikes, amounts, collaterals = (np.ascontiguousarray(column) for column in table.T)
    return Covers(signs.astype(np.float64), strikes, amounts, collaterals)


def payouts(covers: Covers, price: int | Ints) -> Ints:
    """Return what each policy owes at `price` (at least 1), equal to `payout` to the sat.

    A product of sats and a price does not fit in 64 bits. The quotient is estimated in floats, and its
    remainder, which is small, comes out right even where the products wrap around.
    """
    prices = np.broadcast_to(np.asarray(price, dtype=np.int64), covers.strikes.shape)
    gains = np.where(covers.signs > 0, covers.strikes - prices, prices - covers.strikes)
    gains = np.maximum(gains, 0)
    # At the cap before the product can be large: what is above it is cut anyway.
    capped = covers.amounts * (gains / prices) >= covers.collaterals + 1.0
    gains = np.where(capped, 0, gains)
    quotients = (covers.amounts * (gains / prices)).astype(np.int64)
    quotients += (covers.amounts * gains - quotients * prices) // prices
    return np.where(capped, covers.collaterals, np.minimum(quotients, covers.collaterals))
