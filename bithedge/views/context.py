"""The moment a view is made in: the price, the tip, and the rules that say what they mean."""

from typing import Protocol

import msgspec

from bithedge.config import Depth
from bithedge.domain.market import Market, Tip
from bithedge.domain.money import Height
from bithedge.domain.quotes import Pricing
from bithedge.views.times import rfc3339


class Posted(Protocol):
    """Where the latest price and tip stand: the notice board."""

    @property
    def market(self) -> Market | None:
        """The price feed, once it has spoken."""
        ...

    @property
    def tip(self) -> Tip | None:
        """The chain's applied tip, once a block was followed."""
        ...


class ViewContext(msgspec.Struct, frozen=True, kw_only=True):
    """All that a view needs beside the thing it shows."""

    market: Market | None
    tip: Tip | None
    depth: Depth
    pricing: Pricing
    now_ms: int

    def estimate_at(self, height: Height) -> str | None:
        """Return when a burn height comes, or came, by the mean block; None before the first block."""
        if self.tip is None:
            return None
        blocks = height - self.tip.burn_height
        return rfc3339(max(0, self.tip.at_ms + blocks * self.tip.mean_burn_block_ms))

    def confirmations(self, block_height: int | None) -> int:
        """Return the Stacks blocks over a transaction, its own included; 0 while it is not mined.

        What a block brings is told before the block is the tip; it has its own confirmation by then.
        """
        if block_height is None or self.tip is None:
            return 0
        return max(1, self.tip.block_height - block_height + 1)

    def final_height(self, burn_height: Height) -> Height:
        """Return the burn height at which what was mined at `burn_height` is final."""
        return Height(burn_height + self.depth.final)

    def is_final(self, burn_height: Height) -> bool:
        """Return whether what was mined at `burn_height` is deep enough for good."""
        return self.tip is not None and self.tip.burn_height >= self.final_height(burn_height)


def context_of(posted: Posted, *, depth: Depth, pricing: Pricing, now_ms: int) -> ViewContext:
    """Return the context of this moment."""
    return ViewContext(market=posted.market, tip=posted.tip, depth=depth, pricing=pricing, now_ms=now_ms)
