"""Prices, settings, pools and tiers: what everybody may read."""

from typing import Final

from bithedge.domain.pool.risk_views import LiabilitiesView, StressView
from bithedge.domain.pool.views import TierView
from bithedge.http import answers, requests
from bithedge.http.handlers import market, pool, proof, quotes
from bithedge.http.routes import Route, get
from bithedge.views.oracle import AttestationView, CandleView, OracleView
from bithedge.views.pool import PoolView
from bithedge.views.proof import ProofView
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
        "/v1/pool/liabilities",
        pool.get_liabilities,
        summary="The live policies by strike and expiry week",
        tag="pool",
        query=requests.LiabilitiesQuery,
        answer=LiabilitiesView,
        refusals=("oracle_stale", "not_ready"),
    ),
    get(
        "/v1/pool/stress",
        pool.get_stress,
        summary="What is owed if the price moved at once",
        tag="pool",
        answer=StressView,
        refusals=("oracle_stale", "not_ready"),
    ),
    get(
        "/v1/pool/history",
        pool.get_history,
        summary="What went in and out by day or week, oldest first, at most 1,000",
        tag="pool",
        query=requests.HistoryQuery,
        answer=answers.HistoryAnswer,
    ),
    get(
        "/v1/pool/proof",
        proof.get_proof,
        summary="The books beside the chain's own figures, and how to read those",
        tag="pool",
        answer=ProofView,
        refusals=("node_unreachable", "not_ready"),
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
