"""How much the contract's sale window still lets through, from the facts alone."""

from bithedge.domain.events.base import Recorded
from bithedge.domain.events.pool import CollateralAllocated, VaultTotals
from bithedge.domain.money import Bps, Height, Sats, bps_of


class SaleWindow:
    """Counts the collateral sold in the present window, as the pool contract does.

    The contract adds the window's outflow to the vault before it takes the share; without it the limit
    here is at most as high as the contract's.
    """

    def __init__(self, *, blocks: int, share: Bps, floor: Sats) -> None:
        self._blocks = blocks
        self._share = share
        self._floor = floor
        self._index: int = -1
        self._sold: int = 0

    def reset(self) -> None:
        """Forget all sales, before the books are rebuilt."""
        self._index, self._sold = -1, 0

    def observe(self, recorded: Recorded) -> None:
        """Count a sale."""
        if isinstance(recorded.event, CollateralAllocated) and recorded.chain is not None:
            self._turn(recorded.chain.burn_height)
            self._sold += recorded.event.max_payout

    def room(self, totals: VaultTotals, height: Height) -> Sats:
        """Return what may still be sold in the window that `height` falls into."""
        sold = self._sold if height // self._blocks == self._index else 0
        vault = totals.available + totals.locked + totals.buffer
        return Sats(max(0, max(bps_of(vault, self._share), self._floor) - sold))

    def _turn(self, height: Height) -> None:
        index = height // self._blocks
        if index != self._index:
            self._index, self._sold = index, 0
