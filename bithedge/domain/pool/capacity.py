"""What may still be sold: the least of all limits, and which of them it is."""

from itertools import islice, pairwise
from typing import Literal

import msgspec

from bithedge.domain.errors import (
    DomainError,
    InsufficientCapacityError,
    PoolClosedError,
    SellingPausedError,
    TooManyReservationsError,
)
from bithedge.domain.money import WHOLE, Bps, Height, Sats, UsdE8, bps_of
from bithedge.domain.payout import Kind, payout
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.commands import SaleLimits
from bithedge.domain.pool.tier_book import TierBook
from bithedge.domain.tiers import Tier

LimitName = Literal[
    "tier_free",
    "tier_utilisation",
    "pool_utilisation",
    "crash_limit",
    "available",
    "sale_window",
    "reservation_share",
]
SaleCode = Literal["pool_closed", "selling_paused", "insufficient_capacity", "too_many_reservations"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The cover somebody asks for; without an amount the crash limit takes the worst one."""

    tier: Tier
    kind: Kind
    strike: UsdE8
    expiry: Height
    amount: Sats | None = None


class Sellable(msgspec.Struct, frozen=True, kw_only=True):
    """The largest max payout that may be sold now, and why no more."""

    tier: Tier
    largest: Sats
    largest_alone: Sats
    """The same if no other reservation used up the share that reservations may hold."""
    binding: LimitName
    stopped: Literal["pool_closed", "selling_paused"] | None
    wait_s: int
    """After how long on average a reservation of the tier ends at the latest, seconds."""

    def code(self, max_payout: Sats) -> SaleCode | None:
        """Return why `max_payout` cannot be reserved now; None if it can."""
        if self.stopped is not None:
            return self.stopped
        if max_payout <= self.largest:
            return None
        return "too_many_reservations" if max_payout <= self.largest_alone else "insufficient_capacity"

    def refusal(self, max_payout: Sats) -> DomainError | None:
        """Return the refusal of `max_payout`; None if it can be reserved now."""
        match self.code(max_payout):
            case None:
                return None
            case "pool_closed":
                return PoolClosedError("the pool is closed and sells nothing any more")
            case "selling_paused":
                return SellingPausedError("sales are paused on chain")
            case "too_many_reservations":
                return TooManyReservationsError(
                    "other reservations hold this capacity", retry_after_s=self.wait_s
                )
            case "insufficient_capacity":
                return InsufficientCapacityError(
                    f"the {self.tier} tier can back {self.largest} sats more now",
                    field="max_payout_sats",
                    limit=self.largest,
                    actual=max_payout,
                    reason=self.binding,
                )


def sellable(books: Books, wanted: Wanted, *, spot: UsdE8, height: Height, limits: SaleLimits) -> Sellable:
    """Return what may be reserved now for a cover: sats, rounded down.

    Args:
        books: the pool's books.
        wanted: tier, kind, strike, expiry and, where it is known, amount.
        spot: the price the crash limit starts from.
        height: now.
        limits: what the contract still lets be sold.
    """
    book = books.tier(wanted.tier)
    cap = books.parameters[wanted.tier].utilisation_cap_bps
    held = books.reservations.total
    rooms: dict[LimitName, int] = {
        "tier_free": backable(book, wanted.expiry),
        "tier_utilisation": bps_of(book.capital, cap) - book.used,
        "pool_utilisation": bps_of(books.capital, books.rules.pool_utilisation_cap_bps) - books.used,
        "crash_limit": _crash_room(books, wanted, spot),
        "available": limits.available - held - books.vouchers.total,
        "sale_window": limits.window - held,
    }
    share = bps_of(book.free, books.rules.reservation_share_bps)
    alone = min(*rooms.values(), share)
    rooms["reservation_share"] = share - book.reserved
    binding = min(rooms, key=lambda name: rooms[name])
    return Sellable(
        tier=wanted.tier,
        largest=Sats(max(0, rooms[binding])),
        largest_alone=Sats(max(0, alone)),
        binding=binding,
        stopped=_stopped(books, height),
        wait_s=_wait_s(books, wanted.tier, height),
    )


def backable(book: TierBook, expiry: Height) -> int:
    """Return what `max_backers` accounts can surely back after all reservations were bought: sats.

    Reservations may fall on any account, so the largest rooms are thought lowered to one level until what is
    reserved has been taken off them.
    """
    rules = book.rules
    probed = islice(book.by_free(), rules.probe_factor * rules.max_backers)
    rooms = sorted((book.room(account, expiry) for account in probed), reverse=True)
    level = _level(rooms, book.reserved)
    return sum(min(room, level) for room in rooms[: rules.max_backers])


def crash_bps(books: Books, tier: Tier, spot: UsdE8) -> Bps:
    """Return what a tier's live policies owe if spot moves at once by the crash move, the worse side.

    Per capital, rounded up; 0 without capital.
    """
    book = books.tier(tier)
    worst = max(book.live.owed_at(price) for price in _crash_prices(books, spot))
    return Bps(-(-worst * WHOLE // book.capital) if book.capital > 0 else 0)


def free_share_bps(books: Books, tier: Tier) -> Bps:
    """Return the part of a tier's capital that is neither locked nor reserved, rounded down.

    A tier without capital has nothing to run out of: all of it.
    """
    book = books.tier(tier)
    return Bps((book.free - book.reserved) * WHOLE // book.capital if book.capital > 0 else WHOLE)


def _level(rooms: list[int], taken: int) -> int:
    # The height to which the tallest rooms are lowered so that `taken` comes off; `rooms` fall.
    above = 0
    for count, (room, lower) in enumerate(pairwise([*rooms, 0]), start=1):
        above += count * (room - lower)
        if above >= taken:
            return lower + (above - taken) // count
    return 0


def _crash_prices(books: Books, spot: UsdE8) -> tuple[UsdE8, UsdE8]:
    move = books.rules.crash_move_bps
    return (
        UsdE8(max(1, spot * (WHOLE - move) // WHOLE)),
        UsdE8(spot * (WHOLE + move) // WHOLE),
    )


def _crash_room(books: Books, wanted: Wanted, spot: UsdE8) -> int:
    book = books.tier(wanted.tier)
    limit = bps_of(book.capital, books.parameters[wanted.tier].crash_limit_bps)
    rooms = [book.capital]
    for price in _crash_prices(books, spot):
        room = limit - book.live.owed_at(price) - book.prepared.owed_at(price)
        if _gain(wanted, price, at_most=Sats(book.capital)) > room:
            rooms.append(room)
    return min(rooms)


def _gain(wanted: Wanted, price: UsdE8, *, at_most: Sats) -> Sats:
    # Without an amount, one so large that any gain reaches `at_most`.
    amount = wanted.amount if wanted.amount is not None else Sats(at_most * price)
    return payout(wanted.kind, wanted.strike, amount, at_most, price)


def _stopped(books: Books, height: Height) -> Literal["pool_closed", "selling_paused"] | None:
    if books.closed:
        return "pool_closed"
    return "selling_paused" if books.is_paused("sales", height) else None


def _wait_s(books: Books, tier: Tier, height: Height) -> int:
    last = min((held.valid_until for held in books.reservations if held.tier is tier), default=height)
    return books.rules.wait_s(last + books.rules.final_blocks - height)
