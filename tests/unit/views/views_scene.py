"""A moment and the things in it that views are made of."""

from bithedge.config import Depth
from bithedge.domain.ids import Address, PolicyNumber, QuoteId, Txid
from bithedge.domain.market import Market, SourceReading, Tip
from bithedge.domain.money import Bps, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy, Settlement, Standing, Status
from bithedge.domain.premium import PremiumRule
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import Pricing
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.domain.volatility import Variances, VolatilityRule
from bithedge.views.context import ViewContext

OWNER = Address("ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5")
QUOTE = QuoteId("q_" + "ab" * 16)
TXID = Txid("0x" + "cd" * 32)
NOW_MS = 1_790_000_000_000
TIP = Tip(
    block_height=500,
    burn_height=Height(1_000),
    hash="0x" + "11" * 32,
    at_ms=NOW_MS - 2_000,
    mean_burn_block_ms=600_000,
)
PRICING = Pricing(
    volatility=VolatilityRule(),
    premium=PremiumRule(),
    tiers=DEFAULT_TIERS,
    amounts=AmountLimits(),
    valid_blocks=2,
    valid_s=600,
)


def usd(dollars: int) -> UsdE8:
    return UsdE8(dollars * 100_000_000)


def a_market(spot: int | None = 65_000, *, stale: bool = False) -> Market:
    return Market(
        spot=None if spot is None else usd(spot),
        observed_at_ms=None if spot is None else NOW_MS - 1_000,
        stale=stale,
        suspended=False,
        reason="no source answers" if stale else None,
        change_24h_bps=-120,
        high_24h=usd(66_000),
        low_24h=usd(64_000),
        sources=(
            SourceReading(
                name="fixed",
                price_usd_e8=usd(65_000),
                observed_at_ms=NOW_MS - 1_500,
                weight_bps=Bps(10_000),
                used=True,
            ),
        ),
        variances=Variances(fast=0.36, slow=0.36),
    )


def a_context(
    *, market: Market | None = None, tip: Tip | None = TIP, spot: int | None = 65_000
) -> ViewContext:
    return ViewContext(
        market=market or a_market(spot),
        tip=tip,
        depth=Depth(confirmed=1, final=6),
        pricing=PRICING,
        now_ms=NOW_MS,
    )


def terms(kind: Kind = Kind.PUT, *, strike: int = 60_000, max_payout: int = 10_000_000) -> Terms:
    return Terms(
        quote_id=QUOTE,
        owner=OWNER,
        kind=kind,
        strike=usd(strike),
        amount=Sats(10_000_000),
        max_payout=Sats(max_payout),
        premium=Sats(400_000),
        fee=Sats(20_000),
        tier=Tier.BALANCED,
        expiry=Height(5_000),
        valid_until=Height(902),
        valid_until_s=1_789_999_000,
    )


def a_policy(
    status: Status = Status.ACTIVE,
    *,
    kind: Kind = Kind.PUT,
    standing_at: tuple[int, int] | None = (451, 995),
    settlement: Settlement | None = None,
    max_payout: int = 10_000_000,
) -> Policy:
    standing = None
    if standing_at is not None:
        standing = Standing(block_height=standing_at[0], burn_height=Height(standing_at[1]), txid=TXID)
    return Policy(
        terms=terms(kind, max_payout=max_payout),
        status=status,
        policy_id=PolicyNumber(7),
        start=Height(900),
        spot_at_sale=usd(65_000),
        volatility_at_sale=0.66,
        created_txid=TXID,
        standing=standing,
        settlement=settlement,
        created_at_ms=1_789_998_000_123,
        updated_seq=42,
    )
