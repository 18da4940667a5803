"""The closed form before independent judges, over the whole range that is sold."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bithedge.domain.payout import Kind, is_touched
from bithedge.domain.pricing import fair_value, greeks, touch_probability
from tests.property.judges import Claim, QuantLib, by_lattice, by_monte_carlo

USD = 100_000_000
DAYS = (1, 7, 30, 90, 180)
AMOUNT = 100_000_000
NOISE = 1e-6  # sats

few = settings(max_examples=100, deadline=None)
many = settings(max_examples=200, deadline=None)


@st.composite
def claims(draw: st.DrawFn) -> tuple[Claim, int]:
    """Draw a policy that may be sold, and its days."""
    kind = draw(st.sampled_from(list(Kind)))
    spot = draw(st.integers(5_000, 500_000)) * USD
    low, high = (5_000, 11_000) if kind is Kind.PUT else (9_100, 20_000)
    strike = spot * draw(st.integers(low, high)) // 10_000
    collateral = AMOUNT * draw(st.sampled_from([500, 2_500, 5_000, 9_000, 10_000])) // 10_000
    assume(not is_touched(kind, strike, AMOUNT, collateral, spot))
    days = draw(st.sampled_from(DAYS))
    return Claim(kind, spot, strike, AMOUNT, collateral, draw(st.floats(0.3, 2.0)), days / 365), days


@few
@given(claims())
def test_a_lattice_in_which_the_holder_exercises_when_it_pays_agrees(drawn: tuple[Claim, int]) -> None:
    claim, _ = drawn
    assume(claim.cap <= 0 or claim.distance > claim.width / 30)

    # A strike between nodes costs the lattice up to this much of the amount.
    assert by_lattice(claim, steps=500) == pytest.approx(
        fair_value(*claim), rel=1e-3, abs=4e-4 * claim.width * AMOUNT
    )


@pytest.mark.parametrize(
    ("kind", "moneyness", "share", "volatility", "days"),
    [
        (Kind.PUT, 0.9, 0.5, 0.6, 90),
        (Kind.PUT, 1.0, 0.25, 0.8, 180),
        (Kind.PUT, 1.1, 0.2, 0.7, 30),
        (Kind.CALL, 1.0, 0.25, 0.6, 90),
        (Kind.CALL, 1.1, 0.5, 0.8, 180),
        (Kind.CALL, 1.25, 1.0, 0.9, 30),
    ],
)
def test_a_finer_lattice_comes_nearer(
    kind: Kind, moneyness: float, share: float, volatility: float, days: int
) -> None:
    spot = 65_000 * USD
    claim = Claim(kind, spot, round(spot * moneyness), AMOUNT, round(AMOUNT * share), volatility, days / 365)
    worth = fair_value(*claim)

    # Averages over neighbouring numbers of steps, as a strike's place between nodes makes a single one waver.
    off = [abs(np.mean([by_lattice(claim, steps=n + k) for k in range(8)]) - worth) for n in (100, 1_600)]

    assert off[1] < off[0] / 4
    assert off[1] < 5e-4 * worth


@few
@given(claims())
def test_a_monte_carlo_that_exercises_at_the_cap_agrees(drawn: tuple[Claim, int]) -> None:
    claim, _ = drawn

    mean, error = by_monte_carlo(claim, paths=40_000, steps=4, seed=5)

    # Five standard errors; a claim that hardly any path reaches has too few to tell its error by.
    assert abs(mean - fair_value(*claim)) <= 5 * error + 2e-5 * AMOUNT


@few
@given(claims(), st.floats(0.02, 0.98))
def test_no_other_barrier_to_exercise_at_is_worth_more(drawn: tuple[Claim, int], part: float) -> None:
    claim, _ = drawn
    edge = claim.cap if claim.cap > 0 else 0.3
    start = max(1.0, claim.x) if claim.kind is Kind.PUT else min(1.0, claim.x)
    barrier = start + part * (edge - start)

    mean, error = by_monte_carlo(claim, paths=40_000, steps=4, seed=6, exercised_at=barrier)

    assert mean <= fair_value(*claim) + 5 * error + 2e-5 * AMOUNT


@many
@given(claims())
def test_the_analytic_engine_of_quantlib_agrees_to_a_thousandth_of_a_sat(drawn: tuple[Claim, int]) -> None:
    claim, days = drawn

    assert QuantLib(claim, days=days).analytic() == pytest.approx(fair_value(*claim), rel=1e-11, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(claims())
def test_the_finite_differences_of_quantlib_agree(drawn: tuple[Claim, int]) -> None:
    claim, days = drawn

    grid = QuantLib(claim, days=days).finite_differences(steps=200)

    assert grid == pytest.approx(fair_value(*claim), rel=2e-3, abs=1e-3 * claim.width * AMOUNT)


@many
@given(claims())
def test_greeks_are_the_slopes_of_quantlibs_values(drawn: tuple[Claim, int]) -> None:
    claim, days = drawn
    assume(days > 1)
    assume(claim.cap <= 0 or claim.distance > 0.01)
    ours = greeks(*claim)
    judge = QuantLib(claim, days=days)
    step, bump = claim.spot * 5e-4, 0.001

    below, here, above = (judge.analytic(spot=claim.spot + move) for move in (-step, 0.0, step))
    lower = judge.analytic(spot=claim.spot, volatility=claim.volatility - bump)
    higher = judge.analytic(volatility=claim.volatility + bump)
    later = QuantLib(claim, days=days - 1).analytic()

    scale = AMOUNT / claim.spot * USD  # sats a dollar: the delta of a claim deep in the money
    usd = step / USD
    assert ours.delta_sats_per_usd == pytest.approx((above - below) / (2 * usd), rel=2e-3, abs=2e-5 * scale)
    curvature = (above - 2 * here + below) / usd**2
    assert ours.gamma == pytest.approx(
        curvature, rel=2e-2, abs=2e-4 * scale / (claim.spot / USD) / claim.width
    )
    assert ours.vega_sats_per_point == pytest.approx(
        (higher - lower) / (2 * bump) * 0.01, rel=2e-3, abs=1e-6 * AMOUNT
    )
    assert ours.theta_sats_per_day == pytest.approx(later - here, rel=1e-6, abs=1e-2)


@many
@given(claims())
def test_the_chance_of_a_touch_is_what_a_claim_on_it_alone_is_worth(drawn: tuple[Claim, int]) -> None:
    claim, _ = drawn
    assume(claim.cap > 0)

    # Paid 1 at the touch, under the sBTC measure: by the reflection principle, with the drift of ln X.
    v, distance = claim.width, claim.distance
    mean = -claim.sign * v * v / 2
    tail = math.erfc((distance - mean) / v / math.sqrt(2)) / 2
    mirrored = math.exp(2 * mean * distance / (v * v)) * math.erfc((distance + mean) / v / math.sqrt(2)) / 2

    assert touch_probability(*claim) == pytest.approx(tail + mirrored, abs=1e-12)
