"""Prices, settings, pools and tiers: what everybody may read."""

from typing import Final

from bithedge.domain.pool.views import TierView
from bithedge.http import answers, requests
from bithedge.http.handlers import market, pool, quotes
from bithedge.http.routes import Route, get
from bithedge.views.oracle import AttestationView, CandleView, OracleView
from bithedge.views.pool import PoolView
from bithedge.views.settings import ConfigView

MARKET: Final[tuple[Route, ...]] = (
    get(
        "/v1/config",
        market.get_config,
        summary="Networks, contracts, keys, tiers and limits",
        tag="market",
        answer=ConfigView,
    ),
    get(
        "/v1/oracle",
        market.get_oracle,
        summary="The price feed",
        tag="market",
        answer=OracleView,
        refusals=("not_ready",),
    ),
    get(
        "/v1/oracle/history",
        market.get_history,
        summary="Candles, oldest first, at most 1,000",
        tag="market",
        query=requests.CandlesQuery,
        answer=answers.CandlesAnswer,
        item=CandleView,
    ),
    get(
        "/v1/oracle/attestation",
        market.get_attestation,
        summary="The signed public price of a burn height",
        tag="market",
        query=requests.AttestationQuery,
        answer=AttestationView,
    ),
)


POOL: Final[tuple[Route, ...]] = (
    get(
        "/v1/pool",
        pool.get_pool,
        summary="The whole pool",
        tag="pool",
        answer=PoolView,
        refusals=("not_ready",),
    ),
    get(
        "/v1/tiers",
        pool.get_tiers,
        summary="Each tier",
        tag="pool",
        answer=answers.TiersAnswer,
        refusals=("not_ready",),
    ),
    get(
        "/v1/tiers/{tier}",
        pool.get_tier,
        summary="One tier",
        tag="pool",
        answer=TierView,
        refusals=("not_ready",),
    ),
    get(
        "/v1/tiers/{tier}/availability",
        quotes.get_availability,
        summary="Whether a tier would back a cover now",
        tag="pool",
        query=requests.AvailabilityQuery,
        answer=answers.AvailabilityAnswer,
        refusals=("oracle_stale", "not_ready"),
    ),
)
