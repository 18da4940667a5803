"""Where prices come from. The devnet's own are a set price, and a replay of real history."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bithedge.domain.money import Height, UsdE8
from bithedge.oracle.aggregate import Observation
from bithedge.oracle.history import DailyCandle
from bithedge.storage.files import write_durably


class PriceSource(Protocol):
    """One venue."""

    @property
    def name(self) -> str:
        """As the interface shows it."""
        ...

    async def read(self, now_ms: int) -> Observation | None:
        """Return its price now, or None while it gives none; never raises."""
        ...


class FixedSource:
    """The devnet's set price: it holds until it is set again, over restarts; None is silence."""

    name = "fixed"

    def __init__(self, file: Path, start: UsdE8) -> None:
        self._file = file
        self._price: UsdE8 | None = start
        if file.exists():
            self._price = json.loads(file.read_text(encoding="ascii"))

    def set(self, price: UsdE8 | None) -> None:
        """Hold `price` from now on; durable when this returns."""
        write_durably(self._file, json.dumps(price).encode("ascii"))
        self._price = price

    async def read(self, now_ms: int) -> Observation | None:
        """Return the set price as of now."""
        if self._price is None:
            return None
        return Observation(source=self.name, price=self._price, at_ms=now_ms)


class ReplaySource:
    """Real history at speed: so many of its days a burn block, straight lines between the closes."""

    name = "replay"

    def __init__(
        self,
        days: tuple[DailyCandle, ...],
        *,
        first_day: int,
        days_per_block: float,
        height: Callable[[], Height],
    ) -> None:
        self._days = [day for day in days if day.day >= first_day]
        if not self._days:
            raise ValueError("the history ends before replay_from")
        self._days_per_block = days_per_block
        self._height = height
        self._origin: Height | None = None

    async def read(self, now_ms: int) -> Observation | None:
        """Return the price of the day that the burn height stands for; the last one when history ends."""
        height = self._height()
        self._origin = height if self._origin is None else self._origin
        place = (height - self._origin) * self._days_per_block
        index = min(int(place), len(self._days) - 1)
        after = self._days[min(index + 1, len(self._days) - 1)]
        share = int((place - int(place)) * 1_000_000)
        close = self._days[index].close
        price = close + (after.close - close) * share // 1_000_000
        return Observation(source=self.name, price=UsdE8(price), at_ms=now_ms)
