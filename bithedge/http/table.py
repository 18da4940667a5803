"""Every path of the interface that is served: what it takes, gives and may refuse."""

from typing import Final

from bithedge.domain.pool.health import Health
from bithedge.domain.pool.views import TierView
from bithedge.http import answers, requests
from bithedge.http.handlers import (
    admin,
    devnet,
    market,
    messages,
    money,
    policies,
    pool,
    probes,
    providers,
    quotes,
    settlement,
    transactions,
)
from bithedge.http.routes import Access, Route, get, post
from bithedge.views.base import ListView
from bithedge.views.chain import AccountView, BlockView
from bithedge.views.events import EventView
from bithedge.views.oracle import AttestationView, CandleView, OracleView
from bithedge.views.policies import BackerView, PolicyView
from bithedge.views.pool import PoolView
from bithedge.views.providers import BackingView, LedgerLineView, ProviderView
from bithedge.views.quotes import QuoteView
from bithedge.views.settings import ConfigView
from bithedge.views.status import StatusView
from bithedge.views.transactions import OperationView, TransactionView

_SIGNED: Final = ("invalid_signature", "message_expired", "not_owner", "message_used")
_QUOTED: Final = (
    "pool_closed",
    "insufficient_capacity",
    "strike_out_of_range",
    "tenor_out_of_range",
    "amount_out_of_range",
    "uneconomic",
    "too_many_reservations",
    "oracle_stale",
    "selling_paused",
)

_PROBES: Final = (
    get(
        "/healthz",
        probes.healthz,
        summary="Whether the process lives",
        tag="daemon",
        answer=answers.HealthzAnswer,
        access=Access.PROBE,
    ),
    get(
        "/readyz",
        probes.readyz,
        summary="Whether the daemon can do its work; 503 with the same body if not",
        tag="daemon",
        answer=answers.ReadyAnswer,
        access=Access.PROBE,
    ),
)

_MARKET: Final = (
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

_COVER: Final = (
    post(
        "/v1/quotes",
        quotes.post_quote,
        summary="An indicative price, no obligation",
        tag="cover",
        body=requests.QuoteBody,
        answer=QuoteView,
        status=201,
        refusals=_QUOTED,
    ),
    get(
        "/v1/quotes/{id}",
        quotes.get_quote,
        summary="A quote given before",
        tag="cover",
        answer=QuoteView,
        refusals=("unknown_quote", "quote_expired"),
    ),
    post(
        "/v1/messages",
        messages.post_message,
        summary="What a command's owner has to sign",
        tag="cover",
        body=requests.MessageBody,
        answer=answers.MessageAnswer,
        refusals=("unknown_policy", "unknown_quote", "unknown_provider", "policy_not_active"),
    ),
    post(
        "/v1/policies",
        policies.post_policy,
        summary="Reserves capacity, signs the terms, returns the purchase to sign",
        tag="cover",
        body=requests.ReserveBody,
        answer=answers.ReservedAnswer,
        status=201,
        refusals=(
            "unknown_quote",
            *_SIGNED,
            "quote_expired",
            "quote_used",
            "price_moved",
            "insufficient_funds",
            "node_unreachable",
            *_QUOTED,
        ),
        commits=True,
        key="required",
    ),
    get(
        "/v1/policies",
        policies.get_policies,
        summary="Policies, newest first",
        tag="cover",
        query=requests.PoliciesQuery,
        answer=ListView[PolicyView],
        item=PolicyView,
    ),
    get(
        "/v1/policies/{id}",
        policies.get_policy,
        summary="A policy by its number or quote id",
        tag="cover",
        answer=PolicyView,
        refusals=("unknown_policy",),
    ),
    get(
        "/v1/policies/{id}/events",
        policies.get_events,
        summary="A policy's history, oldest first",
        tag="cover",
        answer=ListView[EventView],
        refusals=("unknown_policy",),
    ),
    get(
        "/v1/policies/{id}/backing",
        policies.get_backing,
        summary="Who backs a policy, and how much of it",
        tag="cover",
        answer=ListView[BackerView],
        refusals=("unknown_policy",),
    ),
    post(
        "/v1/policies/{id}/activation",
        policies.post_activation,
        summary="The owner exercises",
        tag="cover",
        body=requests.ActivationBody,
        answer=answers.ActivatedAnswer,
        status=202,
        refusals=(
            "unknown_policy",
            *_SIGNED,
            "policy_not_active",
            "policy_expired",
            "not_in_the_money",
            "oracle_stale",
            "settlement_paused",
        ),
        commits=True,
        key="required",
    ),
    post(
        "/v1/policies/{id}/settlement",
        settlement.post_settlement,
        summary="The owner's own next step on chain",
        tag="cover",
        body=requests.SettlementBody,
        answer=answers.SettlementAnswer,
        refusals=(
            "unknown_policy",
            "policy_not_active",
            "policy_expired",
            "not_in_the_money",
            "node_unreachable",
            "settlement_paused",
            "not_ready",
        ),
        key="required",
    ),
    post(
        "/v1/policies/{id}/auto-exercise",
        policies.post_auto_exercise,
        summary="Switches the daemon's exercise at the floor and after expiry",
        tag="cover",
        body=requests.AutoExerciseBody,
        answer=answers.SwitchedAnswer,
        refusals=("unknown_policy", *_SIGNED, "policy_not_active"),
        commits=True,
        key="required",
    ),
)

_PROVISION: Final = (
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
            *_SIGNED,
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

_POOL: Final = (
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

_CHAIN: Final = (
    get(
        "/v1/accounts/{address}",
        transactions.get_account,
        summary="What an address holds, by the chain's word",
        tag="chain",
        answer=AccountView,
        refusals=("node_unreachable",),
    ),
    post(
        "/v1/transactions",
        transactions.post_transaction,
        summary="Relays a signed transaction, or watches one that a wallet has sent",
        tag="chain",
        body=requests.TransactionBody,
        answer=answers.RelayedAnswer,
        status=202,
        refusals=(
            "malformed_transaction",
            "foreign_transaction",
            "transaction_rejected",
            "node_unreachable",
        ),
        commits=True,
    ),
    get(
        "/v1/transactions",
        transactions.get_transactions,
        summary="What was sent through the daemon, newest first",
        tag="chain",
        query=requests.TransactionsQuery,
        answer=ListView[TransactionView],
        item=TransactionView,
    ),
    get(
        "/v1/transactions/{txid}",
        transactions.get_transaction,
        summary="A transaction's life so far",
        tag="chain",
        answer=TransactionView,
    ),
    get(
        "/v1/operations/{id}",
        transactions.get_operation,
        summary="An operation of the backend, with every attempt",
        tag="chain",
        answer=OperationView,
    ),
    get(
        "/v1/blocks",
        transactions.get_blocks,
        summary="The blocks followed last, orphans included",
        tag="chain",
        query=requests.BlocksQuery,
        answer=ListView[BlockView],
    ),
)

_OPERATOR: Final = (
    get(
        "/v1/admin/status",
        admin.get_status,
        summary="How the daemon fares",
        tag="operator",
        answer=StatusView,
        access=Access.OPERATOR,
    ),
)

_DEVNET: Final = (
    get(
        "/v1/devnet/accounts",
        devnet.get_accounts,
        summary="Funded accounts with their keys",
        tag="devnet",
        answer=answers.DevnetAccountsAnswer,
        access=Access.DEVNET,
    ),
    post(
        "/v1/devnet/price",
        devnet.post_price,
        summary="Sets the price, or silences the feed",
        tag="devnet",
        body=requests.PriceBody,
        answer=OracleView,
        access=Access.DEVNET,
    ),
    post(
        "/v1/devnet/mine",
        devnet.post_mine,
        summary="Mines burn blocks",
        tag="devnet",
        body=requests.MineBody,
        answer=answers.HeightsAnswer,
        access=Access.DEVNET,
    ),
    post(
        "/v1/devnet/fork",
        devnet.post_fork,
        summary="Undoes Stacks blocks and grows another branch",
        tag="devnet",
        body=requests.ForkBody,
        answer=answers.ForkAnswer,
        refusals=("amount_out_of_range",),
        access=Access.DEVNET,
    ),
)

ROUTES: Final[tuple[Route, ...]] = (
    *_PROBES,
    *_MARKET,
    *_COVER,
    *_PROVISION,
    *_POOL,
    *_CHAIN,
    *_OPERATOR,
    *_DEVNET,
)
