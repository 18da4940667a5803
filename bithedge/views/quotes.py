"""An indicative quote."""

from bithedge.domain.ids import Address, QuoteId
from bithedge.domain.money import Bps, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.premium import MarginBasis, PremiumLines
from bithedge.domain.pricing import Greeks
from bithedge.domain.quotes import Quote
from bithedge.domain.tiers import Tier
from bithedge.views.base import View
from bithedge.views.context import ViewContext
from bithedge.views.times import rfc3339


class PremiumView(View, frozen=True, kw_only=True):
    """What the buyer pays, and for what: the first four add up to the total."""

    fair_value_sats: Sats
    margin_sats: Sats
    utilisation_sats: Sats
    fee_sats: Sats
    total_sats: Sats


class AlternativeView(View, frozen=True, kw_only=True):
    """Another tier that would take it, and its total."""

    tier: Tier
    total_sats: Sats


class QuoteView(View, frozen=True, kw_only=True):
    """What cover would cost now; it reserves and promises nothing."""

    quote_id: QuoteId
    kind: Kind
    owner: Address | None
    amount_sats: Sats
    strike_usd_e8: UsdE8
    max_payout_sats: Sats
    floor_usd_e8: UsdE8 | None
    ceiling_usd_e8: UsdE8 | None
    expiry_height: Height
    expiry_estimate_at: str | None
    valid_until_height: Height
    valid_until_at: str
    tier: Tier
    spot_usd_e8: UsdE8
    volatility: float
    years: float
    premium: PremiumView
    margin_basis: MarginBasis
    break_even_usd_e8: UsdE8 | None
    greeks: Greeks
    utilisation_after_bps: Bps
    alternatives: tuple[AlternativeView, ...]


def quote_view(quote: Quote, context: ViewContext) -> QuoteView:
    """Return a quote as the interface shows it."""
    return QuoteView(
        quote_id=quote.quote_id,
        kind=quote.kind,
        owner=quote.owner,
        amount_sats=quote.amount,
        strike_usd_e8=quote.strike,
        max_payout_sats=quote.max_payout,
        floor_usd_e8=quote.floor,
        ceiling_usd_e8=quote.ceiling,
        expiry_height=quote.expiry,
        expiry_estimate_at=context.estimate_at(quote.expiry),
        valid_until_height=quote.valid_until,
        valid_until_at=rfc3339(quote.valid_until_s * 1_000),
        tier=quote.tier,
        spot_usd_e8=quote.spot,
        volatility=quote.volatility,
        years=quote.years,
        premium=_premium(quote.lines),
        margin_basis=quote.lines.margin_basis,
        break_even_usd_e8=quote.break_even,
        greeks=quote.greeks,
        utilisation_after_bps=quote.utilisation_after,
        alternatives=tuple(
            AlternativeView(tier=other.tier, total_sats=other.total) for other in quote.alternatives
        ),
    )


def _premium(lines: PremiumLines) -> PremiumView:
    return PremiumView(
        fair_value_sats=lines.fair_value,
        margin_sats=lines.margin,
        utilisation_sats=lines.utilisation,
        fee_sats=lines.fee,
        total_sats=lines.total,
    )
