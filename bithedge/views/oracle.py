"""The price feed: its state, its candles, a signed price."""

from collections.abc import Sequence
from typing import Final

from bithedge.domain.errors import NotReadyError
from bithedge.domain.ids import Hex
from bithedge.domain.market import Market
from bithedge.domain.money import Bps, Height, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.pricing import years_of
from bithedge.domain.volatility import quoted_volatility
from bithedge.storage.keeping import Candle
from bithedge.storage.ports import Attested
from bithedge.views.base import View
from bithedge.views.context import ViewContext
from bithedge.views.times import rfc3339

TENORS: Final = (144, 1_008, 4_320, 12_960, 25_920)
"""The tenors whose volatility is shown: a day, a week, 30, 90 and 180 days of burn blocks."""


class SourceView(View, frozen=True, kw_only=True):
    """What one venue said last."""

    name: str
    price_usd_e8: UsdE8
    age_ms: int
    weight_bps: Bps
    used: bool


class VolatilityView(View, frozen=True, kw_only=True):
    """What a put at the money is priced at, per square root of a year."""

    tenor_blocks: int
    volatility: float


class OracleView(View, frozen=True, kw_only=True):
    """The feed as it stands; `reason` says why it is stale or suspended."""

    spot_usd_e8: UsdE8 | None
    observed_at: str | None
    stale: bool
    suspended: bool
    reason: str | None
    change_24h_bps: int | None
    high_24h_usd_e8: UsdE8 | None
    low_24h_usd_e8: UsdE8 | None
    sources: tuple[SourceView, ...]
    volatilities: tuple[VolatilityView, ...]


class CandleView(View, frozen=True, kw_only=True):
    """The prices of one interval, which begins at `at`."""

    at: str
    open_usd_e8: UsdE8
    high_usd_e8: UsdE8
    low_usd_e8: UsdE8
    close_usd_e8: UsdE8


class SignatureView(View, frozen=True, kw_only=True):
    """One attestor's hand."""

    public_key: Hex
    signature: Hex


class AttestationView(View, frozen=True, kw_only=True):
    """The one public price of a burn height, signed."""

    price_usd_e8: UsdE8
    height: Height
    threshold: int
    attestations: tuple[SignatureView, ...]


def oracle_view(context: ViewContext) -> OracleView:
    """Return the feed's state.

    Raises:
        NotReadyError: it has not spoken yet.
    """
    market = context.market
    if market is None:
        raise NotReadyError("the price feed has not spoken yet", retry_after_s=2)
    return OracleView(
        spot_usd_e8=market.spot,
        observed_at=rfc3339(market.observed_at_ms),
        stale=market.stale,
        suspended=market.suspended,
        reason=market.reason,
        change_24h_bps=market.change_24h_bps,
        high_24h_usd_e8=market.high_24h,
        low_24h_usd_e8=market.low_24h,
        sources=tuple(
            SourceView(
                name=source.name,
                price_usd_e8=source.price_usd_e8,
                age_ms=max(0, context.now_ms - source.observed_at_ms),
                weight_bps=source.weight_bps,
                used=source.used,
            )
            for source in market.sources
        ),
        volatilities=() if market.spot is None else _volatilities(market, market.spot, context),
    )


def candle_view(candle: Candle) -> CandleView:
    """Return a candle as the interface shows it."""
    return CandleView(
        at=rfc3339(candle.at_ms),
        open_usd_e8=candle.opening,
        high_usd_e8=candle.high,
        low_usd_e8=candle.low,
        close_usd_e8=candle.closing,
    )


def attestation_view(attested: Sequence[Attested], *, threshold: int) -> AttestationView:
    """Return the public price that one or more attestors signed alike."""
    first = attested[0]
    return AttestationView(
        price_usd_e8=first.price,
        height=first.height,
        threshold=threshold,
        attestations=tuple(
            SignatureView(public_key=one.public_key, signature=one.signature) for one in attested
        ),
    )


def _volatilities(market: Market, spot: UsdE8, context: ViewContext) -> tuple[VolatilityView, ...]:
    rule = context.pricing.volatility
    return tuple(
        VolatilityView(
            tenor_blocks=tenor,
            volatility=quoted_volatility(rule, market.variances, Kind.PUT, spot, spot, years_of(tenor)),
        )
        for tenor in TENORS
    )
