"""The pool and its tiers."""

from actors.gateway.states import shown_pool
from bithedge.domain.errors import NotReadyError
from bithedge.domain.pool.views import TierView
from bithedge.http.answers import TiersAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.quotes import tier_named
from bithedge.storage.queries.events import last_seq


async def get_pool(call: Call[Nothing, Nothing]) -> Reply:
    """Return the whole pool's figures."""
    seq = await call.system.reader.read(last_seq)
    view = shown_pool(call.system.board)
    if view is None:
        raise NotReadyError("the books are being loaded", retry_after_s=2)
    return json_reply(view, seq=seq)


async def get_tiers(call: Call[Nothing, Nothing]) -> Reply:
    """Return each tier's figures."""
    seq = await call.system.reader.read(last_seq)
    return json_reply(TiersAnswer(items=_tiers(call), next_cursor=None), seq=seq)


async def get_tier(call: Call[Nothing, Nothing]) -> Reply:
    """Return a tier's figures."""
    named = tier_named(call.path["tier"])
    seq = await call.system.reader.read(last_seq)
    return json_reply(next(tier for tier in _tiers(call) if tier.tier is named), seq=seq)


def _tiers(call: Call[Nothing, Nothing]) -> tuple[TierView, ...]:
    tiers = call.system.board.tiers
    if not tiers:
        raise NotReadyError("the books are being loaded", retry_after_s=2)
    return tiers
