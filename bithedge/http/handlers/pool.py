"""The pool and its tiers."""

from typing import Final

from actors.gateway.states import shown_pool
from actors.messages.pool import GetLiabilities, GetStress
from bithedge.domain.errors import NotReadyError
from bithedge.domain.pool.views import TierView
from bithedge.http.answers import HistoryAnswer, TiersAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import ASK_S, time_of
from bithedge.http.handlers.quotes import tier_named
from bithedge.http.requests import HistoryQuery, LiabilitiesQuery
from bithedge.storage.queries.chain import LAST_DAY, pool_days
from bithedge.storage.queries.events import last_seq
from bithedge.views.pool_history import pool_span_view, pool_spans

SPANS_MAX: Final = 1_000


async def get_pool(call: Call[Nothing, Nothing]) -> Reply:
    """Return the whole pool's figures."""
    seq = await call.system.reader.read(last_seq)
    view = shown_pool(call.system.board)
    if view is None:
        raise NotReadyError("the books are being loaded", retry_after_s=2)
    return json_reply(view, seq=seq)


async def get_liabilities(call: Call[LiabilitiesQuery, Nothing]) -> Reply:
    """Return the live policies by strike and expiry week."""
    system = call.system
    seq = await system.reader.read(last_seq)
    return json_reply(await system.pool.ask(GetLiabilities(kind=call.query.kind), deadline=ASK_S), seq=seq)


async def get_stress(call: Call[Nothing, Nothing]) -> Reply:
    """Return what is owed if the price moved at once."""
    system = call.system
    seq = await system.reader.read(last_seq)
    return json_reply(await system.pool.ask(GetStress(), deadline=ASK_S), seq=seq)


async def get_history(call: Call[HistoryQuery, Nothing]) -> Reply:
    """Return what went in and out of the pool by day or week, oldest first."""
    query = call.query
    from_ms, to_ms = time_of(query.from_, "from"), time_of(query.to, "to")
    seq, days = await call.system.reader.read_at(pool_days, 0, LAST_DAY)
    shown = [
        span
        for span in pool_spans(days, query.interval)
        if (from_ms is None or span.at_ms >= from_ms) and (to_ms is None or span.at_ms <= to_ms)
    ]
    items = tuple(pool_span_view(span) for span in shown[-SPANS_MAX:])
    return json_reply(HistoryAnswer(items=items, next_cursor=None), seq=seq)


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
