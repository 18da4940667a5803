"""The operator's view."""

import os

import msgspec

from actors.messages.gateway import GatewayStatus
from actors.system import System
from bithedge.domain.money import Ustx
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import ASK_S
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.queries.events import database_bytes
from bithedge.storage.queries.spending import own_fees_since
from bithedge.views.context import ViewContext
from bithedge.views.status import (
    BreakerView,
    GatewayStatusView,
    JournalStatusView,
    NodeStatusView,
    StatusView,
)
from bithedge.views.times import rfc3339

_DAY_MS = 86_400_000


async def get_status(call: Call[Nothing, Nothing]) -> Reply:
    """Return how the daemon fares."""
    system = call.system
    seq, size = await system.reader.read_at(database_bytes)
    today_ms = call.now_ms - call.now_ms % _DAY_MS
    gateway = await system.gateway.ask(GatewayStatus(), deadline=ASK_S)
    info = await system.node.info()
    tip = call.context.tip
    view = StatusView(
        uptime_s=int(system.clock.monotonic() - call.serving_since),
        version=system.version,
        pid=os.getpid(),
        node=NodeStatusView(
            url=system.node_url,
            block_height=info.stacks_tip_height,
            burn_height=None if tip is None else tip.burn_height,
            lag_blocks=None if tip is None else max(0, info.stacks_tip_height - tip.block_height),
        ),
        journal=JournalStatusView(seq=seq, bytes=size, lag_ms=_lag_ms(system)),
        breakers=breakers(system, call.context),
        gateway=msgspec.convert(gateway, GatewayStatusView),
        fees_today_ustx=await system.reader.read(own_fees_since, today_ms),
        fees_cap_ustx=Ustx(system.config.fees.day_cap_ustx),
    )
    return json_reply(view, seq=seq)


def breakers(system: System, context: ViewContext) -> tuple[BreakerView, ...]:
    """Return what can stop sales or settlements, and whether it does."""
    market, board = context.market, system.board
    observed_ms = None if market is None else market.observed_at_ms
    fresh = market is not None and market.spot is not None and not (market.stale or market.suspended)
    return (
        BreakerView(
            name="oracle_age_ms",
            ok=fresh,
            value=None if observed_ms is None else max(0, context.now_ms - observed_ms),
            limit=system.config.oracle.staleness_s * 1_000,
            since_at=None if fresh else rfc3339(observed_ms),
        ),
        BreakerView(
            name="reconciliation",
            ok=board.broken is None,
            value=None,
            limit=None,
            since_at=None,
        ),
        *(
            BreakerView(name=f"paused_{what}", ok=False, value=None, limit=until, since_at=rfc3339(since_ms))
            for what, until, since_ms in board.pauses
        ),
    )


def _lag_ms(system: System) -> int:
    journal = system.journal
    return journal.statistics().lag_ms if isinstance(journal, SqliteJournal) else 0
