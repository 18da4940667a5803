"""The last 24 hours of spot: change, high and low."""

from collections import deque

import msgspec

from bithedge.domain.money import WHOLE, UsdE8

DAY_MS = 86_400_000
_GRAIN_MS = 60_000


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """None until there is something to compare with."""

    change_bps: int | None
    high: UsdE8 | None
    low: UsdE8 | None


class LastDay:
    """A minute's high and low each, 24 hours of them; `reference` stands for the time before the first."""

    def __init__(self, reference: UsdE8 | None) -> None:
        self._reference = reference
        self._minutes: deque[tuple[int, UsdE8, UsdE8, UsdE8]] = deque()

    def recall(self, at_ms: int, *, opening: UsdE8, high: UsdE8, low: UsdE8) -> None:
        """Take in a minute that was seen before; the oldest first, and before anything is observed."""
        self._minutes.append((at_ms, opening, high, low))

    def observe(self, price: UsdE8, now_ms: int) -> DayFigures:
        """Take a reading in; return the figures with it."""
        minute = now_ms - now_ms % _GRAIN_MS
        if self._minutes and self._minutes[-1][0] == minute:
            _, opened, high, low = self._minutes[-1]
            self._minutes[-1] = (minute, opened, max(high, price), min(low, price))
        else:
            self._minutes.append((minute, price, price, price))
        while self._minutes[0][0] < now_ms - DAY_MS:
            self._reference = self._minutes.popleft()[1]
        base = self._minutes[0][1] if self._reference is None else self._reference
        return DayFigures(
            change_bps=(price - base) * WHOLE // base,
            high=UsdE8(max(high for _, _, high, _ in self._minutes)),
            low=UsdE8(min(low for _, _, _, low in self._minutes)),
        )
