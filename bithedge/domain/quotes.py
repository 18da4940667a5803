"""Quotes: what cover costs now, in which tier, and why not."""

from collections.abc import Mapping, Sequence

import msgspec

from bithedge.domain.errors import (
    DomainError,
    InsufficientCapacityError,
    TooManyReservationsError,
    ValidationFailedError,
)
from bithedge.domain.ids import Address, QuoteId
from bithedge.domain.money import Bps, Height, Sats, UsdE8, ceil_div
from bithedge.domain.payout import Kind, ceiling_price, collateral_for_floor, floor_price
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.capacity import Sellable, Wanted, sellable
from bithedge.domain.pool.commands import SaleLimits
from bithedge.domain.premium import PremiumLines, PremiumRule, TierUse, break_even_price, premium_lines
from bithedge.domain.pricing import Greeks, greeks, years_of
from bithedge.domain.quote_limits import (
    AmountLimits,
    check_amount,
    check_economic,
    check_strike,
    check_tenor,
)
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier, TierParameters
from bithedge.domain.volatility import Variances, VolatilityRule, quoted_volatility, signing_move


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants covered. Exactly one of each pair: max payout or floor, tenor or expiry."""

    kind: Kind
    amount: Sats
    strike: UsdE8
    max_payout: Sats | None
    floor: UsdE8 | None
    tenor: int | None
    expiry: Height | None
    tier: Tier | None
    owner: Address | None


class Pricing(msgspec.Struct, frozen=True, kw_only=True):
    """The rules every quote is made by."""

    volatility: VolatilityRule
    premium: PremiumRule
    tiers: Mapping[Tier, TierParameters]
    amounts: AmountLimits
    valid_blocks: int
    valid_s: int


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The moment a quote is made in."""

    spot: UsdE8
    variances: Variances
    height: Height
    now_ms: int
    limits: SaleLimits


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """Another tier that would take it, and its total."""

    tier: Tier
    total: Sats


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """An indicative price: it reserves and promises nothing."""

    quote_id: QuoteId
    kind: Kind
    owner: Address | None
    amount: Sats
    strike: UsdE8
    max_payout: Sats
    floor: UsdE8 | None
    ceiling: UsdE8 | None
    expiry: Height
    valid_until: Height
    valid_until_s: int
    tier: Tier
    spot: UsdE8
    volatility: float
    years: float
    lines: PremiumLines
    break_even: UsdE8 | None
    greeks: Greeks
    utilisation_after: Bps
    alternatives: tuple[Alternative, ...]

    def terms(self, owner: Address) -> Terms:
        """Return what `owner` signs for if it buys this."""
        return Terms(
            quote_id=self.quote_id,
            owner=owner,
            kind=self.kind,
            strike=self.strike,
            amount=self.amount,
            max_payout=self.max_payout,
            premium=self.lines.total,
            fee=self.lines.fee,
            tier=self.tier,
            expiry=self.expiry,
            valid_until=self.valid_until,
            valid_until_s=self.valid_until_s,
        )


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a tier would back a cover now."""

    tier: Tier
    available: bool
    available_sats: Sats
    largest_payout_sats: Sats
    code: str | None


class _Cover(msgspec.Struct, frozen=True):
    # The request with its pairs resolved.
    kind: Kind
    amount: Sats
    strike: UsdE8
    max_payout: Sats
    expiry: Height
    tenor: int


class _Offer(msgspec.Struct, frozen=True):
    tier: Tier
    lines: PremiumLines
    volatility: float
    utilisation_after: Bps


def price_quote(
    books: Books, request: QuoteRequest, quote_id: QuoteId, *, pricing: Pricing, conditions: Conditions
) -> Quote:
    """Return a quote of the tier asked for, or of the cheapest that can take it.

    Raises:
        DomainError: no tier can; it is the refusal of the tier asked for, or of the nearest to taking it.
    """
    cover = _resolve(request, conditions.height)
    wanted = tuple(Tier) if request.tier is None else (request.tier,)
    offers, refusals = _offers(books, cover, wanted, pricing, conditions)
    if not offers:
        raise _nearest(refusals)
    best = min(offers, key=lambda offer: offer.lines.total)
    others = [tier for tier in Tier if tier not in wanted]
    more, _ = _offers(books, cover, others, pricing, conditions)
    return _quote(request, quote_id, cover, best, [*offers, *more], pricing, conditions)


def availability(
    books: Books, request: QuoteRequest, tier: Tier, *, pricing: Pricing, conditions: Conditions
) -> Availability:
    """Return whether `tier` would back the request, and the most it would; never a refusal."""
    cover = _resolve(request, conditions.height)
    room = _room(books, cover, tier, conditions, amount=None)
    refusal = _refusal(room, cover.max_payout)
    code = None if refusal is None else refusal.code
    try:
        _check(cover, pricing.tiers[tier], conditions.spot, pricing)
    except DomainError as error:
        code = code or error.code
    return Availability(
        tier=tier,
        available=code is None,
        available_sats=Sats(max(0, books.tier(tier).free - books.tier(tier).reserved)),
        largest_payout_sats=room.largest,
        code=code,
    )


def _resolve(request: QuoteRequest, height: Height) -> _Cover:
    tenor = request.tenor if request.expiry is None else request.expiry - height
    if tenor is None:
        raise ValidationFailedError("give tenor_blocks or expiry_height", field="tenor_blocks")
    max_payout = request.max_payout
    if request.floor is not None:
        max_payout = collateral_for_floor(request.strike, request.amount, request.floor)
    if max_payout is None:
        raise ValidationFailedError("give max_payout_sats or floor_usd_e8", field="max_payout_sats")
    return _Cover(request.kind, request.amount, request.strike, max_payout, Height(height + tenor), tenor)


def _offers(
    books: Books, cover: _Cover, tiers: Sequence[Tier], pricing: Pricing, conditions: Conditions
) -> tuple[list[_Offer], list[DomainError]]:
    offers: list[_Offer] = []
    refusals: list[DomainError] = []
    for tier in tiers:
        try:
            offers.append(_offer(books, cover, tier, pricing, conditions))
        except DomainError as refusal:
            refusals.append(refusal)
    return offers, refusals


def _offer(books: Books, cover: _Cover, tier: Tier, pricing: Pricing, conditions: Conditions) -> _Offer:
    parameters = pricing.tiers[tier]
    _check(cover, parameters, conditions.spot, pricing)
    refusal = _refusal(_room(books, cover, tier, conditions, amount=cover.amount), cover.max_payout)
    if refusal is not None:
        raise refusal
    book = books.tier(tier)
    years = years_of(cover.tenor)
    variances = conditions.variances
    volatility = quoted_volatility(
        pricing.volatility, variances, cover.kind, conditions.spot, cover.strike, years
    )
    move = signing_move(
        pricing.volatility,
        variances,
        cover.kind,
        seconds=pricing.premium.buffer_s,
        deviations=pricing.premium.buffer_deviations,
    )
    lines = premium_lines(
        cover.kind,
        conditions.spot,
        cover.strike,
        cover.amount,
        cover.max_payout,
        volatility=volatility,
        years=years,
        move=move,
        tier=parameters,
        use=TierUse(used_sats=Sats(book.used), capital_sats=Sats(book.capital)),
        rule=pricing.premium,
    )
    check_economic(lines.total, cover.max_payout)
    after = ceil_div((book.used + cover.max_payout) * 10_000, book.capital)
    return _Offer(tier, lines, volatility, Bps(after))


def _check(cover: _Cover, parameters: TierParameters, spot: UsdE8, pricing: Pricing) -> None:
    limits = parameters.limits(cover.kind)
    check_amount(cover.amount, cover.max_payout, tier=parameters, limits=pricing.amounts)
    check_strike(cover.kind, spot, cover.strike, cover.amount, cover.max_payout, limits=limits)
    check_tenor(cover.tenor, limits=limits)


def _room(
    books: Books, cover: _Cover, tier: Tier, conditions: Conditions, *, amount: Sats | None
) -> Sellable:
    wanted = Wanted(tier=tier, kind=cover.kind, strike=cover.strike, expiry=cover.expiry, amount=amount)
    return sellable(books, wanted, spot=conditions.spot, height=conditions.height, limits=conditions.limits)


def _refusal(room: Sellable, max_payout: Sats) -> DomainError | None:
    """Return why a cover is not on offer; who holds the capacity matters only to whoever reserves."""
    refusal = room.refusal(max_payout)
    if not isinstance(refusal, TooManyReservationsError):
        return refusal
    return InsufficientCapacityError(
        f"the {room.tier} tier can back {room.largest} sats more now",
        field="max_payout_sats",
        limit=room.largest,
        actual=max_payout,
        reason=room.binding,
    )


def _nearest(refusals: Sequence[DomainError]) -> DomainError:
    """Return the refusal that helps most: the largest room if there is any, else that of the widest tier."""
    full = [refusal for refusal in refusals if isinstance(refusal, InsufficientCapacityError)]
    if full:
        return max(full, key=lambda refusal: refusal.limit if isinstance(refusal.limit, int) else 0)
    return refusals[-1]


def _quote(
    request: QuoteRequest,
    quote_id: QuoteId,
    cover: _Cover,
    best: _Offer,
    offers: Sequence[_Offer],
    pricing: Pricing,
    conditions: Conditions,
) -> Quote:
    terms = (cover.kind, conditions.spot, cover.strike, cover.amount, cover.max_payout)
    is_put = cover.kind is Kind.PUT
    shape = (cover.strike, cover.amount, cover.max_payout)
    return Quote(
        quote_id=quote_id,
        kind=cover.kind,
        owner=request.owner,
        amount=cover.amount,
        strike=cover.strike,
        max_payout=cover.max_payout,
        floor=floor_price(*shape) if is_put else None,
        ceiling=None if is_put else ceiling_price(*shape),
        expiry=cover.expiry,
        valid_until=Height(conditions.height + pricing.valid_blocks),
        valid_until_s=conditions.now_ms // 1_000 + pricing.valid_s,
        tier=best.tier,
        spot=conditions.spot,
        volatility=best.volatility,
        years=years_of(cover.tenor),
        lines=best.lines,
        break_even=break_even_price(cover.kind, cover.strike, cover.amount, best.lines.total),
        greeks=greeks(*terms, best.volatility, years_of(cover.tenor), carry=pricing.premium.carry),
        utilisation_after=best.utilisation_after,
        alternatives=tuple(
            Alternative(tier=offer.tier, total=offer.lines.total)
            for offer in offers
            if offer.tier is not best.tier
        ),
    )
