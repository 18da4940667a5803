"""The distribution of results over 1, 7, 30 and 90 days, its worst part, and how sure that is."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.revaluation.covers import Floats
from bithedge.risk.figures import windows
from bithedge.risk.record import Run, Scope

HORIZONS_DAYS: Final = (1, 7, 30, 90)
_RESAMPLES: Final = 200
_SEED: Final = 20_150_316  # of the intervals: they are the same for the same results
_BINS: Final = 31
_LEAST: Final = 30  # windows, or a tail of 1 % would be a single one of few


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with the range in which 95 % of bootstrap samples have it."""

    value: float
    low: float
    high: float


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """Value at risk and expected shortfall: losses, so a gain is below 0.

    As parts of capital with their range, and the same in sats and dollars without.
    """

    level: float
    var: Estimate
    shortfall: Estimate
    var_sats: int
    shortfall_sats: int
    var_usd: float
    shortfall_usd: float


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """How many results lie in each of equally wide bins between `low` and `high`."""

    low: float
    high: float
    counts: tuple[int, ...]


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """Results over so many days in a row, as parts of the capital they began with."""

    days: int
    count: int
    mean: float
    mean_sats: int
    mean_usd: float
    deviation: float
    skew: float
    histogram: Histogram
    tails: tuple[Tail, ...]


def distribution(runs: Sequence[Run], scope: Scope) -> tuple[Horizon, ...]:
    """Return each horizon that the runs have windows enough for."""
    found = ((days, [_windows(run, scope, days) for run in runs]) for days in HORIZONS_DAYS)
    return tuple(
        _horizon(days, *(np.concatenate(parts) for parts in zip(*each, strict=True)))
        for days, each in found
        if sum(len(shares) for shares, _, _ in each) >= _LEAST
    )


def value_at_risk(results: Floats, level: float) -> float:
    """Return minus the best of the worst results, of which there is a part 1 - `level` of all."""
    return -float(_worst(results, level)[-1])


def expected_shortfall(results: Floats, level: float) -> float:
    """Return minus the mean of those."""
    return -float(_worst(results, level).mean())


def _worst(results: Floats, level: float) -> Floats:
    # A hair less, or 5 of 100 would be 6 by the rounding of 1 - 0.95.
    count = math.ceil(len(results) * (1 - level) - 1e-9)
    return np.sort(results)[:count]


def _windows(run: Run, scope: Scope, days: int) -> tuple[Floats, Floats, Floats]:
    columns = run.scopes[scope]
    sats = windows(columns.result, days)
    usd = windows(columns.result / 1e8 * run.usd, days)
    before = np.maximum(columns.capital[: len(sats)], 1)
    return sats / before, sats, usd


def _horizon(days: int, shares: Floats, sats: Floats, usd: Floats) -> Horizon:
    deviation = float(shares.std())
    centred = shares - shares.mean()
    counts, edges = np.histogram(shares, bins=_BINS)
    return Horizon(
        days=days,
        count=len(shares),
        mean=float(shares.mean()),
        mean_sats=round(float(sats.mean())),
        mean_usd=float(usd.mean()),
        deviation=deviation,
        skew=float((centred**3).mean()) / deviation**3 if deviation > 0 else 0.0,
        histogram=Histogram(
            low=float(edges[0]), high=float(edges[-1]), counts=tuple(int(count) for count in counts)
        ),
        tails=tuple(
            Tail(
                level=level,
                var=_interval(shares, days, lambda part, at=level: value_at_risk(part, at)),
                shortfall=_interval(shares, days, lambda part, at=level: expected_shortfall(part, at)),
                var_sats=round(value_at_risk(sats, level)),
                shortfall_sats=round(expected_shortfall(sats, level)),
                var_usd=value_at_risk(usd, level),
                shortfall_usd=expected_shortfall(usd, level),
            )
            for level in (0.95, 0.99)
        ),
    )


# Windows overlap, so whole stretches of them are drawn: a sample of single ones would seem far surer.
def _interval(results: Floats, days: int, figure: Callable[[Floats], float]) -> Estimate:
    chance = np.random.default_rng(_SEED)
    size = len(results)
    block = max(1, min(size // 2, max(20, days)))
    offsets = np.arange(block)
    found: list[float] = []
    for _ in range(_RESAMPLES):
        starts = chance.integers(0, size - block + 1, -(-size // block))
        found.append(figure(results[(starts[:, None] + offsets).ravel()[:size]]))
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(value=figure(results), low=float(low), high=float(high))
