import random

import numpy as np
import pytest

from bithedge.risk.distribution import distribution, expected_shortfall, value_at_risk
from bithedge.risk.drawdown import deepest_fall
from bithedge.risk.figures import windows
from bithedge.risk.svg import Range, rounded_ticks, spanning
from bithedge.risk.words import bps, dollars, percent, sbtc, short_dollars
from tests.unit.risk.risk_scene import spring


def test_the_value_at_risk_is_the_result_that_so_many_lie_at_or_below() -> None:
    results = np.arange(-50, 50) / 100

    assert value_at_risk(results, 0.95) == pytest.approx(0.46)
    assert value_at_risk(results, 0.99) == pytest.approx(0.50)


def test_the_expected_shortfall_is_the_mean_beyond_it() -> None:
    results = np.arange(-50, 50) / 100

    assert expected_shortfall(results, 0.95) == pytest.approx((0.50 + 0.49 + 0.48 + 0.47 + 0.46) / 5)
    assert expected_shortfall(results, 0.99) == pytest.approx(0.50)


def test_the_tail_of_a_normal_distribution_is_the_known_one() -> None:
    results = np.random.default_rng(1).standard_normal(400_000)

    assert value_at_risk(results, 0.99) == pytest.approx(2.326, abs=0.02)
    assert expected_shortfall(results, 0.99) == pytest.approx(2.665, abs=0.02)


def test_windows_sum_days_in_a_row() -> None:
    assert windows(np.array([1.0, 2.0, 4.0, 8.0]), 2).tolist() == [3.0, 6.0, 12.0]
    assert windows(np.array([1.0, 2.0]), 3).tolist() == []


def test_a_range_holds_its_figure_and_is_wider_for_a_longer_horizon() -> None:
    horizons = {horizon.days: horizon for horizon in distribution([spring()], "pool")}

    for horizon in horizons.values():
        for tail in horizon.tails:
            assert tail.var.low <= tail.var.value <= tail.var.high
            assert tail.shortfall.value >= tail.var.value
            assert tail.shortfall.low < tail.shortfall.high
    assert sum(horizons[30].histogram.counts) == horizons[30].count == len(spring().days) - 29


def test_a_scope_with_too_few_windows_has_no_such_horizon() -> None:
    run = spring()
    short = run._replace(
        prices=run.prices[:40],
        scopes={name: type(one)(*(column[:40] for column in one)) for name, one in run.scopes.items()},
    )

    assert [horizon.days for horizon in distribution([short], "pool")] == [1, 7]


def test_the_deepest_fall_runs_from_its_peak_to_its_bottom_and_back() -> None:
    fall = deepest_fall(np.array([3.0, -1.0, 2.0, -4.0, -1.0, 2.0, 4.0]))

    assert fall.depth == -5
    assert (fall.start, fall.bottom, fall.recovered) == (2, 4, 6)


def test_a_fall_from_the_start_has_its_peak_on_the_first_day() -> None:
    fall = deepest_fall(np.array([-2.0, -1.0, 1.0]))

    assert fall.depth == -3
    assert (fall.start, fall.bottom, fall.recovered) == (0, 1, None)


def test_the_deepest_fall_is_the_deepest_of_all_pairs_of_days() -> None:
    chance = random.Random(3)
    results = np.array([chance.uniform(-1, 1) for _ in range(60)])
    total = np.concatenate([[0.0], np.cumsum(results)])
    deepest = min(total[later] - total[earlier] for later in range(61) for earlier in range(later + 1))

    assert deepest_fall(results).depth == pytest.approx(deepest)


def test_results_that_only_rise_have_no_fall() -> None:
    assert deepest_fall(np.array([1.0, 1.0])).depth == 0


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Range(0, 10), [0.0, 2.5, 5.0, 7.5, 10.0]),
        (Range(-0.12, 0.31), [0.0, 0.2]),
        (Range(-7, 3), [-5.0, -2.5, 0.0, 2.5]),
    ],
)
def test_ticks_are_round_and_within_the_range(span: Range, expected: list[float]) -> None:
    assert rounded_ticks(span, 4) == pytest.approx(expected)


def test_a_range_of_nothing_or_of_one_value_can_still_be_drawn() -> None:
    assert spanning([]).low < spanning([]).high
    assert spanning([0.0]).low < spanning([0.0]).high
    assert spanning([5.0, 5.0], zero=False).low < 5 < spanning([5.0, 5.0], zero=False).high


def test_figures_are_written_with_true_minus_signs_and_thin_spaces() -> None:
    assert percent(-0.1234) == "\u221212.3\u2009%"
    assert percent(-0.00001) == "0.0\u2009%"
    assert bps(2_500) == "25\u2009%"
    assert sbtc(-123_456_789) == "\u22121.2346"
    assert dollars(-1_234.4) == "\u2212$1,234"
    assert dollars(-0.2) == "$0"
    assert short_dollars(64_000) == "64k"
