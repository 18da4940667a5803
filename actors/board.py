"""The notice board: what each actor last said about itself, for whoever shows or decides.

Frozen structs, replaced whole by their owner and read by others on the same loop; nobody asks an actor for
what stands here, so reading costs the actors nothing.
"""

from collections.abc import Callable

from bithedge.domain.events.pool import Pausable
from bithedge.domain.market import Market, Tip
from bithedge.domain.money import Height
from bithedge.domain.pool.views import PoolView, TierView

Listener = Callable[[str], None]
"""Told the state channel that changed: `oracle`, `blocks`, `pool` or `tiers`."""


ChainPause = tuple[Pausable, Height, int]
"""What is paused, the first height at which it is over, and since when (Unix milliseconds)."""


class Board:
    """Holds the latest states; `on_change` hears which one was replaced."""

    def __init__(self) -> None:
        self._market: Market | None = None
        self._tip: Tip | None = None
        self._pool: PoolView | None = None
        self._tiers: tuple[TierView, ...] = ()
        self._broken: str | None = None
        self._pauses: tuple[ChainPause, ...] = ()
        self._node_answered: float | None = None
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """Call `listener` after each replacement."""
        self._listeners.append(listener)

    @property
    def market(self) -> Market | None:
        """The price feed, once it has spoken."""
        return self._market

    @property
    def tip(self) -> Tip | None:
        """The chain's applied tip, once a block was followed."""
        return self._tip

    @property
    def pool(self) -> PoolView | None:
        """The pool's figures, once its books are loaded."""
        return self._pool

    @property
    def tiers(self) -> tuple[TierView, ...]:
        """Each tier's figures."""
        return self._tiers

    @property
    def node_answered_at(self) -> float | None:
        """When the node last answered, in monotonic seconds."""
        return self._node_answered

    def node_answered(self, at: float) -> None:
        """Note that the node answered; the chain follower alone does."""
        self._node_answered = at

    def post_market(self, market: Market) -> None:
        """Replace the market; the oracle alone does."""
        self._market = market
        self._tell("oracle")

    def post_tip(self, tip: Tip) -> None:
        """Replace the tip; the chain follower alone does."""
        self._tip = tip
        self._tell("blocks")

    @property
    def broken(self) -> str | None:
        """The first invariant that does not hold, in words; None while the books agree with the chain."""
        return self._broken

    @property
    def pauses(self) -> tuple[ChainPause, ...]:
        """What the guardian has paused on chain."""
        return self._pauses

    def post_pool(
        self,
        pool: PoolView,
        tiers: tuple[TierView, ...],
        *,
        broken: str | None,
        pauses: tuple[ChainPause, ...],
    ) -> None:
        """Replace the pool's and the tiers' figures; the pool alone does."""
        if (pool, broken, pauses) != (self._pool, self._broken, self._pauses):
            self._pool, self._broken, self._pauses = pool, broken, pauses
            self._tell("pool")
        if tiers != self._tiers:
            self._tiers = tiers
            self._tell("tiers")

    def _tell(self, channel: str) -> None:
        for listener in self._listeners:
            listener(channel)
