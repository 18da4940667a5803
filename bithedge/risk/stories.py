"""Single paths told day by day: the worst ones, their falls, and one provider's deposit through them."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.tiers import Tier
from bithedge.risk.drawdown import deepest_fall
from bithedge.risk.figures import Money, money
from bithedge.risk.paths import named_day
from bithedge.risk.record import Life, Run, Scope

_COSTLIEST: Final = 10


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """The deepest fall of a scope's cumulated result over all runs; the share is of capital at its peak."""

    seed: int
    depth: Money
    peak: str
    bottom: str
    days_down: int
    days_to_recover: int | None
    """From the bottom; None while it has not."""


class Costly(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that cost its backers much."""

    number: int
    tier: str
    kind: str
    sold: str
    ended: str
    tenor_days: int
    strike_of_spot_bps: int
    share_bps: int
    touched: bool
    premium: Money
    payout: Money
    cost: Money


class WorstPath(msgspec.Struct, frozen=True, kw_only=True):
    """One path day by day, and what cost most on it; `result_sats` is cumulated."""

    reasons: tuple[str, ...]
    seed: int
    first_day: str
    final_capital: Money
    """What the first day's capital has become by results alone, of that capital."""
    price_usd: tuple[float, ...]
    utilisation: tuple[float, ...]
    result_sats: tuple[int, ...]
    costliest: tuple[Costly, ...]


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """One deposit left alone over the first run's path, beside the same sBTC held."""

    deposit_sats: int
    deposit_usd: float
    end_sats: int
    end_usd: float
    held_usd: float
    gain: float
    """In sats, of the deposit."""
    lowest_sats: int
    equity_sats: tuple[int, ...]


def drawdown(runs: Sequence[Run], scope: Scope) -> Drawdown:
    """Return the deepest fall over all runs."""
    run = min(runs, key=lambda one: deepest_fall(one.scopes[scope].result.astype(np.float64)).depth)
    columns = run.scopes[scope]
    fall = deepest_fall(columns.result.astype(np.float64))
    first = int(run.days[0])
    return Drawdown(
        seed=run.seed,
        depth=money(fall.depth, int(columns.capital[fall.start]), float(run.usd[fall.bottom])),
        peak=named_day(first + fall.start),
        bottom=named_day(first + fall.bottom),
        days_down=fall.bottom - fall.start,
        days_to_recover=None if fall.recovered is None else fall.recovered - fall.bottom,
    )


def worst_paths(runs: Sequence[Run], scope: Scope) -> tuple[WorstPath, ...]:
    """Return the path with the lowest final capital and the one with the deepest fall; one may be both."""
    lowest = min(runs, key=lambda run: _final(run, scope))
    deepest = min(runs, key=lambda run: deepest_fall(run.scopes[scope].result.astype(np.float64)).depth)
    if lowest is deepest:
        return (_told(lowest, scope, ("lowest final capital", "deepest fall")),)
    return _told(lowest, scope, ("lowest final capital",)), _told(deepest, scope, ("deepest fall",))


def provider_view(run: Run, scope: Scope) -> ProviderView:
    """Return what became of a deposit: of the pool's, one in each tier."""
    holdings = [holding for tier, holding in run.holdings.items() if scope in ("pool", tier)]
    equity = np.sum([holding.equity for holding in holdings], axis=0)
    deposit = sum(holding.deposit for holding in holdings)
    first, last = float(run.usd[0]), float(run.usd[-1])
    return ProviderView(
        deposit_sats=deposit,
        deposit_usd=deposit / 1e8 * first,
        end_sats=int(equity[-1]),
        end_usd=int(equity[-1]) / 1e8 * last,
        held_usd=deposit / 1e8 * last,
        gain=int(equity[-1]) / deposit - 1,
        lowest_sats=int(equity.min()),
        equity_sats=tuple(equity.tolist()),
    )


def _final(run: Run, scope: Scope) -> int:
    columns = run.scopes[scope]
    return int(columns.capital[0] + columns.result.sum())


def _told(run: Run, scope: Scope, reasons: tuple[str, ...]) -> WorstPath:
    columns = run.scopes[scope]
    ended = [life for life in run.lives_of(scope) if life.end_day is not None]
    costliest = sorted(ended, key=lambda life: (-life.cost, life.number))[:_COSTLIEST]
    return WorstPath(
        reasons=reasons,
        seed=run.seed,
        first_day=named_day(int(run.days[0])),
        final_capital=money(_final(run, scope), int(columns.capital[0]), float(run.usd[-1])),
        price_usd=tuple(run.usd.tolist()),
        utilisation=tuple((columns.used / np.maximum(columns.capital, 1)).round(4).tolist()),
        result_sats=tuple(np.cumsum(columns.result).tolist()),
        costliest=tuple(_costly(run, life) for life in costliest),
    )


def _costly(run: Run, life: Life) -> Costly:
    ended = life.end_day if life.end_day is not None else life.sold_day
    price = float(run.usd[ended - int(run.days[0])])
    return Costly(
        number=life.number,
        tier=Tier(life.tier).value,
        kind=life.kind.value,
        sold=named_day(life.sold_day),
        ended=named_day(ended),
        tenor_days=life.cell.days,
        strike_of_spot_bps=life.cell.strike_bps,
        share_bps=life.cell.share_bps,
        touched=life.touched,
        premium=money(life.net_premium, life.capital, life.spot / 1e8),
        payout=money(life.payout, life.capital, price),
        cost=money(life.cost, life.capital, price),
    )
