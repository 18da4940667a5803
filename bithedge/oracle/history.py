"""The shipped daily history: what volatility starts from, and what a devnet shows and replays."""

import csv
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec

from bithedge.domain.money import UsdE8

FILE = Path(__file__).parent / "history" / "btc-usd-daily.csv"
_EPOCH = date(1970, 1, 1)


class DailyCandle(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC day; `day` counts from 1970-01-01."""

    day: int
    open: UsdE8
    high: UsdE8
    low: UsdE8
    close: UsdE8


def day_of(at_ms: int) -> int:
    """Return the UTC day of Unix milliseconds, counted from 1970-01-01."""
    return at_ms // 86_400_000


def day_named(text: str) -> int:
    """Return the day of `YYYY-MM-DD`.

    Raises:
        ValueError: it is no date.
    """
    return (date.fromisoformat(text) - _EPOCH).days


def at_ms(day: int) -> int:
    """Return the Unix milliseconds at which a UTC day begins."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return int(moment.timestamp()) * 1_000


@lru_cache(maxsize=1)
def daily_history() -> tuple[DailyCandle, ...]:
    """Return the shipped days, oldest first."""
    with FILE.open(encoding="ascii", newline="") as file:
        return tuple(
            DailyCandle(
                day=day_named(row["date"]),
                open=_price(row["open_usd"]),
                high=_price(row["high_usd"]),
                low=_price(row["low_usd"]),
                close=_price(row["close_usd"]),
            )
            for row in csv.DictReader(file)
        )


def _price(text: str) -> UsdE8:
    """Read a decimal of at most 8 places without a float."""
    whole, _, fraction = text.partition(".")
    return UsdE8(int(whole) * 100_000_000 + int(fraction.ljust(8, "0")))
