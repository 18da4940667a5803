"""One provider's money in one tier."""

from collections.abc import Iterable

import msgspec

from bithedge.domain.ids import Address
from bithedge.domain.money import Sats
from bithedge.domain.pool.ledger import Column, Posting
from bithedge.domain.tiers import Tier


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The four buckets and the four counters of an address in a tier, sats."""

    address: Address
    tier: Tier
    free: Sats = Sats(0)
    locked: Sats = Sats(0)
    pending: Sats = Sats(0)
    unearned: Sats = Sats(0)
    losses: Sats = Sats(0)
    fees: Sats = Sats(0)
    deposited: Sats = Sats(0)
    withdrawn: Sats = Sats(0)

    @property
    def balance(self) -> Sats:
        """What works or could work: free + locked."""
        return Sats(self.free + self.locked)

    @property
    def equity(self) -> Sats:
        """All four buckets."""
        return Sats(self.free + self.locked + self.pending + self.unearned)

    @property
    def shortfall(self) -> Sats:
        """By how much buckets are below zero, in all; 0 in sound books."""
        return Sats(-min(0, self.free) - min(0, self.locked) - min(0, self.pending) - min(0, self.unearned))

    def after(self, lines: Iterable[Posting]) -> "Account":
        """Return the account after its own ledger lines."""
        moved: dict[Column, int] = {}
        for line in lines:
            moved[line.bucket] = moved.get(line.bucket, 0) + line.change
        return Account(
            address=self.address,
            tier=self.tier,
            free=Sats(self.free + moved.get("free", 0)),
            locked=Sats(self.locked + moved.get("locked", 0)),
            pending=Sats(self.pending + moved.get("pending", 0)),
            unearned=Sats(self.unearned + moved.get("unearned", 0)),
            losses=Sats(self.losses + moved.get("losses", 0)),
            fees=Sats(self.fees + moved.get("fees", 0)),
            deposited=Sats(self.deposited + moved.get("deposited", 0)),
            withdrawn=Sats(self.withdrawn + moved.get("withdrawn", 0)),
        )
