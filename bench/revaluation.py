"""A whole book revalued after a tick, beside QuantLib's nearest engine, in one run.

QuantLib prices the same claims as barrier options on 1 / spot with the max payout as rebate (European ones
where nothing caps them). Its instruments stand ready and only hear of the new spot, so that both sides time
the valuation alone. Both must agree to a billionth of what is covered, or the bench fails.
Usage: python bench/revaluation.py [--policies 100000] [--rounds 7] [--goal 20]
"""

import argparse
import gc
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # so that it runs from a checkout, installed or not

from bithedge.domain.payout import Kind  # noqa: E402  # after the path is set
from bithedge.domain.pricing import fair_value  # noqa: E402
from bithedge.domain.revaluation.covers import Covers, Floats  # noqa: E402
from bithedge.domain.revaluation.values import fair_values, fair_values_sats  # noqa: E402
from bithedge.domain.revaluation.volatilities import quoted_volatilities  # noqa: E402
from bithedge.domain.volatility import VolatilityRule  # noqa: E402

ql: Any = importlib.import_module("QuantLib")  # it comes without types

SPOT: Final = 65_000 * 10**8
TENORS_DAYS: Final = (7, 30, 90, 180)
SHARES: Final = (0.05, 0.25, 0.5, 1.0)
WIDEST: Final = 0.02  # ticks stay well within: past a barrier QuantLib refuses to price
AGREEMENT: Final = 1e-9  # of the amount


def a_book(policies: int) -> tuple[Covers, Floats, Floats]:
    """Return covers within the tiers' limits and short of their caps, quoted volatilities, and years left."""
    chance = np.random.default_rng(7)
    drawn = 2 * policies + 100
    signs = np.where(chance.random(drawn) < 0.6, 1.0, -1.0)
    moneyness = np.where(signs > 0, chance.uniform(0.6, 1.1, drawn), chance.uniform(0.91, 1.6, drawn))
    amounts = chance.integers(1_000_000, 1_000_000_000, drawn)
    collaterals = (amounts * chance.choice(SHARES, drawn)).astype(np.int64)
    caps = 1 + signs * collaterals / amounts
    kept = np.flatnonzero(signs * (caps - moneyness) > WIDEST)[:policies]
    covers = Covers(signs, (SPOT * moneyness).astype(np.int64), amounts, collaterals).part(kept)
    years = chance.choice(TENORS_DAYS, policies) / 365
    rule = VolatilityRule()
    at = covers.strikes / SPOT
    quoted = [
        quoted_volatilities(rule, kind, fast=0.36, slow=0.36, moneyness=at, years=years) for kind in Kind
    ]
    return covers, np.where(covers.signs > 0, *quoted), years


class Rival:
    """The same book as QuantLib instruments on one quote of 1 / spot, each with its own volatility."""

    def __init__(self, covers: Covers, volatilities: Floats, years: Floats) -> None:
        today = ql.Date(1, 1, 2024)
        ql.Settings.instance().evaluationDate = today
        self._count = ql.Actual365Fixed()
        self._today = today
        self._nothing = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, self._count))
        self.inverse = ql.SimpleQuote(1.0)  # SPOT / spot
        self._handle = ql.QuoteHandle(self.inverse)
        self._processes: dict[float, Any] = {}
        self.amounts = covers.amounts
        self.options = [
            self._option(row, float(volatility), round(time * 365))
            for row, volatility, time in zip(
                zip(*(column.tolist() for column in covers), strict=True), volatilities, years, strict=True
            )
        ]

    def _option(self, row: tuple[float, int, int, int], volatility: float, days: int) -> Any:
        sign, strike, amount, collateral = row
        put = sign > 0
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if put else ql.Option.Put, SPOT / strike)
        exercise = ql.EuropeanExercise(self._today + days)
        process = self._process(volatility)
        if not put and collateral == amount:
            option = ql.VanillaOption(payoff, exercise)
            option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
            return option
        barrier = ql.Barrier.UpOut if put else ql.Barrier.DownOut
        cap = (amount + sign * collateral) / amount * SPOT / strike
        option = ql.BarrierOption(barrier, cap, collateral / amount * SPOT / strike, payoff, exercise)
        option.setPricingEngine(ql.AnalyticBarrierEngine(process))
        return option

    def _process(self, volatility: float) -> Any:
        if volatility not in self._processes:
            surface = ql.BlackConstantVol(self._today, ql.NullCalendar(), volatility, self._count)
            self._processes[volatility] = ql.BlackScholesMertonProcess(
                self._handle, self._nothing, self._nothing, ql.BlackVolTermStructureHandle(surface)
            )
        return self._processes[volatility]

    def values(self, spot: int) -> list[float]:
        """Return every instrument's value after a tick, per unit of amount and of strike / SPOT."""
        self.inverse.setValue(SPOT / spot)
        return [option.NPV() for option in self.options]


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--policies", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--goal", type=float, default=20.0, help="times as fast as QuantLib, or it fails")
    given = parser.parse_args()
    covers, volatilities, years = a_book(given.policies)
    rival = Rival(covers, volatilities, years)

    scale = covers.amounts * (covers.strikes / SPOT)
    worst = 0.0
    times: dict[str, list[float]] = {"ours": [], "sats": [], "scalar": [], "QuantLib": []}
    for number in range(given.rounds):
        spot = SPOT + SPOT * (number - given.rounds // 2) // 1_000
        ours, theirs = fair_values(covers, spot, volatilities, years), np.array(rival.values(spot)) * scale
        worst = max(worst, float(np.max(np.abs(ours - theirs) / covers.amounts)))
        tick = spot + 10**8  # so that QuantLib has to price again
        times["QuantLib"].append(timed(lambda at=tick: rival.values(at)))
        times["ours"].append(timed(lambda at=tick: fair_values(covers, at, volatilities, years)))
        times["sats"].append(timed(lambda at=tick: fair_values_sats(covers, at, volatilities, years)))
        times["scalar"].append(timed(lambda at=tick: one_by_one(covers, at, volatilities, years)))
    return told(times, worst, given.policies, given.goal)


def one_by_one(covers: Covers, spot: int, volatilities: Floats, years: Floats) -> list[float]:
    """Return what the scalar closed form says of each policy."""
    rows = zip(*(column.tolist() for column in covers), volatilities.tolist(), years.tolist(), strict=True)
    return [fair_value(Kind.PUT if row[0] > 0 else Kind.CALL, spot, *row[1:]) for row in rows]


def told(times: dict[str, list[float]], worst: float, policies: int, goal: float) -> int:
    """Print the figures; return 0 if the two agree and the goal is met."""
    print(f"{policies:,} policies after a tick, median of {len(times['ours'])} rounds in turn")
    for name, taken in times.items():
        print(f"  {name:9} {statistics.median(taken) * 1_000:9.1f} ms")
    ratios = [rival / own for rival, own in zip(times["QuantLib"], times["ours"], strict=True)]
    ratio = statistics.median(ratios)
    print(f"QuantLib / ours: {ratio:.1f} ({min(ratios):.1f} - {max(ratios):.1f}), goal {goal:g}")
    print(f"widest difference: {worst:.1e} of the amount covered, allowed {AGREEMENT:.0e}")
    return 0 if ratio >= goal and worst <= AGREEMENT else 1


if __name__ == "__main__":
    sys.exit(main())
