"""The devnet's past: the shipped history, shifted so that it ends yesterday; shown, never priced by."""

from collections.abc import Sequence

from bithedge.oracle.history import DailyCandle, at_ms, daily_history, day_of
from bithedge.storage.keeping import Candle


def shifted_history(now_ms: int, *, days: Sequence[DailyCandle] | None = None) -> tuple[Candle, ...]:
    """Return the daily candles of the shipped history, the last of them yesterday's."""
    shipped = daily_history() if days is None else days
    shift = day_of(now_ms) - 1 - shipped[-1].day
    return tuple(
        Candle(
            bar="1d",
            at_ms=at_ms(day.day + shift),
            opening=day.open,
            high=day.high,
            low=day.low,
            closing=day.close,
        )
        for day in shipped
    )
