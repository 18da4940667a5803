"""All reports of a laboratory session, per tier and for the pool, with everything that made them."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from bithedge.domain.money import Sats
from bithedge.domain.premium import PremiumRule
from bithedge.domain.tiers import Tier, TierParameters
from bithedge.domain.volatility import VolatilityRule
from bithedge.risk.backtest import BacktestRow
from bithedge.risk.book import Concentration, Freed, Ladder, concentration, freed, ladder
from bithedge.risk.demand import Demand
from bithedge.risk.distribution import Horizon, distribution
from bithedge.risk.efficiency import Efficiency, YieldCurve, efficiency, yield_curve
from bithedge.risk.figures import Money, flow
from bithedge.risk.laboratory import Setup
from bithedge.risk.parameters import Process
from bithedge.risk.paths import named_day
from bithedge.risk.pricing_check import PricingCheck, pricing_check
from bithedge.risk.ratios import RatioRow, loss_ratios
from bithedge.risk.record import SCOPES, Run, Scope
from bithedge.risk.stories import (
    Drawdown,
    ProviderView,
    WorstPath,
    drawdown,
    provider_view,
    worst_paths,
)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs were made from: the same again gives the same report."""

    path: str
    seed: int
    """Of the first path; each further one has the next."""
    paths: int
    years: float
    first_day: str
    last_day: str
    process: Process | None
    """Of a drawn path."""
    demand: Demand
    capital_sats: Sats
    """Of each tier at the start."""
    providers: int
    leave_every_days: int
    leave_share_bps: int
    volatility: VolatilityRule
    premium: PremiumRule
    tiers: dict[Tier, TierParameters]
    checks: int
    """How often the invariants were checked over all runs; none failed."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was refused, how often."""

    cause: str
    count: int


class Liquidity(msgspec.Struct, frozen=True, kw_only=True):
    """When capital would be free, and who was turned away."""

    freed: tuple[Freed, ...]
    sales_asked: int
    sales_refused: tuple[Cause, ...]
    withdrawals_asked: int
    withdrawals_refused: tuple[Cause, ...]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The first run in four figures."""

    capital_sats: Sats
    """At its start."""
    policies: int
    premium: Money
    """Earned, without the fee."""
    payouts: Money
    result: Money


class ScopeReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every report of one tier, or of the pool."""

    scope: Scope
    totals: Totals
    distribution: tuple[Horizon, ...]
    worst_paths: tuple[WorstPath, ...]
    drawdown: Drawdown
    loss_ratios: tuple[RatioRow, ...]
    yields: YieldCurve | None
    """None for the pool, whose tiers have caps of their own."""
    efficiency: Efficiency
    ladder: Ladder
    concentration: Concentration
    pricing: PricingCheck
    liquidity: Liquidity
    provider: ProviderView


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it."""

    origin: Origin
    scopes: tuple[ScopeReport, ...]
    backtest: tuple[BacktestRow, ...] | None
    """Of the shipped history, beside a run over it."""


def report(
    runs: Sequence[Run],
    setup: Setup,
    *,
    process: Process | None = None,
    backtest: tuple[BacktestRow, ...] | None = None,
) -> Report:
    """Return all reports over runs of one kind of path, the first of which stands for single days."""
    first, pricing = runs[0], setup.pricing
    return Report(
        origin=Origin(
            path=first.path.name,
            seed=first.seed,
            paths=len(runs),
            years=len(first.days) / 365,
            first_day=named_day(int(first.days[0])),
            last_day=named_day(int(first.days[-1])),
            process=process,
            demand=setup.demand,
            capital_sats=setup.capital,
            providers=setup.providers,
            leave_every_days=setup.leave_every_days,
            leave_share_bps=setup.leave_share_bps,
            volatility=pricing.volatility,
            premium=pricing.premium,
            tiers=dict(pricing.tiers),
            checks=sum(run.checks for run in runs),
        ),
        scopes=tuple(_scope(runs, scope, setup) for scope in SCOPES),
        backtest=backtest,
    )


def _scope(runs: Sequence[Run], scope: Scope, setup: Setup) -> ScopeReport:
    first, pricing = runs[0], setup.pricing
    horizons = distribution(runs, scope)
    tier = None if scope == "pool" else Tier(scope)
    columns = first.scopes[scope]
    return ScopeReport(
        scope=scope,
        totals=Totals(
            capital_sats=Sats(setup.capital * (len(Tier) if tier is None else 1)),
            policies=len(first.lives_of(scope)),
            premium=flow(first, scope, columns.premium),
            payouts=flow(first, scope, columns.premium - columns.result),
            result=flow(first, scope, columns.result),
        ),
        distribution=horizons,
        worst_paths=worst_paths(runs, scope),
        drawdown=drawdown(runs, scope),
        loss_ratios=loss_ratios(runs, scope),
        yields=None if tier is None else yield_curve(runs, tier, pricing.tiers[tier], pricing.premium),
        efficiency=efficiency(runs, scope, horizons),
        ladder=ladder(runs, scope, dict(pricing.tiers)),
        concentration=concentration(first, scope),
        pricing=pricing_check(runs, scope, carry=pricing.premium.carry),
        liquidity=_liquidity(runs, scope),
        provider=provider_view(first, scope),
    )


def _liquidity(runs: Sequence[Run], scope: Scope) -> Liquidity:
    tiers = [tier for tier in Tier if scope in ("pool", tier)]
    return Liquidity(
        freed=freed(runs[0], scope),
        sales_asked=sum(run.asked_sales.get(tier, 0) for run in runs for tier in tiers),
        sales_refused=_causes([run.refused_sales[tier] for run in runs for tier in tiers]),
        withdrawals_asked=sum(run.asked_withdrawals.get(tier, 0) for run in runs for tier in tiers),
        withdrawals_refused=_causes([run.refused_withdrawals[tier] for run in runs for tier in tiers]),
    )


def _causes(counters: Sequence[Counter[str]]) -> tuple[Cause, ...]:
    total = sum(counters, Counter[str]())
    return tuple(Cause(cause=name, count=count) for name, count in total.most_common())
