"""The spring of 2020 in the laboratory: a run that is made once and looked at by many tests."""

from functools import lru_cache

import msgspec

from bithedge.oracle.history import DailyCandle, daily_history, day_named
from bithedge.risk.demand import Demand
from bithedge.risk.laboratory import Setup, run_path
from bithedge.risk.paths import PricePath
from bithedge.risk.record import Run
from bithedge.risk.report import Report, report
from bithedge.risk.session import shipped_pricing

USD = 100_000_000
FIRST_DAY = day_named("2020-01-15")
CRASH = day_named("2020-03-12")


def a_setup(**changes: object) -> Setup:
    return msgspec.structs.replace(Setup(pricing=shipped_pricing()), **changes)


def spring_path() -> PricePath:
    days = [day for day in daily_history() if day_named("2019-07-01") <= day.day <= day_named("2020-05-20")]
    return PricePath(name="spring", candles=tuple(days), warm_up=FIRST_DAY - days[0].day)


def a_flat_path(days: int, *, warm_up: int = 30, price: int = 60_000) -> PricePath:
    """Return days that only tremble, so that volatility is at its least."""
    candles = tuple(
        DailyCandle(
            day=18_000 + n,
            open=price * USD,
            high=(price + 20) * USD,
            low=(price - 20) * USD,
            close=(price + 10 * (n % 2)) * USD,
        )
        for n in range(days + warm_up)
    )
    return PricePath(name="flat", candles=candles, warm_up=warm_up)


@lru_cache(maxsize=1)
def spring() -> Run:
    return run_path(spring_path(), a_setup(demand=Demand(requests_a_day=3)), seed=4)


@lru_cache(maxsize=1)
def other_spring() -> Run:
    return run_path(spring_path(), a_setup(demand=Demand(requests_a_day=3)), seed=5)


@lru_cache(maxsize=1)
def spring_report() -> Report:
    return report([spring(), other_spring()], a_setup(demand=Demand(requests_a_day=3)))
