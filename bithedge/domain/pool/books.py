"""The pool's books in memory: a fold over the pool's events that never refuses."""

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

import msgspec

from bithedge.domain.events.base import Recorded
from bithedge.domain.events.pool import (
    BufferChanged,
    CapacityReleased,
    CapacityReserved,
    CollateralAllocated,
    CollateralReleased,
    FundsDeposited,
    FundsWithdrawn,
    LiabilitiesPublished,
    Pausable,
    PoolClosed,
    PoolEvent,
    PoolPaused,
    PoolResumed,
    PremiumEarned,
    ProviderExitChanged,
    ProviderReverted,
    VaultTotals,
    WithdrawalLapsed,
    WithdrawalPending,
    WithdrawalRequested,
    WithdrawalReverted,
    WithdrawalVoucherIssued,
)
from bithedge.domain.ids import Address, PolicyNumber, QuoteId
from bithedge.domain.money import WHOLE, Bps, Height, Sats
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.backing import Backing, backing_of
from bithedge.domain.pool.ledger import Posting, postings
from bithedge.domain.pool.notes import NO_TOTALS, Activity, Counts, Liabilities, Orphan, Pause
from bithedge.domain.pool.reservations import Reservations
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.pool.tier_book import TierBook
from bithedge.domain.pool.vouchers import Vouchers
from bithedge.domain.tiers import DEFAULT_TIERS, Tier, TierParameters

# Quotes outlive their policy's end by a few blocks at most; this many sales reach much further back.
_SOLD_REMEMBERED: Final = 10_000


class Books:
    """Tiers, reservations, vouchers and the chain's word on its vault; changed by `apply` alone.

    Args:
        rules: the pool's own figures.
        tiers: the parameters of each tier.
        treasuries: addresses known to receive fees; every sale adds the one it names.
    """

    def __init__(
        self,
        rules: PoolRules | None = None,
        tiers: Mapping[Tier, TierParameters] = DEFAULT_TIERS,
        *,
        treasuries: Iterable[Address] = (),
    ) -> None:
        self.rules = rules or PoolRules()
        self.parameters = tiers
        self.height = Height(0)
        """Of the last fact of the chain, so that a replay books the same."""
        self.reservations = Reservations(self.rules)
        self.vouchers = Vouchers()
        self.totals = NO_TOTALS
        """The vault as of the last fact that carried its totals."""
        self.buffer = Sats(0)
        self.pauses: dict[Pausable, Pause] = {}
        self.closed = False
        self.liabilities: Liabilities | None = None
        self.counts = Counts()
        self.activity: dict[Address, Activity] = {}
        self.orphans: dict[QuoteId, Orphan] = {}
        self._funded: dict[Address, int] = {}
        self._tiers = {tier: TierBook(tier, self.rules, self._funded) for tier in Tier}
        self._quotes: dict[PolicyNumber, QuoteId] = {}
        self._ended: dict[QuoteId, Backing] = {}
        self._sold: dict[QuoteId, None] = {}
        for address in treasuries:
            self._mark_treasury(address)

    @property
    def tiers(self) -> Mapping[Tier, TierBook]:
        """Every tier's book."""
        return self._tiers

    def tier(self, tier: Tier) -> TierBook:
        """Return a tier's book."""
        return self._tiers[tier]

    @property
    def capital(self) -> int:
        """All tiers' capital, sats."""
        return sum(book.capital for book in self._tiers.values())

    @property
    def used(self) -> int:
        """Locked + reserved of all tiers, sats."""
        return sum(book.used for book in self._tiers.values())

    @property
    def utilisation_bps(self) -> Bps:
        """Used per capital, rounded down; 0 without capital."""
        capital = self.capital
        return Bps(self.used * WHOLE // capital if capital > 0 else 0)

    @property
    def providers(self) -> int:
        """How many addresses have money in the pool, the treasury's apart."""
        return len(self._funded)

    def accounts_of(self, address: Address) -> tuple[Account, ...]:
        """Return an address's accounts, one for each tier in which it ever had any."""
        return tuple(book.accounts[address] for book in self._tiers.values() if address in book.accounts)

    def principal_of(self, address: Address) -> int:
        """Return what an address put in less what it took out, at least 0, as the contract counts profit."""
        return max(0, sum(account.deposited - account.withdrawn for account in self.accounts_of(address)))

    def backing(self, quote_id: QuoteId) -> Backing | None:
        """Return a live policy."""
        found = (book.policies.get(quote_id) for book in self._tiers.values())
        return next((backing for backing in found if backing is not None), None)

    def quote_of(self, policy_id: PolicyNumber) -> QuoteId | None:
        """Return the quote id of a live policy by its number on chain."""
        return self._quotes.get(policy_id)

    def was_sold(self, quote_id: QuoteId) -> bool:
        """Return whether the quote was bought, as far as the last ten thousand sales go back."""
        return quote_id in self._sold

    def is_paused(self, what: Pausable, height: Height) -> bool:
        """Return whether the guardian's pause of `what` holds at `height`."""
        pause = self.pauses.get(what)
        return pause is not None and height < pause.until

    def wake(self, height: Height) -> None:
        """Let providers back again whose time outside is over; to be called at each burn block."""
        for book in self._tiers.values():
            book.wake(height)

    @classmethod
    def replay(
        cls,
        recorded: Iterable[Recorded],
        rules: PoolRules | None = None,
        tiers: Mapping[Tier, TierParameters] = DEFAULT_TIERS,
        *,
        treasuries: Iterable[Address] = (),
    ) -> "Books":
        """Return the books that all events not undone make, in their order."""
        books = cls(rules, tiers, treasuries=treasuries)
        for record in recorded:
            books.apply(record)
        return books

    def apply(self, recorded: Recorded) -> tuple[Posting, ...]:
        """Take up one fact and return the ledger lines it made.

        Total: what is journalled has happened. Undone facts and those of other streams change nothing.
        """
        event = recorded.event
        if recorded.undone or not isinstance(event, PoolEvent):
            return ()
        if recorded.chain is not None and recorded.chain.burn_height > self.height:
            self.height = recorded.chain.burn_height
            self.wake(self.height)
        if isinstance(event, CollateralAllocated):
            # Before its lines: the fee is the treasury's from its first sat on.
            self._mark_treasury(event.treasury)
        lines = postings(event)
        self._post(lines, recorded.at_ms)
        self._note(event, recorded.at_ms)
        return lines

    def _post(self, lines: tuple[Posting, ...], at_ms: int) -> None:
        if not lines:
            return
        # All lines of one fact are of one tier, and in a deposit of one address.
        self._tiers[lines[0].tier].post(lines)
        deposited = lines[0].cause == "deposit"
        for address in dict.fromkeys(line.address for line in lines):
            known = self.activity.get(address)
            first = known.first_deposit_ms if known is not None else None
            self.activity[address] = Activity(at_ms if first is None and deposited else first, at_ms)

    def _note(self, event: PoolEvent, at_ms: int) -> None:
        match event:
            case CapacityReserved() | CapacityReleased():
                self._note_capacity(event, at_ms)
            case CollateralAllocated() | CollateralReleased() | PremiumEarned():
                self._note_collateral(event)
            case FundsDeposited() | FundsWithdrawn() | WithdrawalLapsed():
                self._note_funds(event)
            case WithdrawalRequested() | WithdrawalVoucherIssued():
                self._note_voucher(event)
            case ProviderExitChanged():
                self._note_exit(event)
            case PoolPaused() | PoolResumed() | PoolClosed() | BufferChanged() | LiabilitiesPublished():
                self._note_pool(event, at_ms)
            case WithdrawalPending() | WithdrawalReverted() | ProviderReverted():
                pass  # shown to people; no money moves
            case _:
                assert_never(event)

    def _note_capacity(self, event: CapacityReserved | CapacityReleased, at_ms: int) -> None:
        held = self.reservations.remove(event.quote_id)
        if held is not None:
            self._tiers[held.tier].unreserve(held)
        match event:
            case CapacityReserved():
                self.reservations.add(event)
                self._tiers[event.tier].reserve(event)
            case CapacityReleased():
                if event.lapsed:
                    self.reservations.punish(event.owner, at_ms)
            case _:
                assert_never(event)

    def _note_collateral(self, event: CollateralAllocated | CollateralReleased | PremiumEarned) -> None:
        match event:
            case CollateralAllocated():
                self._note_sale(event)
            case CollateralReleased():
                self._note_release(event)
            case PremiumEarned():
                self._note_earnings(event)
            case _:
                assert_never(event)

    def _note_sale(self, event: CollateralAllocated) -> None:
        if self.backing(event.quote_id) is not None:
            self._close(event.quote_id)
            self._note_irregular(event.quote_id)
        self._tiers[event.tier].open(backing_of(event))
        self._quotes[event.policy_id] = event.quote_id
        self._sold[event.quote_id] = None
        if len(self._sold) > _SOLD_REMEMBERED:
            del self._sold[next(iter(self._sold))]
        self._count(
            sold=self.counts.sold + 1,
            premiums=self.counts.premiums + event.premium,
            fees=self.counts.fees + event.fee,
        )
        self._see(event.totals)

    def _note_release(self, event: CollateralReleased) -> None:
        backing = self._close(event.quote_id)
        if backing is None or event.payout > backing.max_payout:
            self._note_irregular(event.quote_id)
        if backing is not None and backing.untaken:
            self._ended[event.quote_id] = backing
        self._tiers[event.tier].book_losses(event, self.height)
        if event.payout > 0:
            self._count(settled=self.counts.settled + 1, payouts=self.counts.payouts + event.payout)
        else:
            self._count(expired=self.counts.expired + 1)
        self._see(event.totals)

    def _note_earnings(self, event: PremiumEarned) -> None:
        quote_id = event.quote_id
        book = self._tiers[event.tier]
        book.book_earnings(event, self.height)
        self._count(earned=self.counts.earned + sum(part.premium for part in event.earnings))
        if quote_id in book.policies:
            book.replace(_with_taken(book.policies[quote_id], event))
        elif quote_id in self._ended:
            ended = _with_taken(self._ended.pop(quote_id), event)
            if ended.untaken:
                self._ended[quote_id] = ended
        else:
            self._note_orphans(event)

    def _note_orphans(self, event: PremiumEarned) -> None:
        known = self.orphans.pop(event.quote_id, None)
        parts = dict(known.parts) if known is not None else {}
        for part in event.earnings:
            parts[part.address] = parts.get(part.address, 0) + part.premium
        parts = {address: premium for address, premium in parts.items() if premium}
        if parts:
            self.orphans[event.quote_id] = Orphan(event.policy_id, event.tier, parts)

    def _note_funds(self, event: FundsDeposited | FundsWithdrawn | WithdrawalLapsed) -> None:
        match event:
            case FundsDeposited():
                self._see(event.totals)
            case FundsWithdrawn():
                if event.withdrawal_id is not None:
                    self.vouchers.remove(event.withdrawal_id)
                self._see(event.totals)
            case WithdrawalLapsed():
                self.vouchers.remove(event.withdrawal_id)
            case _:
                assert_never(event)

    def _note_voucher(self, event: WithdrawalRequested | WithdrawalVoucherIssued) -> None:
        match event:
            case WithdrawalRequested():
                self.vouchers.request(event)
            case WithdrawalVoucherIssued():
                self.vouchers.sign(event)
            case _:
                assert_never(event)

    def _note_exit(self, event: ProviderExitChanged) -> None:
        book = self._tiers[event.tier]
        if event.enabled:
            book.enter_exit(event.address, event.height)
        else:
            book.leave_exit(event.address, event.height)

    def _note_pool(
        self,
        event: PoolPaused | PoolResumed | PoolClosed | BufferChanged | LiabilitiesPublished,
        at_ms: int,
    ) -> None:
        match event:
            case PoolPaused():
                self.pauses[event.what] = Pause(event.until, at_ms)
            case PoolResumed():
                self.pauses.pop(event.what, None)
            case PoolClosed():
                self.closed = True
                self._see(event.totals)
            case BufferChanged():
                self._see(event.totals)
            case LiabilitiesPublished():
                self.liabilities = Liabilities(event.root, event.as_of, self.height)
            case _:
                assert_never(event)

    def _close(self, quote_id: QuoteId) -> Backing | None:
        closed = (book.close(quote_id) for book in self._tiers.values() if quote_id in book.policies)
        backing = next(closed, None)
        if backing is not None and self._quotes.get(backing.policy_id) == quote_id:
            del self._quotes[backing.policy_id]
        return backing

    def _note_irregular(self, quote_id: QuoteId) -> None:
        self._count(irregular=(*self.counts.irregular, quote_id))

    def _count(self, **changes: object) -> None:
        self.counts = msgspec.structs.replace(self.counts, **changes)

    def _see(self, totals: VaultTotals) -> None:
        self.totals = totals
        self.buffer = totals.buffer

    def _mark_treasury(self, address: Address) -> None:
        for book in self._tiers.values():
            if not book.is_treasury(address):
                book.mark_treasury(address)


def _with_taken(backing: Backing, event: PremiumEarned) -> Backing:
    given = {part.address: part.premium for part in event.earnings}
    taken = tuple(
        Sats(before + given.get(backer.address, 0))
        for backer, before in zip(backing.backers, backing.taken, strict=True)
    )
    return msgspec.structs.replace(backing, taken=taken)
