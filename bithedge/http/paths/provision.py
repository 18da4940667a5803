"""Deposits, withdrawals and providers."""

from typing import Final

from bithedge.domain.pool.health import Health
from bithedge.http import answers, requests
from bithedge.http.handlers import money, providers
from bithedge.http.routes import SIGNED_REFUSALS, Route, get, post
from bithedge.views.base import ListView
from bithedge.views.providers import BackingView, LedgerLineView, ProviderView

PROVISION: Final[tuple[Route, ...]] = (
    post(
        "/v1/deposits",
        money.post_deposit,
        summary="Prepares a deposit",
        tag="provision",
        body=requests.DepositBody,
        answer=answers.DepositAnswer,
        refusals=(
            "pool_closed",
            "amount_out_of_range",
            "tier_capacity_exceeded",
            "node_unreachable",
            "selling_paused",
        ),
    ),
    post(
        "/v1/withdrawals",
        money.post_withdrawal,
        summary="Health check, voucher, prepared withdrawal",
        tag="provision",
        body=requests.WithdrawalBody,
        answer=answers.WithdrawalAnswer,
        status=201,
        refusals=(
            "unknown_provider",
            *SIGNED_REFUSALS,
            "pool_closed",
            "insufficient_free_balance",
            "health_check_failed",
            "too_many_reservations",
            "node_unreachable",
            "withdrawals_paused",
        ),
        commits=True,
        key="required",
    ),
    get(
        "/v1/withdrawals/{id}",
        money.get_withdrawal,
        summary="A withdrawal, freshly prepared while it may be signed",
        tag="provision",
        answer=answers.WithdrawalAnswer,
        refusals=("node_unreachable",),
    ),
    get(
        "/v1/providers/{address}",
        providers.get_provider,
        summary="A provider's money in each tier",
        tag="provision",
        answer=ProviderView,
        refusals=("unknown_provider",),
    ),
    get(
        "/v1/providers/{address}/ledger",
        providers.get_ledger,
        summary="Each change of a provider's money, with its cause",
        tag="provision",
        query=requests.LedgerQuery,
        answer=ListView[LedgerLineView],
        item=LedgerLineView,
        refusals=("unknown_provider",),
    ),
    get(
        "/v1/providers/{address}/backing",
        providers.get_backing,
        summary="What a provider's money backs",
        tag="provision",
        query=requests.Listing,
        answer=ListView[BackingView],
        refusals=("unknown_provider",),
    ),
    post(
        "/v1/providers/{address}/exit",
        providers.post_exit,
        summary="Enters or leaves exit mode: nothing new is backed",
        tag="provision",
        body=requests.ExitBody,
        answer=answers.ExitAnswer,
        refusals=("unknown_provider", *SIGNED_REFUSALS),
        commits=True,
        key="required",
    ),
    get(
        "/v1/providers/{address}/withdrawal-check",
        money.get_check,
        summary="The health check of a withdrawal, binding nobody",
        tag="provision",
        query=requests.CheckQuery,
        answer=Health,
        refusals=("unknown_provider", "node_unreachable"),
    ),
)
