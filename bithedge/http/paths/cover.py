"""Quotes and policies."""

from typing import Final

from bithedge.http import answers, requests
from bithedge.http.handlers import messages, policies, quotes, settlement
from bithedge.http.routes import QUOTE_REFUSALS, SIGNED_REFUSALS, Route, get, post
from bithedge.views.base import ListView
from bithedge.views.events import EventView
from bithedge.views.policies import BackerView, PolicyView
from bithedge.views.quotes import QuoteView

COVER: Final[tuple[Route, ...]] = (
    post(
        "/v1/quotes",
        quotes.post_quote,
        summary="An indicative price, no obligation",
        tag="cover",
        body=requests.QuoteBody,
        answer=QuoteView,
        status=201,
        refusals=QUOTE_REFUSALS,
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
            *SIGNED_REFUSALS,
            "quote_expired",
            "quote_used",
            "price_moved",
            "insufficient_funds",
            "node_unreachable",
            *QUOTE_REFUSALS,
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
            *SIGNED_REFUSALS,
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
        refusals=("unknown_policy", *SIGNED_REFUSALS, "policy_not_active"),
        commits=True,
        key="required",
    ),
)
