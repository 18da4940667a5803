"""Whether quoted volatility was enough: beside what was realised, and what would have broken even."""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.pricing import DAYS_A_YEAR
from bithedge.domain.revaluation.covers import Floats, covers_of
from bithedge.domain.revaluation.values import fair_values
from bithedge.risk.record import Life, Run, Scope

_LEAST, _MOST = 0.02, 8.0  # times quoted volatility, between which a break-even is looked for
_HALVINGS: Final = 40


class VolatilityRow(msgspec.Struct, frozen=True, kw_only=True):
    """Ended policies of a tenor; volatilities per square root of a year, root mean squares over policies.

    At the break-even one, fair values alone would have been what was paid out; None where nothing was paid,
    or no volatility would do.
    """

    tenor_days: int | None
    """None: all of them."""
    policies: int
    quoted: float
    realised: float
    break_even: float | None


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of all premium, which add up to 1; margin by what set it."""

    fair_value: float
    margin_rate: float
    margin_buffer: float
    margin_minimum: float
    utilisation: float
    fee: float


class PricingCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Both tables of a scope."""

    volatilities: tuple[VolatilityRow, ...]
    lines: Lines | None


def pricing_check(runs: Sequence[Run], scope: Scope, *, carry: float) -> PricingCheck:
    """Return the check of a scope over all runs."""
    ended = [(life, run) for run in runs for life in run.lives_of(scope) if life.end_day is not None]
    tenors = sorted({life.cell.days for life, _ in ended})
    groups = [(None, ended), *((days, [one for one in ended if one[0].cell.days == days]) for days in tenors)]
    return PricingCheck(
        volatilities=tuple(_row(days, members, carry) for days, members in groups if members),
        lines=_lines([life for run in runs for life in run.lives_of(scope)]),
    )


def realised_volatility(run: Run, life: Life) -> float:
    """Return the volatility of daily closes over the whole tenor of a policy, as far as the path goes.

    The tenor, not the life: what a touch cut short was priced for as long.
    """
    before = life.sold_day - int(run.days[0])
    closes = run.prices[before : before + life.cell.days + 1]
    returns = np.diff(np.log(closes.astype(np.float64)))
    return math.sqrt(DAYS_A_YEAR * float((returns**2).mean())) if len(returns) else 0.0


def _row(days: int | None, members: Sequence[tuple[Life, Run]], carry: float) -> VolatilityRow:
    quoted = np.array([life.volatility for life, _ in members])
    realised = np.array([realised_volatility(run, life) for life, run in members])
    times = _break_even([life for life, _ in members], quoted, carry)
    middle = math.sqrt(float((quoted**2).mean()))
    return VolatilityRow(
        tenor_days=days,
        policies=len(members),
        quoted=middle,
        realised=math.sqrt(float((realised**2).mean())),
        break_even=None if times is None else times * middle,
    )


# The multiple of each policy's own quoted volatility at which their fair values sum to what they paid.
def _break_even(lives: Sequence[Life], quoted: Floats, carry: float) -> float | None:
    covers = covers_of(lives)
    spots = np.array([life.spot for life in lives], dtype=np.float64)
    years = np.array([life.cell.days / DAYS_A_YEAR for life in lives])
    paid = sum(life.payout for life in lives)

    def worth(times: float) -> float:
        return float(fair_values(covers, spots, quoted * times, years, carry=carry).sum())

    if not worth(_LEAST) < paid < worth(_MOST):
        return None
    low, high = math.log(_LEAST), math.log(_MOST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(math.exp(middle)) < paid else (low, middle)
    return math.exp(high)


def _lines(lives: Sequence[Life]) -> Lines | None:
    total = sum(life.lines.total for life in lives)
    if total == 0:
        return None
    margin = {
        basis: sum(life.lines.margin for life in lives if life.lines.margin_basis == basis) / total
        for basis in ("rate", "buffer", "minimum")
    }
    return Lines(
        fair_value=sum(life.lines.fair_value for life in lives) / total,
        margin_rate=margin["rate"],
        margin_buffer=margin["buffer"],
        margin_minimum=margin["minimum"],
        utilisation=sum(life.lines.utilisation for life in lives) / total,
        fee=sum(life.lines.fee for life in lives) / total,
    )
