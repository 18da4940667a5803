"""One tier's accounts and live policies, with every sum kept as it changes."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Final, TypeVar

from bithedge.domain.events.pool import CapacityReserved, CollateralReleased, PremiumEarned
from bithedge.domain.ids import Address, QuoteId
from bithedge.domain.money import WHOLE, Bps, Height, Sats, bps_of
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.exposure import Cover, Exposure
from bithedge.domain.pool.ledger import Posting
from bithedge.domain.pool.ordered import Key, Ordered
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.pool.track import Track
from bithedge.domain.tiers import Tier

_K = TypeVar("_K", bound=int | str)

# Utilisations are ordered in steps of 2^-62; nearer ones count as equal.
_FINE: Final = 62
_ACCOUNT_DAYS: Final = 7


class TierBook:
    """Sums in sats: what providers have `free` (reservations inside), what is `locked`, what backs a sale.

    Only `Books` changes it. The treasury's accounts count towards `equity`, never towards `free`.

    Args:
        tier: which.
        rules: the pool's own figures.
        funded: in how many tiers each provider has money; shared by all tiers of a pool.
    """

    def __init__(self, tier: Tier, rules: PoolRules, funded: dict[Address, int]) -> None:
        self.tier = tier
        self.rules = rules
        self.free = 0
        self.locked = 0
        self.pending = 0
        self.unearned = 0
        self.equity = 0
        self.shortfall = 0
        self.backable = 0
        """The part of `free` whose owners back new policies."""
        self.reserved = 0
        self.providers = 0
        self.live_collateral = 0
        self.protected = 0
        """The amounts that live policies cover."""
        self.premiums_earned = 0
        self.losses = 0
        self.live = Exposure()
        self.prepared = Exposure()
        self.track = Track(rules.day_blocks, days=1)
        self._funded = funded
        self._accounts: dict[Address, Account] = {}
        self._policies: dict[QuoteId, Backing] = {}
        self._backed: dict[Address, dict[QuoteId, int]] = {}
        self._weeks: dict[Address, dict[int, int]] = {}
        self._tracks: dict[Address, Track] = {}
        self._treasuries: dict[Address, None] = {}
        self._exits: dict[Address, Height] = {}
        self._rests: dict[Address, Height] = {}
        self._resting = Ordered[Address]()
        self._by_utilisation = Ordered[Address]()
        self._by_free = Ordered[Address]()
        self._accrued: tuple[Height, Sats] | None = None

    @property
    def capital(self) -> int:
        """Free + locked + reserved; reservations stand inside what providers have free."""
        return self.free + self.locked

    @property
    def used(self) -> int:
        """Locked + reserved."""
        return self.locked + self.reserved

    @property
    def utilisation_bps(self) -> Bps:
        """Used per capital, rounded down; 0 without capital."""
        return Bps(self.used * WHOLE // self.capital if self.capital > 0 else 0)

    @property
    def accounts(self) -> Mapping[Address, Account]:
        """Every account there has been, the treasury's included."""
        return self._accounts

    @property
    def policies(self) -> Mapping[QuoteId, Backing]:
        """The live policies, oldest first."""
        return self._policies

    def account(self, address: Address) -> Account:
        """Return an account; an empty one for an address that has none."""
        return self._accounts.get(address) or Account(address=address, tier=self.tier)

    def is_treasury(self, address: Address) -> bool:
        """Return whether the address is one that fees went to: it backs nothing and is no capital."""
        return address in self._treasuries

    def exit_began(self, address: Address) -> Height | None:
        """Return the height at which the address entered exit mode; None if it is not in it."""
        return self._exits.get(address)

    def rests_until(self, address: Address) -> Height | None:
        """Return the height from which an address that left exit mode backs again; None if it does."""
        return self._rests.get(address)

    def backs(self, address: Address) -> bool:
        """Return whether new policies may be put behind this address's money."""
        return not (address in self._treasuries or address in self._exits or address in self._rests)

    def backed_by(self, address: Address) -> Iterator[tuple[Backing, int]]:
        """Return the live policies an address backs, and its place among their backers."""
        return (
            (self._policies[quote_id], place) for quote_id, place in self._backed.get(address, {}).items()
        )

    def backings_of(self, address: Address) -> int:
        """Return how many live policies an address backs."""
        return len(self._backed.get(address, ()))

    def earned_of(self, address: Address, height: Height) -> Sats:
        """Return the premium an address has made by `height` that is not free balance yet."""
        return Sats(sum(backing.accrued(place, height) for backing, place in self.backed_by(address)))

    def earned_by_all(self, height: Height) -> Sats:
        """Return the premium the tier has made by `height` that is not free balance yet.

        Rounded down once a policy, so it may be a few sats above the sum over the providers.
        """
        if self._accrued is None or self._accrued[0] != height:
            made = sum(backing.accrued_by_all(height) for backing in self._policies.values())
            self._accrued = (height, Sats(made))
        return self._accrued[1]

    def track_of(self, address: Address) -> Track:
        """Return an account's results, by weeks."""
        return self._tracks.get(address) or Track(self.rules.day_blocks, days=_ACCOUNT_DAYS)

    def room(self, account: Account, expiry: Height) -> int:
        """Return what an account may still back of policies with this expiry, within its caps: sats."""
        # Asked of hundreds of accounts a sale, so it does no more than its caps need.
        rules, room, balance = self.rules, int(account.free), account.free + account.locked
        if rules.provider_cap_bps < WHOLE:
            room = min(room, bps_of(balance, rules.provider_cap_bps) - account.locked)
        if self.providers >= rules.expiry_cap_providers:
            weeks = self._weeks.get(account.address)
            week = weeks.get(rules.week_of(expiry), 0) if weeks is not None else 0
            room = min(room, bps_of(balance, rules.expiry_cap_bps) - week)
        return max(0, room)

    def by_utilisation(self) -> Iterator[Account]:
        """Return the accounts that back: lowest utilisation first, then larger free, then address."""
        return (self._accounts[name] for _, _, name in self._by_utilisation)

    def by_free(self) -> Iterator[Account]:
        """Return the accounts that back: largest free balance first, then address."""
        return (self._accounts[name] for _, _, name in self._by_free)

    def post(self, lines: Iterable[Posting]) -> None:
        """Apply this tier's ledger lines."""
        grouped: dict[Address, list[Posting]] = {}
        for line in lines:
            grouped.setdefault(line.address, []).append(line)
        for address, own in grouped.items():
            before = self.account(address)
            after = before.after(own)
            self._accounts[address] = after
            self._move(before, after)

    def open(self, backing: Backing) -> None:
        """Take up a policy that was sold."""
        self._policies[backing.quote_id] = backing
        self._accrued = None
        self.live_collateral += backing.max_payout
        self.protected += backing.amount
        self.live.add(backing.quote_id, _cover(backing))
        week = self.rules.week_of(backing.expiry)
        for place, backer in enumerate(backing.backers):
            self._backed.setdefault(backer.address, {})[backing.quote_id] = place
            weeks = self._weeks.setdefault(backer.address, {})
            weeks[week] = weeks.get(week, 0) + backer.share

    def close(self, quote_id: QuoteId) -> Backing | None:
        """Give up a policy whose collateral is no longer locked; None if it is not live."""
        backing = self._policies.pop(quote_id, None)
        if backing is None:
            return None
        self._accrued = None
        self.live_collateral -= backing.max_payout
        self.protected -= backing.amount
        self.live.discard(quote_id)
        week = self.rules.week_of(backing.expiry)
        for backer in backing.backers:
            _drop(self._backed, backer.address, quote_id)
            weeks = self._weeks[backer.address]
            weeks[week] -= backer.share
            if weeks[week] == 0:
                _drop(self._weeks, backer.address, week)
        return backing

    def replace(self, backing: Backing) -> None:
        """Put a live policy in the place of what it was; its backers are the same."""
        self._policies[backing.quote_id] = backing
        self._accrued = None

    def reserve(self, reservation: CapacityReserved) -> None:
        """Hold a quote's collateral."""
        self.reserved += reservation.max_payout
        self.prepared.add(reservation.quote_id, _cover(reservation))

    def unreserve(self, reservation: CapacityReserved) -> None:
        """Let go of it."""
        self.reserved -= reservation.max_payout
        self.prepared.discard(reservation.quote_id)

    def book_earnings(self, event: PremiumEarned, height: Height) -> None:
        """Note premium made as a result of the tier and of its providers."""
        made = sum(part.premium for part in event.earnings)
        self.premiums_earned += made
        self.track.add(height, made, self.capital)
        for part in event.earnings:
            self._book(part.address, part.premium, height)

    def book_losses(self, event: CollateralReleased, height: Height) -> None:
        """Note what a settlement cost the tier and its providers, on the capital they had before it."""
        lost = sum(part.loss for part in event.backers)
        if lost == 0:
            return
        self.losses += lost
        self.track.add(height, -lost, self.capital + lost)
        for part in event.backers:
            self._book(part.address, -part.loss, height)

    def mark_treasury(self, address: Address) -> None:
        """Treat an address's money as the treasury's from now on."""
        if address in self._treasuries:
            return
        account = self.account(address)
        self._index(account, -1)
        self._treasuries[address] = None
        self.free -= account.free
        if account.equity > 0:
            self._fund(address, -1)

    def enter_exit(self, address: Address, height: Height) -> None:
        """Put nothing new behind this address's money."""
        self._index(self.account(address), -1)
        self._exits.setdefault(address, height)
        self._end_rest(address)

    def leave_exit(self, address: Address, height: Height) -> None:
        """Take the address back, once its time outside is over."""
        began = self._exits.pop(address, None)
        if began is None:
            return
        until = Height(began + self.rules.exit_blocks)
        if until > height:
            self._rests[address] = until
            self._resting.add((until, 0, address))
        self._index(self.account(address), 1)

    def wake(self, height: Height) -> None:
        """Let those back again whose time outside is over at `height`."""
        for _, _, address in list(takewhile(lambda key: key[0] <= height, self._resting)):
            self._end_rest(address)
            self._index(self.account(address), 1)

    def _end_rest(self, address: Address) -> None:
        until = self._rests.pop(address, None)
        if until is not None:
            self._resting.remove((until, 0, address))

    def _book(self, address: Address, result: int, height: Height) -> None:
        track = self._tracks.setdefault(address, Track(self.rules.day_blocks, days=_ACCOUNT_DAYS))
        track.add(height, result, self.account(address).balance + max(0, -result))

    # Sums by their differences, and indexes only where a key changes: with a million accounts each touch of a
    # table is a miss of the processor's caches.
    def _move(self, before: Account, after: Account) -> None:
        self.locked += after.locked - before.locked
        self.pending += after.pending - before.pending
        self.unearned += after.unearned - before.unearned
        equity = before.equity, after.equity
        self.equity += equity[1] - equity[0]
        self.shortfall += after.shortfall - before.shortfall
        if after.address in self._treasuries:
            return
        self.free += after.free - before.free
        if (equity[0] > 0) != (equity[1] > 0):
            self._fund(after.address, 1 if equity[1] > 0 else -1)
        if before.free != after.free or before.locked != after.locked:
            self._index(before, -1)
            self._index(after, 1)

    def _fund(self, address: Address, sign: int) -> None:
        self.providers += sign
        tiers = self._funded.pop(address, 0) + sign
        if tiers:
            self._funded[address] = tiers

    # An account that may back new policies, and has something to do it with, stands in both orders.
    def _index(self, account: Account, sign: int) -> None:
        if account.free <= 0 or not self.backs(account.address):
            return
        self.backable += sign * account.free
        by_utilisation, by_free = _utilisation_key(account), (-account.free, 0, account.address)
        if sign > 0:
            self._by_utilisation.add(by_utilisation)
            self._by_free.add(by_free)
        else:
            self._by_utilisation.remove(by_utilisation)
            self._by_free.remove(by_free)


def _utilisation_key(account: Account) -> Key[Address]:
    used = (account.locked << _FINE) // max(1, account.balance)
    return (used, -account.free, account.address)


def _cover(policy: Backing | CapacityReserved) -> Cover:
    return Cover(policy.kind, policy.strike, policy.amount, policy.max_payout)


def _drop(table: dict[Address, dict[_K, int]], address: Address, key: _K) -> None:
    # Empty inner tables go, so that memory follows what is live.
    inner = table[address]
    del inner[key]
    if not inner:
        del table[address]
