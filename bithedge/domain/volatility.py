"""The volatility a policy is priced at: realised variance over two half-lives, a level, and a skew.

One sample a day, at 00:00 UTC: 365 r^2 with r the logarithm of the price over the one a day before. Each
average weighs its samples by 2^(-n / half-life), n samples since, and the weights sum to 1. A day is
counted in days since 1970-01-01; a daily candle's close belongs to the midnight that ends it.
"""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import msgspec

from bithedge.domain.money import UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.pricing import DAYS_A_YEAR, YEAR_S

DAY_S: Final = 86_400


class Additions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's additions to volatility by tenor and moneyness (strike / spot), linear in between.

    Beyond an axis its end holds on. `values` has one row a tenor, one figure a moneyness in it. Empty adds
    nothing.
    """

    tenors_days: tuple[float, ...] = ()
    moneyness: tuple[float, ...] = ()
    values: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        for axis in (self.tenors_days, self.moneyness):
            if not all(low < high for low, high in pairwise(axis)):
                raise ValueError("additions: tenors_days and moneyness rise")
        if bool(self.tenors_days) != bool(self.moneyness):
            raise ValueError("additions: tenors_days and moneyness go together")
        if len(self.values) != len(self.tenors_days) or any(
            len(row) != len(self.moneyness) for row in self.values
        ):
            raise ValueError(
                "additions: values has a row for each tenor and a figure in it for each moneyness"
            )

    def at(self, days: float, moneyness: float) -> float:
        """Return the addition at a tenor and strike / spot, interpolated along both axes."""
        if not self.values:
            return 0.0
        row, down = _place(self.tenors_days, days)
        column, across = _place(self.moneyness, moneyness)
        upper = _between(self.values[row], column, across)
        lower = _between(self.values[min(row + 1, len(self.values) - 1)], column, across)
        return upper + (lower - upper) * down


class VolatilityRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How realised variance becomes quoted volatility; the defaults are the product's.

    `reversion_days` is the time in which the fast variance gives way to the slow one. `skew` is volatility
    times the square root of a year, per unit of log-moneyness.
    """

    fast_half_life_days: float = 10.0
    slow_half_life_days: float = 180.0
    reversion_days: float = 20.0
    level_put: float = 1.10
    level_call: float = 1.25
    min_volatility: float = 0.40
    max_volatility: float = 2.00
    skew: float = 0.12
    wing_max: float = 3.00
    put_additions: Additions = Additions()
    call_additions: Additions = Additions()

    def __post_init__(self) -> None:
        if not 0 < self.fast_half_life_days <= self.slow_half_life_days < math.inf:
            raise ValueError("volatility: 0 < fast_half_life_days <= slow_half_life_days")
        if not 0 < self.reversion_days < math.inf:
            raise ValueError("volatility: reversion_days is above 0")
        if not (
            0 < self.level_put < math.inf and 0 < self.level_call < math.inf and 0 <= self.skew < math.inf
        ):
            raise ValueError("volatility: levels are above 0, skew is not negative")
        if not 0 < self.min_volatility <= self.max_volatility <= self.wing_max < math.inf:
            raise ValueError("volatility: 0 < min_volatility <= max_volatility <= wing_max")

    def level(self, kind: Kind) -> float:
        """Return the factor on realised volatility for `kind`."""
        return self.level_put if kind is Kind.PUT else self.level_call

    def additions(self, kind: Kind) -> Additions:
        """Return the operator's additions for `kind`."""
        return self.put_additions if kind is Kind.PUT else self.call_additions


class Variances(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Realised variance a year over the fast and the slow half-life."""

    fast: float
    slow: float


class VolatilityEstimate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the estimator remembers: both averages, the sums of their weights, the last day and its price.

    The sums are taken with the newest sample's weight as 1; before the first sample all four figures are 0.
    """

    v_fast: float
    v_slow: float
    fast_weight: float
    slow_weight: float
    last_day: int
    last_price: UsdE8

    @property
    def variances(self) -> Variances:
        """Return the averages over complete days."""
        return Variances(fast=self.v_fast, slow=self.v_slow)


def start_estimate(day: int, price: UsdE8) -> VolatilityEstimate:
    """Return an estimate without samples, whose first return starts at `price`."""
    return VolatilityEstimate(
        v_fast=0.0, v_slow=0.0, fast_weight=0.0, slow_weight=0.0, last_day=day, last_price=price
    )


def estimate_from(rule: VolatilityRule, prices: Iterable[tuple[int, UsdE8]]) -> VolatilityEstimate:
    """Return the estimate after daily prices, oldest first.

    Raises:
        ValueError: there are fewer than two of them, which give no return.
    """
    rest = iter(prices)
    first = next(rest, None)
    if first is None:
        raise ValueError("volatility needs daily prices, and there are none")
    estimate = start_estimate(*first)
    for day, price in rest:
        estimate = observe_day(rule, estimate, day, price)
    if estimate.fast_weight <= 0:
        raise ValueError("volatility needs the prices of two days or more")
    return estimate


def observe_day(
    rule: VolatilityRule, estimate: VolatilityEstimate, day: int, price: UsdE8
) -> VolatilityEstimate:
    """Return the estimate with the price of 00:00 UTC of `day`; days skipped make one sample together.

    A day that is not after the last one changes nothing: its sample has been taken.
    """
    gap = day - estimate.last_day
    if gap <= 0:
        return estimate
    sample = _sample(estimate.last_price, price, gap)
    v_fast, fast_weight = _averaged(estimate.v_fast, estimate.fast_weight, sample, rule.fast_half_life_days)
    v_slow, slow_weight = _averaged(estimate.v_slow, estimate.slow_weight, sample, rule.slow_half_life_days)
    return VolatilityEstimate(
        v_fast=v_fast,
        v_slow=v_slow,
        fast_weight=fast_weight,
        slow_weight=slow_weight,
        last_day=day,
        last_price=price,
    )


def running_variances(
    rule: VolatilityRule, estimate: VolatilityEstimate, at_s: float, price: UsdE8
) -> Variances:
    """Return the averages with the running day in them, each only where that raises it.

    Args:
        rule: gives the half-lives.
        estimate: over complete days.
        at_s: now, in seconds since 1970-01-01 UTC.
        price: spot now.
    """
    # A young day counts as a whole one: its first minutes, taken to a year, would say nothing but noise.
    days = max(1.0, at_s / DAY_S - estimate.last_day)
    sample = _sample(estimate.last_price, price, days)
    fast, _ = _averaged(estimate.v_fast, estimate.fast_weight, sample, rule.fast_half_life_days)
    slow, _ = _averaged(estimate.v_slow, estimate.slow_weight, sample, rule.slow_half_life_days)
    return Variances(fast=max(estimate.v_fast, fast), slow=max(estimate.v_slow, slow))


def quoted_volatility(
    rule: VolatilityRule, variances: Variances, kind: Kind, spot: float, strike: float, years: float
) -> float:
    """Return the volatility at which a policy of this strike and tenor is priced.

    A forward variance that reverts to the slow one, so that volatility^2 x time never falls with time; out
    of the money a skew on top, constant in volatility x sqrt(time).
    """
    base = _clamped(rule, kind, math.sqrt(_mean_variance(rule, variances, years * DAYS_A_YEAR)))
    added = rule.additions(kind).at(years * DAYS_A_YEAR, strike / spot)
    out = math.log(spot / strike) if kind is Kind.PUT else math.log(strike / spot)
    if out <= 0 or rule.skew == 0:
        return _winged(rule, base + added)
    if years <= 0:
        return rule.wing_max
    return _winged(rule, base + added + rule.skew * out / math.sqrt(years))


def signing_move(
    rule: VolatilityRule, variances: Variances, kind: Kind, *, seconds: float, deviations: float
) -> float:
    """Return the move of ln(spot) that a quote is buffered against while it may be signed and used."""
    volatility = _clamped(rule, kind, math.sqrt(variances.fast))
    return deviations * volatility * math.sqrt(seconds / YEAR_S)


def _sample(before: UsdE8, after: UsdE8, days: float) -> float:
    return DAYS_A_YEAR * math.log(after / before) ** 2 / days


def _averaged(average: float, weight: float, sample: float, half_life: float) -> tuple[float, float]:
    total = 1 + weight * 2 ** (-1 / half_life)
    return average + (sample - average) / total, total


def _mean_variance(rule: VolatilityRule, variances: Variances, days: float) -> float:
    if days <= 0:
        return variances.fast
    lives = days / rule.reversion_days
    return variances.slow + (variances.fast - variances.slow) * -math.expm1(-lives) / lives


def _clamped(rule: VolatilityRule, kind: Kind, realised: float) -> float:
    return min(max(rule.level(kind) * realised, rule.min_volatility), rule.max_volatility)


def _winged(rule: VolatilityRule, volatility: float) -> float:
    return min(max(volatility, rule.min_volatility), rule.wing_max)


# The index of the point at or before `value` on an axis, and the share of the way to the next one.
def _place(axis: tuple[float, ...], value: float) -> tuple[int, float]:
    for index in range(len(axis) - 1):
        if value < axis[index + 1]:
            low, high = axis[index], axis[index + 1]
            return index, max(0.0, (value - low) / (high - low))
    return len(axis) - 1, 0.0


def _between(row: tuple[float, ...], column: int, share: float) -> float:
    return row[column] + (row[min(column + 1, len(row) - 1)] - row[column]) * share
