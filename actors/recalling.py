"""What the oracle's actor knows again after a restart: running candles, the last day, volatility."""

import msgspec

from bithedge.domain.money import UsdE8
from bithedge.domain.volatility import VolatilityEstimate, VolatilityRule, estimate_from, observe_day
from bithedge.oracle.candles import BAR_MS, CandleBook
from bithedge.oracle.day import DAY_MS, LastDay
from bithedge.oracle.history import daily_history, day_of
from bithedge.storage.keeping import Candle
from bithedge.storage.queries.kept import candles
from bithedge.storage.reader import Reader

_MINUTES = DAY_MS // BAR_MS["1m"] + 1
_DAYS = 4_000
"""Older ones no longer weigh anything."""


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier lives of the daemon have seen."""

    candles: CandleBook
    day: LastDay
    estimate: VolatilityEstimate


async def recall(
    reader: Reader, rule: VolatilityRule, now_ms: int, *, observes_days: bool, reference: UsdE8 | None
) -> Recalled:
    """Return what the stored candles tell.

    Args:
        reader: of the store.
        rule: how volatility is estimated.
        now_ms: Unix milliseconds.
        observes_days: whether the stored days follow upon the shipped history.
        reference: the price before anything was seen, if one is to be shown.
    """
    running: list[Candle] = []
    for bar, length in BAR_MS.items():
        running += await reader.read(candles, bar, from_ms=now_ms - now_ms % length, to_ms=now_ms, limit=1)
    day = LastDay(reference)
    for minute in await reader.read(candles, "1m", from_ms=now_ms - DAY_MS, to_ms=now_ms, limit=_MINUTES):
        day.recall(minute.at_ms, opening=minute.opening, high=minute.high, low=minute.low)
    estimate = shipped_estimate(rule)
    if observes_days:
        today_ms = now_ms - now_ms % DAY_MS
        for one in await reader.read(candles, "1d", from_ms=0, to_ms=today_ms - 1, limit=_DAYS):
            estimate = observe_day(rule, estimate, day_of(one.at_ms) + 1, one.closing)
    return Recalled(candles=CandleBook(running), day=day, estimate=estimate)


def shipped_estimate(rule: VolatilityRule) -> VolatilityEstimate:
    """Return volatility as the shipped history leaves it; a close is the price of the next midnight."""
    return estimate_from(rule, ((candle.day + 1, candle.close) for candle in daily_history()))
