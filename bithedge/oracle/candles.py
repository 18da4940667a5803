"""Candles from full readings, folded as they come."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from bithedge.domain.money import UsdE8
from bithedge.storage.keeping import Bar, Candle

BAR_MS: Final[dict[Bar, int]] = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000, "1d": 86_400_000}


class CandleBook:
    """The running candle of each bar."""

    def __init__(self, running: Iterable[Candle] = ()) -> None:
        self._running: dict[Bar, Candle] = {candle.bar: candle for candle in running}

    def observe(self, price: UsdE8, now_ms: int) -> Sequence[Candle]:
        """Fold in a reading; return the running candles that it changed, for they are worth storing."""
        changed: list[Candle] = []
        for bar, length in BAR_MS.items():
            begins = now_ms - now_ms % length
            before = self._running.get(bar)
            after = _begun(bar, begins, price)
            if before is not None and before.at_ms == begins:
                high, low = max(before.high, price), min(before.low, price)
                after = replace(before, high=high, low=low, closing=price)
            if after != before:
                self._running[bar] = after
                changed.append(after)
        return changed


def _begun(bar: Bar, begins: int, price: UsdE8) -> Candle:
    return Candle(bar=bar, at_ms=begins, opening=price, high=price, low=price, closing=price)
