"""The volatility rule over arrays."""

import numpy as np

from bithedge.domain.payout import Kind
from bithedge.domain.pricing import DAYS_A_YEAR
from bithedge.domain.revaluation.covers import Floats
from bithedge.domain.volatility import VolatilityRule


def quoted_volatilities(
    rule: VolatilityRule,
    kind: Kind,
    *,
    fast: float | Floats,
    slow: float | Floats,
    moneyness: float | Floats,
    years: float | Floats,
) -> Floats:
    """Return `volatility.quoted_volatility` of many policies of one kind.

    Args:
        rule: as in the scalar form.
        kind: of all of them.
        fast: realised variance a year over the fast half-life, one or one a policy.
        slow: over the slow one, likewise.
        moneyness: strike / spot, likewise.
        years: the tenor, likewise.
    """
    fasts, slows, ratios, times = np.broadcast_arrays(
        *(np.asarray(column, dtype=np.float64) for column in (fast, slow, moneyness, years))
    )
    days = times * DAYS_A_YEAR
    lives = np.where(days > 0, days, 1.0) / rule.reversion_days
    weight = np.where(days > 0, -np.expm1(-lives) / lives, 1.0)
    realised = np.sqrt(slows + (fasts - slows) * weight)
    base = np.clip(rule.level(kind) * realised, rule.min_volatility, rule.max_volatility)
    out = -np.log(ratios) if kind is Kind.PUT else np.log(ratios)
    skewed = (out > 0) & (rule.skew > 0)
    # Without time a skew has no bound but the wing's.
    skew = np.where(days > 0, rule.skew * out / np.sqrt(np.where(days > 0, times, 1.0)), rule.wing_max)
    added = base + np.where(skewed, skew, 0.0) + _additions(rule, kind, days, ratios)
    return np.clip(added, rule.min_volatility, rule.wing_max)


def _additions(rule: VolatilityRule, kind: Kind, days: Floats, ratios: Floats) -> float | Floats:
    # An operator's table is small and seldom set, so it is read a policy at a time.
    table = rule.additions(kind)
    if not table.values:
        return 0.0
    flat = [table.at(*pair) for pair in zip(days.ravel().tolist(), ratios.ravel().tolist(), strict=True)]
    return np.array(flat).reshape(days.shape)
