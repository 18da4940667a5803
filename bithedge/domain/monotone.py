"""A check on the whole price surface: no better policy may cost less.

Buyers can only buy, so a surface is sound when fair value and total never fall as a put's strike rises or a
call's falls, nor as tenor or max payout grow. It is checked on a grid, with the operator's own parameters,
before anything is sold.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Final

import msgspec

from bithedge.domain.money import ONE_BTC, WHOLE, Sats, UsdE8
from bithedge.domain.payout import Kind, is_touched
from bithedge.domain.premium import PremiumRule, TierUse, premium_lines
from bithedge.domain.pricing import years_of
from bithedge.domain.tiers import TierParameters
from bithedge.domain.volatility import Variances, VolatilityRule, quoted_volatility, signing_move

# Idle, because a loading multiplies fair value by a factor that strike and tenor leave alone and L only
# raises.
_IDLE: Final = TierUse(used_sats=Sats(0), capital_sats=Sats(0))
# The surface is scale-free but for the last sat, so one spot and one amount stand for all.
_SPOT: Final = UsdE8(6_500_000_000_000)


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """How finely the surface is walked: volatilities realised, points an axis, and shares L/A in bps."""

    fast_volatilities: tuple[float, ...]
    slow_volatilities: tuple[float, ...]
    strikes: int
    tenors: int
    shares_bps: tuple[int, ...]


COARSE: Final = Grid(
    fast_volatilities=(0.2, 0.7, 2.4),
    slow_volatilities=(0.4, 0.9),
    strikes=7,
    tenors=6,
    shares_bps=(500, 2_500, 5_000, 10_000),
)
"""What the daemon walks at start, in a fraction of a second."""


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """Two neighbours of which the better policy costs less: `figure` falls from `before` to `after`."""

    kind: Kind
    tier: str
    variances: Variances
    figure: str
    axis: str
    strike: UsdE8
    tenor_blocks: int
    collateral: Sats
    before: Sats
    after: Sats


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How many points were priced, and what broke."""

    points: int
    breaks: tuple[Break, ...]


class _Point(msgspec.Struct, frozen=True, kw_only=True):
    strike: UsdE8
    tenor_blocks: int
    collateral: Sats
    fair: Sats
    total: Sats


def check_monotone(
    volatility: VolatilityRule, premium: PremiumRule, tiers: Iterable[TierParameters], grid: Grid = COARSE
) -> Verdict:
    """Return every neighbouring pair of the grid, within what the tiers back, that breaks the order."""
    points = 0
    breaks: list[Break] = []
    for tier, kind, fast, slow in product(tiers, Kind, grid.fast_volatilities, grid.slow_volatilities):
        variances = Variances(fast=fast * fast, slow=slow * slow)
        surface = _surface(volatility, premium, tier, kind, variances, grid)
        points += len(surface)
        breaks.extend(_breaks(surface, tier, kind, variances))
    return Verdict(points=points, breaks=tuple(breaks))


def _surface(
    volatility: VolatilityRule,
    premium: PremiumRule,
    tier: TierParameters,
    kind: Kind,
    variances: Variances,
    grid: Grid,
) -> dict[tuple[int, int, int], _Point]:
    limits = tier.limits(kind)
    moneyness = _axis(limits.min_moneyness_bps, limits.max_moneyness_bps, grid.strikes)
    if kind is Kind.CALL:
        moneyness = moneyness[::-1]
    tenors = _axis(limits.min_tenor_blocks, limits.max_tenor_blocks, grid.tenors)
    move = signing_move(
        volatility, variances, kind, seconds=premium.buffer_s, deviations=premium.buffer_deviations
    )
    surface: dict[tuple[int, int, int], _Point] = {}
    for (i, bps), (j, blocks) in product(enumerate(moneyness), enumerate(tenors)):
        strike = UsdE8(_SPOT * bps // WHOLE)
        years = years_of(blocks)
        quoted = quoted_volatility(volatility, variances, kind, _SPOT, strike, years)
        for k, share in enumerate(grid.shares_bps):
            collateral = Sats(ONE_BTC * share // WHOLE)
            if is_touched(kind, strike, ONE_BTC, collateral, _SPOT):
                continue  # never sold
            lines = premium_lines(
                kind,
                _SPOT,
                strike,
                ONE_BTC,
                collateral,
                volatility=quoted,
                years=years,
                move=move,
                tier=tier,
                use=_IDLE,
                rule=premium,
            )
            surface[i, j, k] = _Point(
                strike=strike,
                tenor_blocks=blocks,
                collateral=collateral,
                fair=lines.fair_value,
                total=lines.total,
            )
    return surface


def _breaks(
    surface: Mapping[tuple[int, int, int], _Point], tier: TierParameters, kind: Kind, variances: Variances
) -> Iterator[Break]:
    steps = (("strike", (1, 0, 0)), ("tenor", (0, 1, 0)), ("max_payout", (0, 0, 1)))
    for (i, j, k), point in surface.items():
        for axis, (di, dj, dk) in steps:
            worse = surface.get((i - di, j - dj, k - dk))
            if worse is None:
                continue
            for figure, before, after in (
                ("fair_value", worse.fair, point.fair),
                ("total", worse.total, point.total),
            ):
                if after < before:
                    yield Break(
                        kind=kind,
                        tier=tier.name,
                        variances=variances,
                        figure=figure,
                        axis=axis,
                        strike=point.strike,
                        tenor_blocks=point.tenor_blocks,
                        collateral=point.collateral,
                        before=before,
                        after=after,
                    )


# Evenly spaced, ends included; equal ends make one point.
def _axis(low: int, high: int, points: int) -> tuple[int, ...]:
    return tuple(sorted({low + (high - low) * n // max(1, points - 1) for n in range(points)}))
