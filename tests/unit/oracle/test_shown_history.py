from bithedge.oracle.history import at_ms, daily_history, day_named, day_of
from bithedge.oracle.shown_history import shifted_history

NOW_MS = at_ms(day_named("2026-11-24")) + 12 * 3_600_000


def test_the_devnets_past_ends_yesterday_with_the_shipped_closes() -> None:
    candles = shifted_history(NOW_MS)

    assert day_of(candles[-1].at_ms) == day_of(NOW_MS) - 1
    assert [candle.closing for candle in candles] == [day.close for day in daily_history()]
    assert {candle.bar for candle in candles} == {"1d"}
