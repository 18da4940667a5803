"""The health check of a withdrawal: what its leaver does to the others, and what the chain still lets out."""

from typing import Final, Literal

import msgspec

from bithedge.domain.ids import Address
from bithedge.domain.money import WHOLE, Bps, Height, Sats, UsdE8, ceil_div
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.commands import WithdrawalLimits
from bithedge.domain.pool.tier_book import TierBook
from bithedge.domain.tiers import Tier

CheckName = Literal[
    "reservations",
    "tier_utilisation",
    "pool_utilisation",
    "outflow_window",
    "yield_cap",
    "profit_window",
]
STRESS_BPS: Final = (-1_000, -3_000, -5_000)
_ONE_BTC: Final = 100_000_000


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of the health check: what it would be, what it may be, the largest amount that passes."""

    name: CheckName
    unit: Literal["sats", "bps"]
    value: int
    limit: int
    largest_sats: Sats
    ok: bool


class Stress(msgspec.Struct, frozen=True, kw_only=True):
    """What a sudden move of spot costs a provider: sats, bps of its money, and what that is then worth."""

    change_bps: int
    loss_sats: Sats
    loss_bps: Bps
    worth_usd_e8: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer; `stress` is shown and never a reason."""

    ok: bool
    largest_sats: Sats
    height: Height
    checks: tuple[Check, ...]
    stress: tuple[Stress, ...]


class Leaver(msgspec.Struct, frozen=True, kw_only=True):
    """Who would take how much out of which tier, at which height."""

    address: Address
    tier: Tier
    amount: Sats
    height: Height


def withdrawable(books: Books, address: Address, tier: Tier, height: Height) -> Sats:
    """Return free + earned of an account, at least 0 and at most what its address has in all tiers.

    A tier may owe: where a reorg took a deposit away and left the withdrawal. Others would bear the debt.
    """
    book = books.tier(tier)
    earned = book.earned_of(address, height)
    in_all = sum(account.free for account in books.accounts_of(address))
    return Sats(max(0, earned + min(book.account(address).free, in_all)))


def health(books: Books, leaver: Leaver, *, limits: WithdrawalLimits, spot: UsdE8) -> Health:
    """Return the six checks of a withdrawal in their order, and its stress ladder.

    Utilisations are rounded up, so that a figure within its limit is one that passes.

    Args:
        books: the pool's books, before the withdrawal and before its earned premium is handed out.
        leaver: who takes out what, where and when.
        limits: what the contract still lets this provider take out.
        spot: the price the stress starts from.
    """
    most = withdrawable(books, leaver.address, leaver.tier, leaver.height)
    checks = (*pool_checks(books, leaver), *_chain_checks(books, leaver, limits, most))
    return Health(
        ok=leaver.amount <= most and all(check.ok for check in checks),
        largest_sats=Sats(min(most, *(check.largest_sats for check in checks))),
        height=leaver.height,
        checks=checks,
        stress=stress(books, leaver, spot),
    )


def pool_checks(books: Books, leaver: Leaver) -> tuple[Check, ...]:
    """Return the three checks that the books alone decide."""
    book = books.tier(leaver.tier)
    most = withdrawable(books, leaver.address, leaver.tier, leaver.height)
    # The treasury's money is no capital: taking it out changes nothing for anyone.
    counts = not book.is_treasury(leaver.address)
    earned = book.earned_of(leaver.address, leaver.height) if counts else 0
    left = leaver.amount if counts else 0
    free = book.free + earned
    bound = free - book.reserved if counts else most
    waived = not counts or _has_waited(books, book, leaver)
    return (
        Check(
            name="reservations",
            unit="sats",
            value=free - left,
            limit=book.reserved,
            largest_sats=_between(bound, most),
            ok=left <= bound,
        ),
        _utilisation(
            "tier_utilisation",
            _Use(book.used, book.capital + earned, books.parameters[leaver.tier].utilisation_cap_bps),
            left=left,
            most=most,
            waived=waived,
        ),
        _utilisation(
            "pool_utilisation",
            _Use(books.used, books.capital + earned, books.rules.pool_utilisation_cap_bps),
            left=left,
            most=most,
            waived=waived,
        ),
    )


def stress(books: Books, leaver: Leaver, spot: UsdE8) -> tuple[Stress, ...]:
    """Return what falls of spot cost the provider's tier account as it is after the withdrawal.

    Losses are rounded up; the share of loss is of all the account's money, and the worth is of what is left.
    """
    book = books.tier(leaver.tier)
    stake = max(0, book.account(leaver.address).equity - leaver.amount)
    return tuple(_stress(book, leaver.address, stake, change, spot) for change in STRESS_BPS)


def _stress(book: TierBook, address: Address, stake: int, change: int, spot: UsdE8) -> Stress:
    price = UsdE8(max(1, spot * (WHOLE + change) // WHOLE))
    loss = sum(
        ceil_div(backing.payout_at(price) * backing.backers[place].share, backing.max_payout)
        for backing, place in book.backed_by(address)
    )
    return Stress(
        change_bps=change,
        loss_sats=Sats(loss),
        loss_bps=Bps(ceil_div(loss * WHOLE, stake) if stake > 0 else 0),
        worth_usd_e8=max(0, stake - loss) * price // _ONE_BTC,
    )


class _Use(msgspec.Struct, frozen=True):
    # Sats in use, of how much capital, and how full it may be.
    used: int
    capital: int
    cap: Bps


def _utilisation(name: CheckName, use: _Use, *, left: int, most: Sats, waived: bool) -> Check:
    after = use.capital - left
    bound = use.capital - ceil_div(use.used * WHOLE, use.cap)
    empty = WHOLE if use.used > 0 else 0
    return Check(
        name=name,
        unit="bps",
        value=ceil_div(use.used * WHOLE, after) if after > 0 else empty,
        limit=use.cap,
        largest_sats=most if waived else _between(bound, most),
        ok=waived or left <= bound,
    )


def _has_waited(books: Books, book: TierBook, leaver: Leaver) -> bool:
    began = book.exit_began(leaver.address)
    return began is not None and leaver.height >= began + books.rules.exit_blocks


def _chain_checks(
    books: Books, leaver: Leaver, limits: WithdrawalLimits, most: Sats
) -> tuple[Check, Check, Check]:
    promised = books.vouchers.total
    own = books.vouchers.held_for(leaver.address)
    # The contract's own free money bounds what leaves as its window does, and signed quotes come first.
    outflow = max(0, min(limits.outflow, limits.available - books.reservations.total))
    principal = max(0, limits.principal - own)
    profits = max(0, own - limits.principal) + _profits_of_others(books, leaver.address)
    return (
        _sats("outflow_window", leaver.amount + promised, outflow, outflow - promised, leaver.amount, most),
        _sats("yield_cap", leaver.amount + own, limits.lifetime, limits.lifetime - own, leaver.amount, most),
        _sats(
            "profit_window",
            max(0, leaver.amount - principal) + profits,
            limits.profit,
            principal + max(0, limits.profit - profits),
            leaver.amount,
            most,
        ),
    )


def _sats(name: CheckName, value: int, limit: int, bound: int, amount: Sats, most: Sats) -> Check:
    return Check(
        name=name,
        unit="sats",
        value=value,
        limit=limit,
        largest_sats=_between(bound, most),
        ok=amount <= bound,
    )


def _profits_of_others(books: Books, address: Address) -> int:
    # What live vouchers of others take beyond what their holders had put in.
    return sum(
        max(0, books.vouchers.held_for(other) - books.principal_of(other))
        for other in books.vouchers.holders()
        if other != address
    )


def _between(bound: int, most: Sats) -> Sats:
    return Sats(max(0, min(bound, most)))
