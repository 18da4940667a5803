"""What capital earned, and what it would at another utilisation."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.money import WHOLE, Bps, Sats
from bithedge.domain.premium import PremiumRule, TierUse, utilisation_loading
from bithedge.domain.pricing import DAYS_A_YEAR
from bithedge.domain.tiers import Tier, TierParameters
from bithedge.risk.distribution import Horizon
from bithedge.risk.record import Life, Run, Scope

UTILISATIONS_BPS: Final = tuple(range(1_000, 10_001, 1_000))
_MONTH: Final = 30


class YieldPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The yearly result per capital if the policies sold had filled a tier so far all the time."""

    utilisation_bps: int
    without_loading: float
    with_loading: float


class YieldCurve(msgspec.Struct, frozen=True, kw_only=True):
    """A tier's curve, its kink and its cap."""

    kink_bps: Bps
    cap_bps: Bps
    mean_utilisation: float
    points: tuple[YieldPoint, ...]


class Efficiency(msgspec.Struct, frozen=True, kw_only=True):
    """What a scope's capital did."""

    premium_bps_a_collateral_day: float | None
    """Premium without the fee, of the collateral behind it, a day."""
    result_a_year: float
    """Of the mean capital."""
    result_per_shortfall: float | None
    """The mean result of 30 days over their expected shortfall at 99 %."""
    mean_utilisation: float
    idle_share: float
    """Of all capital-days, those in which it stood behind nothing."""


def yield_curve(
    runs: Sequence[Run], tier: Tier, parameters: TierParameters, rule: PremiumRule
) -> YieldCurve | None:
    """Return a tier's curve; None where nothing was sold.

    Results per collateral-day stay as they were; the loading is what the rule would have charged each policy
    at that utilisation (at the cap above it).
    """
    # Of ended policies alone, as the others have not paid yet.
    ended = [life for run in runs for life in run.lives_of(tier.value) if life.end_day is not None]
    if not ended:
        return None
    held = sum(life.max_payout * life.days_held for life in ended) / DAYS_A_YEAR
    bare = sum(life.net_premium - life.lines.utilisation - life.payout for life in ended) / held
    points: list[YieldPoint] = []
    for utilisation in UTILISATIONS_BPS:
        loading = sum(_loading(life, utilisation, parameters, rule) for life in ended) / held
        part = utilisation / WHOLE
        points.append(
            YieldPoint(
                utilisation_bps=utilisation,
                without_loading=part * bare,
                with_loading=part * (bare + loading),
            )
        )
    return YieldCurve(
        kink_bps=parameters.utilisation_kink_bps,
        cap_bps=parameters.utilisation_cap_bps,
        mean_utilisation=_mean_utilisation(runs, tier.value),
        points=tuple(points),
    )


def efficiency(runs: Sequence[Run], scope: Scope, horizons: Sequence[Horizon]) -> Efficiency:
    """Return what a scope's capital did over all runs."""
    held = premium = 0
    for run in runs:
        for life in run.lives_of(scope):
            if life.end_day is not None:
                held += life.max_payout * life.days_held
                premium += life.net_premium
    month = next((horizon for horizon in horizons if horizon.days == _MONTH), None)
    shortfall = month.tails[-1].shortfall.value if month is not None else 0.0
    columns = [run.scopes[scope] for run in runs]
    capital = float(np.mean([column.capital.mean() for column in columns]))
    result = sum(float(column.result.sum()) for column in columns)
    days = sum(len(column.result) for column in columns)
    utilisation = _mean_utilisation(runs, scope)
    return Efficiency(
        premium_bps_a_collateral_day=premium / held * WHOLE if held else None,
        result_a_year=result / capital * DAYS_A_YEAR / days if capital > 0 else 0.0,
        result_per_shortfall=month.mean / shortfall if month is not None and shortfall > 0 else None,
        mean_utilisation=utilisation,
        idle_share=1 - utilisation,
    )


def _loading(life: Life, utilisation: int, parameters: TierParameters, rule: PremiumRule) -> Sats:
    at = min(utilisation, parameters.utilisation_cap_bps)
    used = max(0, life.capital * at // WHOLE - life.max_payout)
    use = TierUse(used_sats=Sats(used), capital_sats=life.capital)
    return utilisation_loading(life.lines.fair_value, life.max_payout, tier=parameters, use=use, rule=rule)


def _mean_utilisation(runs: Sequence[Run], scope: Scope) -> float:
    columns = [run.scopes[scope] for run in runs]
    used = sum(float(column.used.sum()) for column in columns)
    capital = sum(float(column.capital.sum()) for column in columns)
    return used / capital if capital > 0 else 0.0
