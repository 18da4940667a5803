"""`risk`: the risk laboratory; a report over history, a file or drawn paths as HTML and JSON."""

import argparse
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bithedge.cli.exits import CommandError, Exit
from bithedge.cli.terminal import say, say_json
from bithedge.domain.money import ONE_BTC, Sats
from bithedge.risk.demand import Demand
from bithedge.risk.parameters import PATH_KINDS, PathError, Process

if TYPE_CHECKING:
    from bithedge.risk.report import Report

NAME: Final = "risk"
HELP: Final = "run the pool over a price path and report what it would earn, lose and owe"
_MONTH_DAYS: Final = 30


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--path",
        required=True,
        metavar="|".join(("FILE", *PATH_KINDS)),
        help="a CSV with the shipped history's columns, the shipped history, or paths drawn from a seed",
    )
    parser.add_argument("--years", type=_positive, metavar="Y", help="all there are; 3 of drawn paths")
    parser.add_argument("--seed", type=_seed, default=1, metavar="N", help="of the first path and its buyers")
    parser.add_argument("--paths", type=_count, default=1, metavar="N", help="each with the next seed")
    parser.add_argument("--out", type=Path, default=Path("risk-report"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="say in one line of JSON where it is")
    process, demand = Process(), Demand()
    drawn = parser.add_argument_group("paths drawn as gbm or jump; per year, of the price's logarithm")
    drawn.add_argument("--volatility", type=_positive, default=process.volatility, metavar="V")
    drawn.add_argument("--drift", type=_figure, metavar="D", help="the one under which 1 / spot has none")
    drawn.add_argument("--jumps", type=_not_negative, default=process.jumps_a_year, metavar="N")
    drawn.add_argument("--jump-mean", type=_figure, default=process.jump_mean, metavar="M")
    drawn.add_argument("--jump-deviation", type=_not_negative, default=process.jump_deviation, metavar="D")
    pool = parser.add_argument_group("the pool and its buyers")
    pool.add_argument("--capital", type=_positive, default=10.0, metavar="SBTC", help="of each tier")
    pool.add_argument(
        "--requests", type=_count, default=demand.requests_a_day, metavar="N", help="a day and tier"
    )
    pool.add_argument(
        "--appetite", type=_positive, default=demand.appetite, metavar="PART", help="of a tier's cap"
    )


def run(options: argparse.Namespace) -> Exit:
    """Run the laboratory and write `risk.html` and `risk.json`.

    Raises:
        CommandError: the path cannot be read or drawn, or the folder not be written.
    """
    # Here, so that no other command loads numpy.
    from bithedge.risk.session import Wish, session, write  # noqa: PLC0415  # see above

    wish = Wish(
        path=options.path,
        years=options.years,
        seed=options.seed,
        paths=options.paths,
        process=Process(
            volatility=options.volatility,
            drift=options.drift,
            jumps_a_year=options.jumps,
            jump_mean=options.jump_mean,
            jump_deviation=options.jump_deviation,
        ),
        demand=Demand(requests_a_day=options.requests, appetite=options.appetite),
        capital=Sats(round(options.capital * ONE_BTC)),
    )
    bars = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    try:
        with Progress(*bars, TimeRemainingColumn(), console=Console(file=sys.stderr)) as progress:
            made = session(wish, lambda name, days: _bar(progress, name, days))
        html, json = write(options.out, made)
    except PathError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{options.out} cannot be written: {error.strerror}") from None
    if options.json:
        say_json({"event": "done", "html": str(html), "json": str(json)})
    else:
        _tell(made)
        say(f"{html}\n{json}")
    return Exit.DONE


def _bar(progress: Progress, name: str, days: int) -> Callable[[int], None]:
    task = progress.add_task(name, total=days)
    return lambda done: progress.update(task, completed=done)


def _tell(made: "Report") -> None:
    for scope in made.scopes:
        paid, earned = scope.totals.payouts.sats, scope.totals.premium.sats
        month = next((horizon for horizon in scope.distribution if horizon.days == _MONTH_DAYS), None)
        tail = "" if month is None else f", ES 99 % of 30 days {month.tails[-1].shortfall.value:.1%}"
        fall = abs(scope.drawdown.depth.share)
        say(
            f"{scope.scope:13} premium {earned / ONE_BTC:9.4f} sBTC, payouts {paid / ONE_BTC:9.4f}"
            f" ({paid / earned if earned else 0:.2f}), deepest fall {fall:.1%}{tail}"
        )


def _figure(text: str) -> float:
    value = float(text)
    if not -inf < value < inf:
        raise argparse.ArgumentTypeError(f"{text} is no finite figure")
    return value


def _not_negative(text: str) -> float:
    if _figure(text) < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return float(text)


def _positive(text: str) -> float:
    if _figure(text) <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return float(text)


def _seed(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return int(text)


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return int(text)
