"""Three judges of the closed form that share no line with it: a lattice, a Monte Carlo, and QuantLib.

All work on X = strike / spot, a martingale in sBTC, per unit of amount: a put pays X - 1 and is capped where
X reaches h = 1 + L/A, a call pays 1 - X and is capped at h = 1 - L/A (nowhere if L = A).
"""

import math
from typing import NamedTuple

import numpy as np
import QuantLib as ql  # noqa: N813 - the name by which everybody knows it

from bithedge.domain.payout import Kind


class Claim(NamedTuple):
    """A policy as `fair_value` takes it."""

    kind: Kind
    spot: int
    strike: int
    amount: int
    collateral: int
    volatility: float
    years: float

    @property
    def sign(self) -> int:
        return 1 if self.kind is Kind.PUT else -1

    @property
    def x(self) -> float:
        return self.strike / self.spot

    @property
    def cap(self) -> float:
        return (self.amount + self.sign * self.collateral) / self.amount

    @property
    def width(self) -> float:
        return self.volatility * math.sqrt(self.years)

    @property
    def distance(self) -> float:
        """How far ln X is from the cap; there must be one."""
        return abs(math.log(self.cap / self.x))

    def pays(self, x: np.ndarray) -> np.ndarray:
        """Return the payoff per unit of amount."""
        return np.clip(self.sign * (x - 1), 0.0, self.collateral / self.amount)


def by_lattice(claim: Claim, *, steps: int) -> float:
    """Value by a trinomial tree on ln X in which the holder exercises wherever that is worth more.

    A node lies on the cap, if there is one, and there are steps enough for it to be more than one node away.
    """
    if claim.cap > 0:
        steps = max(steps, math.ceil(3 * (claim.width / claim.distance) ** 2))
    dt = claim.years / steps
    dx = claim.volatility * math.sqrt(3 * dt)
    if claim.cap > 0:
        dx = claim.distance / math.floor(claim.distance / dx * (1 + 1e-12))
    spread = claim.volatility**2 * dt / dx**2
    drift = -(claim.volatility**2) / 2 * dt / dx
    up, down = (spread + drift**2 + drift) / 2, (spread + drift**2 - drift) / 2
    pays = claim.pays(claim.x * np.exp(dx * np.arange(-steps, steps + 1)))
    values = pays
    for step in range(steps - 1, -1, -1):
        kept = down * values[:-2] + (1 - up - down) * values[1:-1] + up * values[2:]
        values = np.maximum(kept, pays[steps - step : steps + step + 1])
    return float(values[0]) * claim.amount


def by_monte_carlo(
    claim: Claim, *, paths: int, steps: int, seed: int, exercised_at: float | None = None
) -> tuple[float, float]:
    """Return the mean and its standard error when exercised at the first touch of a barrier, else at expiry.

    Between two steps the chance of a touch is the Brownian bridge's, so that the barrier is watched all the
    time. Without `exercised_at`, a multiple of X = 1, the barrier is the cap.
    """
    chance = np.random.default_rng(seed)
    dt = claim.years / steps
    deviation = claim.volatility * math.sqrt(dt)
    barrier = claim.cap if exercised_at is None else exercised_at
    level = claim.sign * math.log(barrier) if barrier > 0 else math.inf
    half = chance.standard_normal((steps, paths // 2))
    moves = deviation * np.concatenate([half, -half], axis=1) - deviation**2 / 2
    at = np.full(paths, math.log(claim.x))
    alive = np.ones(paths)
    for move in moves:
        before, at = at, at + move
        gaps = np.maximum(level - claim.sign * before, 0) * np.maximum(level - claim.sign * at, 0)
        alive *= -np.expm1(-2 * gaps / deviation**2) if math.isfinite(level) else 1.0
    touched = float(claim.pays(np.array([barrier]))[0])
    worth = alive * claim.pays(np.exp(at)) + (1 - alive) * touched
    pairs = (worth[: paths // 2] + worth[paths // 2 :]) / 2
    return (
        float(pairs.mean()) * claim.amount,
        float(pairs.std(ddof=1)) / math.sqrt(len(pairs)) * claim.amount,
    )


class QuantLib:
    """One claim as a QuantLib barrier option on X with the max payout as rebate, paid at the touch."""

    def __init__(self, claim: Claim, *, days: int) -> None:
        self._amount = claim.amount
        self._strike = claim.strike
        today = ql.Date(1, 1, 2024)
        count = ql.Actual365Fixed()
        ql.Settings.instance().evaluationDate = today
        self._x, self._volatility = ql.SimpleQuote(claim.x), ql.SimpleQuote(claim.volatility)
        nothing = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, count))
        surface = ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(self._volatility), count)
        self._process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(self._x), nothing, nothing, ql.BlackVolTermStructureHandle(surface)
        )
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if claim.sign > 0 else ql.Option.Put, 1.0)
        exercise = ql.EuropeanExercise(today + days)
        self._capped = claim.cap > 0
        if self._capped:
            side = ql.Barrier.UpOut if claim.sign > 0 else ql.Barrier.DownOut
            rebate = claim.collateral / claim.amount
            self._option = ql.BarrierOption(side, claim.cap, rebate, payoff, exercise)
        else:
            self._option = ql.VanillaOption(payoff, exercise)

    def analytic(self, *, spot: float | None = None, volatility: float | None = None) -> float:
        """Value by QuantLib's closed form, at another spot or volatility if they are given."""
        if spot is not None:
            self._x.setValue(self._strike / spot)
        if volatility is not None:
            self._volatility.setValue(volatility)
        engine = ql.AnalyticBarrierEngine if self._capped else ql.AnalyticEuropeanEngine
        self._option.setPricingEngine(engine(self._process))
        return self._option.NPV() * self._amount

    def finite_differences(self, *, steps: int) -> float:
        """Value by QuantLib's grid."""
        engine = ql.FdBlackScholesBarrierEngine if self._capped else ql.FdBlackScholesVanillaEngine
        self._option.setPricingEngine(engine(self._process, steps, steps))
        return self._option.NPV() * self._amount
