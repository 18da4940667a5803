"""State channels: the whole of what the board says, as its GET gives it."""

from collections.abc import Callable
from typing import Final

import msgspec

from actors.board import Board
from bithedge.domain.events.pool import Pausable
from bithedge.views.context import ViewContext
from bithedge.views.oracle import oracle_view
from bithedge.views.pool import PauseView, PoolView, pool_view
from bithedge.views.times import rfc3339

EVENT_NAMES: Final = {"oracle": "PriceObserved", "pool": "PoolChanged", "tiers": "TierChanged"}
_WITHOUT_PRICE: Final[tuple[Pausable, ...]] = ("sales", "settlements")


class States(msgspec.Struct, frozen=True, kw_only=True):
    """Where the states stand."""

    board: Board
    context: Callable[[], ViewContext]

    def of(self, channel: str) -> object:
        """Return a state channel's `data`; None before there is any."""
        kind, _, name = channel.partition(":")
        match kind:
            case "oracle":
                return None if self.board.market is None else oracle_view(self.context())
            case "pool":
                return shown_pool(self.board)
            case "tiers":
                return {"items": self.board.tiers, "next_cursor": None}
            case _:
                return next((tier for tier in self.board.tiers if tier.tier.value == name), None)


def shown_pool(board: Board) -> PoolView | None:
    """Return the pool as the interface shows it; None before its books are loaded."""
    if board.pool is None:
        return None
    return pool_view(
        board.pool,
        pauses=pauses_of(board),
        reconciled=board.broken is None,
        reconciled_height=None if board.tip is None else board.tip.burn_height,
    )


def pauses_of(board: Board) -> tuple[PauseView, ...]:
    """Return what does not go on now: the guardian's pauses, and ours for want of a price or sound books."""
    found = [
        PauseView(
            what=what,
            code="paused_on_chain",
            message=f"the guardian has paused {what} until burn block {until}",
            since_at=rfc3339(since_ms),
        )
        for what, until, since_ms in board.pauses
    ]
    market = board.market
    if market is not None and (market.stale or market.suspended or market.spot is None):
        since_at = rfc3339(market.observed_at_ms)
        message = market.reason or "there is no full reading of the price"
        found += [
            PauseView(what=what, code="oracle_stale", message=message, since_at=since_at)
            for what in _WITHOUT_PRICE
        ]
    if board.broken is not None:
        found.append(
            PauseView(what="sales", code="reconciliation_break", message=board.broken, since_at=None)
        )
    return tuple(found)


def changed_channels(changed: str, board: Board) -> tuple[str, ...]:
    """Return the state channels that a change on the board may concern.

    The price is in the pool's pauses, the tip's height beside its totals.
    """
    match changed:
        case "oracle":
            return ("oracle", "pool")
        case "blocks" | "pool":
            return ("pool",)
        case "tiers":
            return ("tiers", *(f"tier:{tier.tier.value}" for tier in board.tiers))
        case _:
            return ()


class Shown:
    """What everybody on a state channel has, so that who comes begins with it and what is the same rests."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._last: dict[str, bytes] = {}

    def latest(self, channel: str) -> msgspec.Raw:
        """Return what the readers of a channel have."""
        return msgspec.Raw(self._last.get(channel) or self._read(channel))

    def changed(self, channel: str) -> msgspec.Raw | None:
        """Return a channel's data if its readers do not have it yet."""
        before, now = self._last.get(channel), self._read(channel)
        return None if before == now else msgspec.Raw(now)

    def forget(self, channel: str) -> None:
        """Note that nobody reads a channel."""
        self._last.pop(channel, None)

    def _read(self, channel: str) -> bytes:
        now = self._last[channel] = msgspec.json.encode(self._states.of(channel))
        return now
