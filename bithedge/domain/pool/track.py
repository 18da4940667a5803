"""Results over the last ninety days, kept in a few numbers however much has happened."""

from collections import deque
from typing import Final

import msgspec

from bithedge.domain.money import WHOLE, Bps, Sats

YIELD_DAYS: Final = 90
WORST_DAYS: Final = 30
_YEAR_DAYS: Final = 365


class _Span(msgspec.Struct, frozen=True):
    # One stretch of days: its number, premium made less losses in it, and the most capital seen in it.
    number: int
    result: int
    capital: int


class Track:
    """Sums of results by stretches of `days` days of `day_blocks` blocks each."""

    def __init__(self, day_blocks: int, *, days: int) -> None:
        self._blocks = day_blocks * days
        self._days = days
        self._spans: deque[_Span] = deque(maxlen=YIELD_DAYS // days + 1)
        self._worst = Bps(0)

    def add(self, height: int, result: int, capital: int) -> None:
        """Book a result at `height` on a capital, both sats."""
        number = height // self._blocks
        last = self._spans[-1] if self._spans else None
        if last is not None and last.number >= number:
            # A result of a height before the last one, as after a reorg, belongs to the last stretch.
            self._spans[-1] = _Span(last.number, last.result + result, max(last.capital, capital))
        else:
            self._worst = self.worst_30d_bps
            self._spans.append(_Span(number, result, capital))

    def yield_bps(self, height: int, *, made: Sats, capital: Sats) -> Bps:
        """Return the result of the last 90 days as a yearly rate, rounded down.

        Args:
            height: now.
            made: premium that is made but not booked yet, sats.
            capital: what works now, sats; the rate is on the most there was in the time, so that a
                withdrawal raises nothing.
        """
        spans = self._since(height // self._blocks, YIELD_DAYS)
        base = max([capital, *(span.capital for span in spans)])
        if base <= 0:
            return Bps(0)
        result = made + sum(span.result for span in spans)
        return Bps(result * _YEAR_DAYS * WHOLE // (YIELD_DAYS * base))

    @property
    def worst_30d_bps(self) -> Bps:
        """The worst booked result of 30 days in a row since the start, per capital: never above 0."""
        if not self._spans:
            return self._worst
        spans = self._since(self._spans[-1].number, WORST_DAYS)
        base = max(span.capital for span in spans)
        result = sum(span.result for span in spans)
        return Bps(min(self._worst, result * WHOLE // base)) if base > 0 else self._worst

    def _since(self, number: int, days: int) -> list[_Span]:
        oldest = number - days // self._days
        return [span for span in self._spans if span.number > oldest]
