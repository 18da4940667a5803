"""One session: paths are made, the pool is run over each, and the report is written."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from bithedge.domain.money import Sats
from bithedge.domain.premium import PremiumRule
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import Pricing
from bithedge.domain.tiers import DEFAULT_TIERS
from bithedge.domain.volatility import VolatilityRule
from bithedge.oracle.history import DailyCandle, daily_history
from bithedge.risk.backtest import backtest
from bithedge.risk.demand import Demand
from bithedge.risk.laboratory import Setup, run_path
from bithedge.risk.page import page
from bithedge.risk.parameters import Process
from bithedge.risk.paths import PricePath, drawn_path, file_path, history_path
from bithedge.risk.record import Run
from bithedge.risk.report import Report, report

Begin = Callable[[str, int], Callable[[int], None]]
"""Told a path's name and days before it is run; what it returns is told how many of them are done."""

_YEARS: Final = 3.0  # of a drawn path, unless told otherwise


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run: `path` is a kind or the name of a file; each path has the next seed."""

    path: str
    years: float | None = None
    seed: int = 1
    paths: int = 1
    process: Process = Process()
    demand: Demand = Demand()
    capital: Sats = Sats(1_000_000_000)


def shipped_pricing() -> Pricing:
    """Return the rules of quotes as the daemon has them by default."""
    return Pricing(
        volatility=VolatilityRule(),
        premium=PremiumRule(),
        tiers=DEFAULT_TIERS,
        amounts=AmountLimits(),
        valid_blocks=2,
        valid_s=600,
    )


def session(wish: Wish, begin: Begin) -> Report:
    """Return the report of a wish.

    Raises:
        PathError: a path cannot be read or drawn.
        BrokenBooksError: an invariant failed.
    """
    history = daily_history()
    setup = Setup(pricing=shipped_pricing(), demand=wish.demand, capital=wish.capital)
    runs: list[Run] = []
    for seed, path in _paths(wish, history):
        progress = begin(f"{path.name}, seed {seed}", len(path.sold))
        runs.append(run_path(path, setup, seed=seed, progress=progress))
    return report(
        runs,
        setup,
        process=_process(wish),
        backtest=backtest(history, setup.pricing) if wish.path == "history" else None,
    )


def write(folder: Path, made: Report) -> tuple[Path, Path]:
    """Write `risk.html` and `risk.json` into a folder, which is made if need be; return both paths.

    Raises:
        OSError: it cannot be written.
    """
    html, json = folder / "risk.html", folder / "risk.json"
    folder.mkdir(parents=True, exist_ok=True)
    html.write_text(page(made), encoding="utf-8")
    json.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1))
    return html, json


def _paths(wish: Wish, history: Sequence[DailyCandle]) -> Iterator[tuple[int, PricePath]]:
    seeds = range(wish.seed, wish.seed + wish.paths)
    match wish.path:
        case "gbm" | "jump" | "bootstrap":
            years = _YEARS if wish.years is None else wish.years
            for seed in seeds:
                path = drawn_path(wish.path, years=years, seed=seed, process=wish.process, history=history)
                yield seed, path
        case "history":
            # One path, and other buyers with each seed.
            path = history_path(history, years=wish.years)
            yield from ((seed, path) for seed in seeds)
        case name:
            path = file_path(Path(name), years=wish.years)
            yield from ((seed, path) for seed in seeds)


# What the path was drawn from, if it was drawn from a process.
def _process(wish: Wish) -> Process | None:
    match wish.path:
        case "gbm":
            return msgspec.structs.replace(wish.process, jumps_a_year=0.0)
        case "jump":
            return wish.process
        case _:
            return None
