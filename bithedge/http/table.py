"""Every path of the interface that is served: what it takes, gives and may refuse."""

from typing import Final

from bithedge.http.paths import chain, cover, inner, market, provision
from bithedge.http.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *inner.PROBES,
    *market.MARKET,
    *cover.COVER,
    *provision.PROVISION,
    *market.POOL,
    *chain.CHAIN,
    *inner.OPERATOR,
    *inner.DEVNET,
)
