"""A live policy as its backers see it: what they hold behind it, and what of its premium is made."""

import msgspec

from bithedge.domain.events.pool import Backer, CollateralAllocated
from bithedge.domain.ids import Address, PolicyNumber, QuoteId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind, payout
from bithedge.domain.tiers import Tier


class Backing(msgspec.Struct, frozen=True, kw_only=True):
    """The terms that matter to the pool, the backers, and what each has already been given of the premium."""

    quote_id: QuoteId
    policy_id: PolicyNumber
    owner: Address
    tier: Tier
    kind: Kind
    strike: UsdE8
    amount: Sats
    max_payout: Sats
    premium: Sats
    fee: Sats
    start: Height
    expiry: Height
    backers: tuple[Backer, ...]
    taken: tuple[Sats, ...]
    """Per backer, in their order: premium that has become free balance."""

    @property
    def untaken(self) -> Sats:
        """Premium that is still unearned in the books."""
        return Sats(sum(backer.premium for backer in self.backers) - sum(self.taken))

    def payout_at(self, price: UsdE8) -> Sats:
        """Return what the policy owes at `price`, rounded down."""
        return payout(self.kind, self.strike, self.amount, self.max_payout, price)

    def accrued(self, place: int, height: Height) -> Sats:
        """Return what the backer at `place` has made by `height` and not yet been given, rounded down."""
        return Sats(max(0, self._made(self.backers[place].premium, height) - self.taken[place]))

    def accrued_by_all(self, height: Height) -> Sats:
        """Return what all backers together have made by `height` and not yet been given, rounded down."""
        net = sum(backer.premium for backer in self.backers)
        return Sats(max(0, self._made(net, height) - sum(self.taken)))

    def _made(self, premium: int, height: Height) -> int:
        life = max(1, self.expiry - self.start)
        return premium * min(life, max(0, height - self.start)) // life


def backing_of(event: CollateralAllocated) -> Backing:
    """Return the live policy that a sale makes."""
    return Backing(
        quote_id=event.quote_id,
        policy_id=event.policy_id,
        owner=event.owner,
        tier=event.tier,
        kind=event.kind,
        strike=event.strike,
        amount=event.amount,
        max_payout=event.max_payout,
        premium=event.premium,
        fee=event.fee,
        start=event.start,
        expiry=event.expiry,
        backers=event.backers,
        taken=(Sats(0),) * len(event.backers),
    )
