"""The one place where a fact of the pool becomes money moved: events in, ledger lines out.

The books in memory and the read models both apply these lines, so they cannot differ.
"""

from collections.abc import Iterator
from typing import Final, Literal, assert_never

import msgspec

from bithedge.domain.events.pool import (
    BufferChanged,
    CapacityReleased,
    CapacityReserved,
    CollateralAllocated,
    CollateralReleased,
    FundsDeposited,
    FundsWithdrawn,
    LiabilitiesPublished,
    PoolClosed,
    PoolEvent,
    PoolPaused,
    PoolResumed,
    PremiumEarned,
    ProviderExitChanged,
    ProviderReverted,
    WithdrawalLapsed,
    WithdrawalPending,
    WithdrawalRequested,
    WithdrawalReverted,
    WithdrawalVoucherIssued,
)
from bithedge.domain.ids import Address, PolicyNumber, QuoteId
from bithedge.domain.pool.split import split
from bithedge.domain.tiers import Tier

Bucket = Literal["free", "locked", "pending", "unearned"]
"""Where a provider's money is. What is earned is derived: the part of unearned that a height has made."""
Counter = Literal["losses", "fees", "deposited", "withdrawn"]
"""What an account has seen; these only count, and hold no money."""
Column = Bucket | Counter
Cause = Literal[
    "deposit",
    "sale",
    "premium",
    "fee",
    "payout",
    "release",
    "earned",
    "voucher",
    "withdrawal",
    "lapse",
    "escape",
]

BUCKETS: Final[tuple[Bucket, ...]] = ("free", "locked", "pending", "unearned")
COUNTERS: Final[tuple[Counter, ...]] = ("losses", "fees", "deposited", "withdrawn")

# An escape is recorded tier by tier; one that names none must stand somewhere.
_TIER_OF_AN_ESCAPE: Final = Tier.CONSERVATIVE


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `change` sats to one bucket or counter of one account."""

    address: Address
    tier: Tier
    bucket: Column
    change: int
    cause: Cause
    quote_id: QuoteId | None = None
    policy_id: PolicyNumber | None = None

    @property
    def is_money(self) -> bool:
        """Whether it moves money, and so is a line of the provider's ledger."""
        return self.bucket in BUCKETS


class _Account(msgspec.Struct, frozen=True):
    # Whose lines follow, and under which policy.
    address: Address
    tier: Tier
    quote_id: QuoteId | None = None
    policy_id: PolicyNumber | None = None

    def lines(self, cause: Cause, *changes: tuple[Column, int]) -> Iterator[Posting]:
        for bucket, change in changes:
            if change:
                yield Posting(
                    address=self.address,
                    tier=self.tier,
                    bucket=bucket,
                    change=change,
                    cause=cause,
                    quote_id=self.quote_id,
                    policy_id=self.policy_id,
                )


def postings(event: PoolEvent) -> tuple[Posting, ...]:
    """Return the ledger lines of a fact, in a fixed order; none of them is zero.

    A withdrawal's money is pending from `WithdrawalRequested` on. An escape takes from free alone and may
    leave it negative until the money it ran ahead of comes free.
    """
    return tuple(_lines(event))


def _lines(event: PoolEvent) -> Iterator[Posting]:
    match event:
        case CollateralAllocated():
            return _sale(event)
        case CollateralReleased():
            return _release(event)
        case PremiumEarned():
            return _earnings(event)
        case FundsDeposited() | FundsWithdrawn() | WithdrawalRequested() | WithdrawalLapsed():
            return _funds(event)
        case (
            CapacityReserved()
            | CapacityReleased()
            | WithdrawalVoucherIssued()
            | WithdrawalPending()
            | WithdrawalReverted()
            | ProviderReverted()
            | ProviderExitChanged()
            | PoolPaused()
            | PoolResumed()
            | PoolClosed()
            | BufferChanged()
            | LiabilitiesPublished()
        ):
            return iter(())
        case _:
            assert_never(event)


def _sale(event: CollateralAllocated) -> Iterator[Posting]:
    fees = split(event.fee, [backer.share for backer in event.backers])
    for backer, fee in zip(event.backers, fees, strict=True):
        account = _Account(backer.address, event.tier, event.quote_id, event.policy_id)
        yield from account.lines("sale", ("free", -backer.share), ("locked", backer.share))
        yield from account.lines("premium", ("unearned", backer.premium))
        yield from account.lines("fee", ("fees", fee))
    treasury = _Account(event.treasury, event.tier, event.quote_id, event.policy_id)
    yield from treasury.lines("fee", ("free", event.fee), ("deposited", event.fee))


def _release(event: CollateralReleased) -> Iterator[Posting]:
    for part in event.backers:
        account = _Account(part.address, event.tier, event.quote_id, event.policy_id)
        kept = part.share - part.loss
        yield from account.lines("payout", ("locked", -part.loss), ("losses", part.loss))
        yield from account.lines("release", ("locked", -kept), ("free", kept))


def _earnings(event: PremiumEarned) -> Iterator[Posting]:
    for part in event.earnings:
        account = _Account(part.address, event.tier, event.quote_id, event.policy_id)
        yield from account.lines("earned", ("unearned", -part.premium), ("free", part.premium))


def _funds(
    event: FundsDeposited | FundsWithdrawn | WithdrawalRequested | WithdrawalLapsed,
) -> Iterator[Posting]:
    account = _Account(event.address, event.tier or _TIER_OF_AN_ESCAPE)
    amount = event.amount
    match event:
        case FundsDeposited():
            return account.lines("deposit", ("free", amount), ("deposited", amount))
        case WithdrawalRequested():
            return account.lines("voucher", ("free", -amount), ("pending", amount))
        case WithdrawalLapsed():
            return account.lines("lapse", ("pending", -amount), ("free", amount))
        case FundsWithdrawn(withdrawal_id=None):
            return account.lines("escape", ("free", -amount), ("withdrawn", amount))
        case FundsWithdrawn():
            return account.lines("withdrawal", ("pending", -amount), ("withdrawn", amount))
        case _:
            assert_never(event)
