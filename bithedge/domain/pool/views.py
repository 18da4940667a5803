"""The books as the interface shows them: plain structs with the wire's names and units."""

from typing import Literal

import msgspec

from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId
from bithedge.domain.money import WHOLE, Bps, Height, Sats, UsdE8
from bithedge.domain.payout import Kind, ceiling_price, floor_price
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.capacity import crash_bps
from bithedge.domain.pool.commands import WithdrawalLimits
from bithedge.domain.pool.health import Leaver, health, pool_checks, withdrawable
from bithedge.domain.pool.tier_book import TierBook
from bithedge.domain.premium import TierUse
from bithedge.domain.tiers import Tier, TierParameters

TierHealth = Literal["healthy", "stretched", "at_limit"]


class TierAccountView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's money in one tier; `unearned_sats` is without what is earned."""

    tier: Tier
    free_sats: Sats
    locked_sats: Sats
    pending_sats: Sats
    earned_sats: Sats
    unearned_sats: Sats
    fees_sats: Sats
    losses_sats: Sats
    deposited_sats: Sats
    withdrawn_sats: Sats
    withdrawable_sats: Sats
    active_policies: int
    yield_bps: Bps
    exit: bool
    backs_from_height: Height | None
    """The height from which an address that left exit mode backs new policies again."""
    health: TierHealth


class PortfolioView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider in all its tiers; times are Unix milliseconds."""

    address: Address
    tiers: tuple[TierAccountView, ...]
    total_sats: Sats
    first_deposit_ms: int | None
    last_activity_ms: int | None


class BackingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's money stands behind; the policy's status is the policy's to tell."""

    policy_id: PolicyNumber
    quote_id: QuoteId
    tier: Tier
    kind: Kind
    strike_usd_e8: UsdE8
    floor_usd_e8: UsdE8 | None
    ceiling_usd_e8: UsdE8 | None
    expiry_height: Height
    share_sats: Sats
    share_bps: Bps
    owed_now_sats: Sats
    premium_sats: Sats
    earned_sats: Sats


class BackerView(msgspec.Struct, frozen=True, kw_only=True):
    """Who backs a policy."""

    address: Address
    share_sats: Sats
    share_bps: Bps


class TierView(msgspec.Struct, frozen=True, kw_only=True):
    """One tier's figures; `free_sats` is without what is reserved."""

    tier: Tier
    parameters: TierParameters
    total_sats: Sats
    free_sats: Sats
    locked_sats: Sats
    reserved_sats: Sats
    utilisation_bps: Bps
    providers: int
    active_policies: int
    premiums_earned_sats: Sats
    losses_sats: Sats
    yield_bps: Bps
    worst_30d_bps: Bps
    crash_bps: Bps | None
    """None while there is no price."""


class LiabilitiesRoot(msgspec.Struct, frozen=True, kw_only=True):
    """The last root on chain."""

    root: Hex
    as_of_height: Height
    published_height: Height


class PoolView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole pool; pauses and reconciliation are the caller's to add."""

    vault_sats: Sats
    available_sats: Sats
    locked_sats: Sats
    buffer_sats: Sats
    reserved_sats: Sats
    premiums_sats: Sats
    payouts_sats: Sats
    protected_sats: Sats
    utilisation_bps: Bps
    active_policies: int
    policies_sold: int
    policies_settled: int
    policies_expired: int
    providers: int
    closed: bool
    liabilities: LiabilitiesRoot | None


def portfolio(
    books: Books, address: Address, *, height: Height, limits: WithdrawalLimits | None = None
) -> PortfolioView | None:
    """Return a provider's money in every tier; None for an address that never provided.

    Args:
        books: the pool's books.
        address: whose.
        height: up to which premium counts as earned.
        limits: what the contract lets this provider take out; without them `withdrawable_sats` is by the
            books alone.
    """
    accounts = books.accounts_of(address)
    if not accounts:
        return None
    activity = books.activity.get(address)
    return PortfolioView(
        address=address,
        tiers=tuple(_tier_account(books, account, height, limits) for account in accounts),
        total_sats=Sats(sum(account.equity for account in accounts)),
        first_deposit_ms=activity.first_deposit_ms if activity is not None else None,
        last_activity_ms=activity.last_ms if activity is not None else None,
    )


def backings(books: Books, address: Address, *, height: Height, spot: UsdE8) -> tuple[BackingView, ...]:
    """Return what a provider's money stands behind now, tier by tier, oldest first."""
    return tuple(
        _backing(policy, place, height, spot)
        for book in books.tiers.values()
        for policy, place in book.backed_by(address)
    )


def backers_of(backing: Backing) -> tuple[BackerView, ...]:
    """Return who backs a live policy."""
    return tuple(
        BackerView(
            address=backer.address,
            share_sats=backer.share,
            share_bps=_share(backer.share, backing.max_payout),
        )
        for backer in backing.backers
    )


def tier_view(books: Books, tier: Tier, *, height: Height, spot: UsdE8 | None) -> TierView:
    """Return a tier's figures at a height and spot."""
    book = books.tier(tier)
    made = book.earned_by_all(height)
    return TierView(
        tier=tier,
        parameters=books.parameters[tier],
        total_sats=Sats(book.capital),
        free_sats=Sats(book.free - book.reserved),
        locked_sats=Sats(book.locked),
        reserved_sats=Sats(book.reserved),
        utilisation_bps=book.utilisation_bps,
        providers=book.providers,
        active_policies=len(book.policies),
        premiums_earned_sats=Sats(book.premiums_earned + made),
        losses_sats=Sats(book.losses),
        yield_bps=book.track.yield_bps(height, made=made, capital=Sats(book.capital)),
        worst_30d_bps=book.track.worst_30d_bps,
        crash_bps=crash_bps(books, tier, spot) if spot is not None else None,
    )


def pool_view(books: Books) -> PoolView:
    """Return the pool's figures."""
    totals, counts, tiers = books.totals, books.counts, books.tiers.values()
    root = books.liabilities
    return PoolView(
        vault_sats=Sats(totals.available + totals.locked + totals.buffer),
        available_sats=totals.available,
        locked_sats=totals.locked,
        buffer_sats=books.buffer,
        reserved_sats=books.reservations.total,
        premiums_sats=counts.premiums,
        payouts_sats=counts.payouts,
        protected_sats=Sats(sum(book.protected for book in tiers)),
        utilisation_bps=books.utilisation_bps,
        active_policies=sum(len(book.policies) for book in tiers),
        policies_sold=counts.sold,
        policies_settled=counts.settled,
        policies_expired=counts.expired,
        providers=books.providers,
        closed=books.closed,
        liabilities=None
        if root is None
        else LiabilitiesRoot(root=root.root, as_of_height=root.as_of, published_height=root.published),
    )


def tier_use(books: Books, tier: Tier) -> TierUse:
    """Return how full a tier is, as the utilisation loading wants it."""
    book = books.tier(tier)
    return TierUse(used_sats=Sats(book.used), capital_sats=Sats(book.capital))


def tier_health(book: TierBook, parameters: TierParameters) -> TierHealth:
    """Return `healthy` up to the kink, `at_limit` at the cap and above, `stretched` between."""
    if book.used * WHOLE >= parameters.utilisation_cap_bps * book.capital > 0:
        return "at_limit"
    if book.used * WHOLE > parameters.utilisation_kink_bps * book.capital:
        return "stretched"
    return "healthy"


def _tier_account(
    books: Books, account: Account, height: Height, limits: WithdrawalLimits | None
) -> TierAccountView:
    book = books.tier(account.tier)
    earned = book.earned_of(account.address, height)
    track = book.track_of(account.address)
    return TierAccountView(
        tier=account.tier,
        free_sats=account.free,
        locked_sats=account.locked,
        pending_sats=account.pending,
        earned_sats=earned,
        unearned_sats=Sats(account.unearned - earned),
        fees_sats=account.fees,
        losses_sats=account.losses,
        deposited_sats=account.deposited,
        withdrawn_sats=account.withdrawn,
        withdrawable_sats=_withdrawable(books, account, height, limits),
        active_policies=book.backings_of(account.address),
        yield_bps=track.yield_bps(height, made=earned, capital=account.balance),
        exit=book.is_treasury(account.address) or book.exit_began(account.address) is not None,
        backs_from_height=book.rests_until(account.address),
        health=tier_health(book, books.parameters[account.tier]),
    )


def _withdrawable(books: Books, account: Account, height: Height, limits: WithdrawalLimits | None) -> Sats:
    leaver = Leaver(address=account.address, tier=account.tier, amount=Sats(0), height=height)
    if limits is not None:
        # The largest amount does not depend on spot, which only moves the stress.
        return health(books, leaver, limits=limits, spot=UsdE8(1)).largest_sats
    most = withdrawable(books, account.address, account.tier, height)
    return Sats(min(most, *(check.largest_sats for check in pool_checks(books, leaver))))


def _backing(policy: Backing, place: int, height: Height, spot: UsdE8) -> BackingView:
    backer = policy.backers[place]
    is_put = policy.kind is Kind.PUT
    covers = (policy.strike, policy.amount, policy.max_payout)
    return BackingView(
        policy_id=policy.policy_id,
        quote_id=policy.quote_id,
        tier=policy.tier,
        kind=policy.kind,
        strike_usd_e8=policy.strike,
        floor_usd_e8=floor_price(*covers) if is_put else None,
        ceiling_usd_e8=None if is_put else ceiling_price(*covers),
        expiry_height=policy.expiry,
        share_sats=backer.share,
        share_bps=_share(backer.share, policy.max_payout),
        owed_now_sats=Sats(policy.payout_at(spot) * backer.share // policy.max_payout),
        premium_sats=backer.premium,
        earned_sats=Sats(policy.taken[place] + policy.accrued(place, height)),
    )


def _share(part: Sats, whole: Sats) -> Bps:
    return Bps(part * WHOLE // whole)
