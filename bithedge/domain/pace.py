"""How long a burn block takes, for the dates that are shown beside heights."""

from collections import deque
from typing import Final

from bithedge.domain.money import Height

MEAN_OVER: Final = 144
_LONGEST_STEP: Final = 6
"""Burn blocks between two Stacks blocks; more at once were not waited for: a devnet mines at will."""
_TOO_FAR: Final = 10
"""A mean that is so many times off the rule says nothing about the days to come."""


class Pace:
    """The mean over the last 144 burn blocks; the rule where they were too few, or not those of a clock."""

    def __init__(self, rule_ms: int) -> None:
        self._rule_ms = rule_ms
        self._steps: deque[tuple[int, int]] = deque(maxlen=MEAN_OVER)
        self._last: tuple[Height, int] | None = None

    def observe(self, height: Height, at_ms: int) -> None:
        """Take a block in, in the chain's order; only the first of a burn height counts."""
        last = self._last
        if last is not None and last[0] == height:
            return
        self._last = (height, at_ms)
        if last is None:
            return
        blocks, passed_ms = height - last[0], at_ms - last[1]
        if 0 < blocks <= _LONGEST_STEP and passed_ms >= 0:
            self._steps.append((blocks, passed_ms))

    @property
    def mean_ms(self) -> int:
        """Return what a burn block takes, milliseconds."""
        blocks = sum(count for count, _ in self._steps)
        if blocks == 0:
            return self._rule_ms
        mean_ms = sum(passed for _, passed in self._steps) // blocks
        is_sound = self._rule_ms <= mean_ms * _TOO_FAR and mean_ms <= self._rule_ms * _TOO_FAR
        return mean_ms if is_sound else self._rule_ms
