"""How the daemon fares, for its operator: over HTTP and as the beginning of the `operator` channel."""

import msgspec

from actors.board import Board
from actors.seams import Clock
from bithedge.config import Config
from bithedge.domain.market import Market
from bithedge.domain.money import Ustx
from bithedge.stacks.errors import NodeError
from bithedge.stacks.ports import Node
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.queries.events import database_bytes
from bithedge.storage.queries.spending import own_fees_since
from bithedge.storage.reader import Reader
from bithedge.views.status import (
    BreakerView,
    GatewayStatusView,
    JournalStatusView,
    NodeStatusView,
    StatusView,
)
from bithedge.views.times import rfc3339

_DAY_MS = 86_400_000


class StatusSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where the figures come from; `since` is the clock's monotonic second of the daemon's start."""

    version: str
    pid: int
    since: float
    config: Config
    node: Node
    node_url: str
    board: Board
    journal: SqliteJournal
    reader: Reader
    clock: Clock

    async def view(self, gateway: GatewayStatusView | None) -> tuple[int, StatusView]:
        """Return up to which seq the status is true, and the status."""
        now_ms = self.clock.now_ms()
        seq, size = await self.reader.read_at(database_bytes)
        fees = await self.reader.read(own_fees_since, now_ms - now_ms % _DAY_MS)
        view = StatusView(
            uptime_s=int(self.clock.monotonic() - self.since),
            version=self.version,
            pid=self.pid,
            node=await self._node(),
            journal=JournalStatusView(seq=seq, bytes=size, lag_ms=self.journal.statistics().lag_ms),
            breakers=self.breakers(now_ms),
            gateway=gateway,
            fees_today_ustx=fees,
            fees_cap_ustx=Ustx(self.config.fees.day_cap_ustx),
        )
        return seq, view

    def breakers(self, now_ms: int) -> tuple[BreakerView, ...]:
        """Return what can stop sales or settlements, and whether it does."""
        market, board = self.board.market, self.board
        observed_ms = None if market is None else market.observed_at_ms
        fresh = _is_fresh(market)
        return (
            BreakerView(
                name="oracle_age_ms",
                ok=fresh,
                value=None if observed_ms is None else max(0, now_ms - observed_ms),
                limit=self.config.oracle.staleness_s * 1_000,
                since_at=None if fresh else rfc3339(observed_ms),
            ),
            BreakerView(
                name="reconciliation", ok=board.broken is None, value=None, limit=None, since_at=None
            ),
            *(
                BreakerView(
                    name=f"paused_{what}", ok=False, value=None, limit=until, since_at=rfc3339(since_ms)
                )
                for what, until, since_ms in board.pauses
            ),
        )

    async def _node(self) -> NodeStatusView:
        tip = self.board.tip
        try:
            ahead = (await self.node.info()).stacks_tip_height
        except NodeError:
            ahead = None
        return NodeStatusView(
            url=self.node_url,
            block_height=ahead,
            burn_height=None if tip is None else tip.burn_height,
            lag_blocks=None if tip is None or ahead is None else max(0, ahead - tip.block_height),
        )


def _is_fresh(market: Market | None) -> bool:
    return market is not None and market.spot is not None and not (market.stale or market.suspended)
