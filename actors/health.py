"""Whether the daemon can do its work, and what is missing."""

import msgspec

from actors.board import Board
from actors.seams import Clock
from bithedge.storage.journal import SqliteJournal

NODE_SILENCE_S = 30.0


class DaemonHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Looks at the board and the journal; asks nobody."""

    board: Board
    journal: SqliteJournal
    clock: Clock
    staleness_ms: int

    def reasons(self) -> tuple[tuple[str, str], ...]:
        """Return code and message of each thing that is missing; () when the daemon is ready."""
        return (*self._node(), *self._writer(), *self._price())

    def _node(self) -> tuple[tuple[str, str], ...]:
        answered = self.board.node_answered_at
        if answered is None or self.clock.monotonic() - answered > NODE_SILENCE_S:
            return (("node_unreachable", "the node does not answer"),)
        if self.board.tip is None:
            return (("not_ready", "no block was followed yet"),)
        return ()

    def _writer(self) -> tuple[tuple[str, str], ...]:
        if not self.journal.statistics().writable:
            return (("journal_read_only", "the journal takes nothing more until a restart"),)
        return ()

    def _price(self) -> tuple[tuple[str, str], ...]:
        market = self.board.market
        if market is None or market.spot is None or market.observed_at_ms is None:
            return (("oracle_stale", "there is no full reading of the price yet"),)
        age_ms = self.clock.now_ms() - market.observed_at_ms
        if market.stale or age_ms > self.staleness_ms:
            return (("oracle_stale", f"the last full reading is {age_ms // 1_000} s old"),)
        return ()
