"""Price paths: the shipped history, a file, and three ways to draw one from a seed.

A drawn path has one price a burn block, of which a day's candle keeps open, high, low and close. It begins
where the shipped history ends, with a year before the first sale from which volatility starts.
"""

import csv
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.money import MAX_PRICE, UsdE8
from bithedge.domain.pricing import DAYS_A_YEAR, USD_E8
from bithedge.domain.revaluation.covers import Floats
from bithedge.oracle.history import DailyCandle, day_named
from bithedge.risk.menu import DAY_BLOCKS
from bithedge.risk.parameters import DrawnKind, PathError, Process

FIRST_SALE: Final = day_named("2015-03-16")
"""In the shipped history: half a year after it begins."""
_WARM_UP_DAYS: Final = 365
_FILE_WARM_UP_DAYS: Final = 180
_BLOCK_DAYS: Final = 20
_EPOCH: Final = date(1970, 1, 1)
_COLUMNS: Final = ("date", "open_usd", "high_usd", "low_usd", "close_usd")


class PricePath(msgspec.Struct, frozen=True, kw_only=True):
    """Days without a gap; nothing is sold in the first `warm_up` of them."""

    name: str
    candles: tuple[DailyCandle, ...]
    warm_up: int

    @property
    def sold(self) -> tuple[DailyCandle, ...]:
        """The days of the run itself."""
        return self.candles[self.warm_up :]


def named_day(day: int) -> str:
    """Return a day counted from 1970-01-01 as `YYYY-MM-DD`."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def history_path(history: Sequence[DailyCandle], *, years: float | None) -> PricePath:
    """Return the last `years` of the shipped history, at most from 2015-03-16, with all before as start.

    Raises:
        PathError: the years hold no day.
    """
    first = history[-1].day + 1 - _days(years) if years is not None else FIRST_SALE
    warm_up = max(first, FIRST_SALE) - history[0].day
    return PricePath(name="history", candles=tuple(history), warm_up=warm_up)


def file_path(file: Path, *, years: float | None) -> PricePath:
    """Return the days of a CSV file with the shipped history's columns, its first half year as start.

    Raises:
        PathError: it cannot be read, has a gap or an impossible day, or is too short.
    """
    candles = _read(file)
    least = _FILE_WARM_UP_DAYS + 1
    if len(candles) <= least:
        raise PathError(f"{file}: {len(candles)} days, and the first {least - 1} only start volatility")
    kept = len(candles) - _FILE_WARM_UP_DAYS if years is None else _days(years)
    warm_up = max(_FILE_WARM_UP_DAYS, len(candles) - kept)
    return PricePath(name=file.name, candles=candles, warm_up=warm_up)


def drawn_path(
    kind: DrawnKind, *, years: float, seed: int, process: Process, history: Sequence[DailyCandle]
) -> PricePath:
    """Return the path that a seed draws.

    Raises:
        PathError: the process leaves no variance beside its jumps, or a price leaves the range of prices.
    """
    chance = np.random.default_rng(seed)
    days = _days(years) + _WARM_UP_DAYS
    draw: dict[DrawnKind, Callable[[], Floats]] = {
        "gbm": lambda: _walk(chance, days, process, jumps=False),
        "jump": lambda: _walk(chance, days, process, jumps=True),
        "bootstrap": lambda: _blocks(chance, days, history),
    }
    prices = history[-1].close * np.exp(draw[kind]())
    if not (prices.min() >= USD_E8 and prices.max() <= MAX_PRICE):
        raise PathError(f"{kind}, seed {seed}: a price leaves the range from 1 USD to {MAX_PRICE // USD_E8}")
    first = history[-1].day + 1
    candles = tuple(
        DailyCandle(day=first + place, open=UsdE8(o), high=UsdE8(h), low=UsdE8(low), close=UsdE8(c))
        for place, (o, h, low, c) in enumerate(prices.astype(np.int64).tolist())
    )
    return PricePath(name=kind, candles=candles, warm_up=_WARM_UP_DAYS)


# Logarithms of open, high, low and close, a row a day, from 0.
def _walk(chance: np.random.Generator, days: int, process: Process, *, jumps: bool) -> Floats:
    rate = process.jumps_a_year if jumps else 0.0
    mean, deviation = process.jump_mean, process.jump_deviation
    diffusive = process.volatility**2 - rate * (mean**2 + deviation**2)
    if diffusive <= 0:
        raise PathError("the jumps alone have more variance than --volatility allows")
    # What keeps the mean of 1 / spot where it is.
    martingale = diffusive / 2 + rate * (float(np.exp(deviation**2 / 2 - mean)) - 1)
    drift = process.drift - rate * mean if process.drift is not None else martingale
    step = 1 / (DAYS_A_YEAR * DAY_BLOCKS)
    moves = chance.standard_normal((days, DAY_BLOCKS)) * np.sqrt(diffusive * step) + drift * step
    if jumps:
        count = chance.poisson(rate * step, (days, DAY_BLOCKS))
        moves += count * mean + np.sqrt(count) * deviation * chance.standard_normal((days, DAY_BLOCKS))
    at = np.cumsum(moves).reshape(days, DAY_BLOCKS)
    opens = np.concatenate([[0.0], at[:-1, -1]])
    whole = np.concatenate([opens[:, None], at], axis=1)
    return np.stack([opens, whole.max(axis=1), whole.min(axis=1), at[:, -1]], axis=1)


# Stretches of history laid end to end; each day keeps its shape against the close before it.
def _blocks(chance: np.random.Generator, days: int, history: Sequence[DailyCandle]) -> Floats:
    table = np.log([(one.open, one.high, one.low, one.close) for one in history])
    shapes = table[1:] - table[:-1, 3:]
    starts = chance.integers(0, len(shapes) - _BLOCK_DAYS + 1, -(-days // _BLOCK_DAYS))
    places = (starts[:, None] + np.arange(_BLOCK_DAYS)).ravel()[:days]
    drawn = shapes[places]
    before = np.concatenate([[0.0], np.cumsum(drawn[:-1, 3])])
    return drawn + before[:, None]


def _days(years: float) -> int:
    days = round(years * DAYS_A_YEAR)
    if days < 1:
        raise PathError("--years holds no day")
    return days


def _read(file: Path) -> tuple[DailyCandle, ...]:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as error:
        raise PathError(f"{file}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise PathError(f"{file}: {error}") from None
    candles: list[DailyCandle] = []
    for line, row in enumerate(rows, start=2):
        try:
            candle = _candle(row)
        except ValueError as error:
            raise PathError(f"{file}, line {line}: {error}") from None
        if candles and candle.day != candles[-1].day + 1:
            raise PathError(f"{file}, line {line}: {row['date']} does not follow the day before it")
        candles.append(candle)
    return tuple(candles)


def _candle(row: dict[str, str]) -> DailyCandle:
    if any(row.get(column) is None for column in _COLUMNS):
        raise ValueError(f"expected the columns {', '.join(_COLUMNS)}")
    opened, high, low, close = (_price(row[column]) for column in _COLUMNS[1:])
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError("low, open and close, high are not in this order")
    return DailyCandle(day=day_named(row["date"]), open=opened, high=high, low=low, close=close)


def _price(text: str) -> UsdE8:
    try:
        price = int(Decimal(text).scaleb(8))
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"{text!r} is no price") from None
    if not 0 < price <= MAX_PRICE:
        raise ValueError(f"{text!r} is outside the range of prices")
    return UsdE8(price)
