"""The terms of a policy: what the holder signs for and the contract stores."""

import msgspec

from bithedge.domain.ids import Address, QuoteId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind, ceiling_price, floor_price, payout
from bithedge.domain.tiers import Tier


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The 12 fields of contracts' `terms`, under the domain's names."""

    quote_id: QuoteId
    owner: Address
    kind: Kind
    strike: UsdE8
    amount: Sats
    max_payout: Sats
    premium: Sats
    """All that the buyer pays, the fee included."""
    fee: Sats
    tier: Tier
    expiry: Height
    """The last height at which the holder may exercise."""
    valid_until: Height
    valid_until_s: int
    """Unix seconds; whichever of the two comes first ends the offer."""

    def payout_at(self, price: UsdE8) -> Sats:
        """Return what the policy owes at `price`, rounded down."""
        return payout(self.kind, self.strike, self.amount, self.max_payout, price)

    @property
    def floor(self) -> UsdE8 | None:
        """The highest price at which a put pays its whole max payout; None for a call."""
        return floor_price(self.strike, self.amount, self.max_payout) if self.kind is Kind.PUT else None

    @property
    def ceiling(self) -> UsdE8 | None:
        """The lowest price at which a capped call pays its whole max payout; None where there is none."""
        return ceiling_price(self.strike, self.amount, self.max_payout) if self.kind is Kind.CALL else None
