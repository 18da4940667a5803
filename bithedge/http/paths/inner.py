"""What is for probes, for the operator, and for a devnet alone."""

from typing import Final

from bithedge.http import answers, requests
from bithedge.http.handlers import admin, devnet, probes
from bithedge.http.routes import Access, Route, get, post
from bithedge.views.oracle import OracleView
from bithedge.views.status import StatusView

PROBES: Final[tuple[Route, ...]] = (
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


OPERATOR: Final[tuple[Route, ...]] = (
    get(
        "/v1/admin/status",
        admin.get_status,
        summary="How the daemon fares",
        tag="operator",
        answer=StatusView,
        access=Access.OPERATOR,
    ),
)


DEVNET: Final[tuple[Route, ...]] = (
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
        refusals=("amount_out_of_range",),
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
