"""The operator's view of the daemon."""

from bithedge.domain.money import Height, Ustx
from bithedge.views.base import View


class NodeStatusView(View, frozen=True, kw_only=True):
    """The node as the follower sees it; `lag_blocks` is how far the node is ahead of what was applied."""

    url: str
    block_height: int | None
    burn_height: Height | None
    lag_blocks: int | None


class JournalStatusView(View, frozen=True, kw_only=True):
    """The journal's last event, the database's size, and how long ago that event was."""

    seq: int
    bytes: int
    lag_ms: int


class BreakerView(View, frozen=True, kw_only=True):
    """A figure that stops something when it passes its limit."""

    name: str
    ok: bool
    value: int | None
    limit: int | None
    since_at: str | None


class GatewayStatusView(View, frozen=True, kw_only=True):
    """Open sockets, what waits in them, and how many were closed with which code."""

    clients: int
    queued_bytes: int
    closed: dict[str, int]


class StatusView(View, frozen=True, kw_only=True):
    """All of it."""

    uptime_s: int
    version: str
    pid: int
    node: NodeStatusView
    journal: JournalStatusView
    breakers: tuple[BreakerView, ...]
    gateway: GatewayStatusView | None
    """None where this process serves no sockets."""
    fees_today_ustx: Ustx
    fees_cap_ustx: Ustx
