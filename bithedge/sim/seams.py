"""Clock, ids and price sources of a simulated life."""

import random
from collections.abc import Callable

from bithedge.domain.money import UsdE8
from bithedge.oracle.aggregate import Observation


class SimClock:
    """Virtual time as the wall shows it; `jump_ms` is what somebody set it forward or back by."""

    def __init__(self, time: Callable[[], float], *, epoch_ms: int) -> None:
        self._time = time
        self._epoch_ms = epoch_ms
        self.jump_ms = 0

    def now_ms(self) -> int:
        """Return Unix milliseconds, as far as the machine knows them."""
        return self._epoch_ms + int(self._time() * 1_000) + self.jump_ms

    def monotonic(self) -> float:
        """Return virtual seconds, which no jump touches."""
        return self._time()


class SimIds:
    """Ids that one seed gives once: another life takes another seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - seeded chance is the point

    def bytes16(self) -> bytes:
        """Return the next 16 bytes."""
        return self._random.randbytes(16)


class SimSource:
    """One venue: near the path's price, now and then silent."""

    def __init__(
        self, name: str, price: Callable[[], UsdE8], *, noise: Callable[[], int], silent: Callable[[], bool]
    ) -> None:
        self.name = name
        self._price = price
        self._noise = noise
        self._silent = silent

    async def read(self, now_ms: int) -> Observation | None:
        """Return the price of now, a few bps off, or None."""
        if self._silent():
            return None
        price = self._price()
        return Observation(
            source=self.name, price=UsdE8(price + price * self._noise() // 10_000), at_ms=now_ms
        )
