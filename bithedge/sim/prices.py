"""Paths of the Bitcoin price: drawn with jumps, or cut from the shipped history."""

import math
import random
from collections.abc import Callable
from typing import Final, Literal

from bithedge.domain.money import MAX_PRICE, UsdE8
from bithedge.oracle.history import daily_history

PathKind = Literal["calm", "gbm", "jumps", "crash", "rally", "history"]
PATHS: Final[tuple[PathKind, ...]] = ("calm", "gbm", "jumps", "crash", "rally", "history")

_STEP_S: Final = 30.0
_START: Final = 6_500_000_000_000
_LOWEST: Final = 100_000_000
# Standard deviation of a step: the whole run is a few hundred steps, and must reach strikes and floors.
_STEP_VOL: Final = {"calm": 0.0005, "gbm": 0.008, "jumps": 0.005, "crash": 0.004, "rally": 0.004}
_DAYS_A_STEP: Final = 0.5


class PricePath:
    """A price for each moment of virtual time; the same seed and kind, the same path."""

    def __init__(self, seed: str, kind: PathKind, time: Callable[[], float]) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - seeded chance is the point
        self._kind = kind
        self._time = time
        self._frozen: UsdE8 | None = None
        self._steps = [_START]
        self._event_at = self._chance.randrange(10, 60)
        days = daily_history()
        self._first_day = self._chance.randrange(len(days) - 400)

    def now(self) -> UsdE8:
        """Return the price of now."""
        if self._frozen is not None:
            return self._frozen
        step = int(self._time() / _STEP_S)
        if self._kind == "history":
            return self._of_history(step)
        while len(self._steps) <= step:
            self._steps.append(self._next(self._steps[-1], len(self._steps)))
        return UsdE8(self._steps[step])

    def freeze(self) -> None:
        """Let the price stay where it is."""
        self._frozen = self.now()

    def _next(self, price: int, step: int) -> int:
        move = self._chance.gauss(0, _STEP_VOL[self._kind])
        if self._kind == "jumps" and self._chance.random() < 0.04:  # noqa: PLR2004 - one step in 25
            move += self._chance.choice((-1, 1)) * self._chance.uniform(0.03, 0.2)
        if step == self._event_at and self._kind in ("crash", "rally"):
            move += math.log(self._chance.uniform(0.35, 0.7)) * (1 if self._kind == "crash" else -1)
        return min(MAX_PRICE, max(_LOWEST, round(price * math.exp(move))))

    def _of_history(self, step: int) -> UsdE8:
        days = daily_history()
        place = self._first_day + step * _DAYS_A_STEP
        first = days[min(int(place), len(days) - 1)].close
        second = days[min(int(place) + 1, len(days) - 1)].close
        share = place - int(place)
        return UsdE8(round(first + (second - first) * share))
