import csv
import datetime as dt
import math
from collections.abc import Iterator
from importlib import resources
from itertools import pairwise

import pytest

from bithedge.domain.payout import Kind
from bithedge.domain.volatility import (
    Additions,
    Variances,
    VolatilityRule,
    estimate_from,
    observe_day,
    quoted_volatility,
    running_variances,
    signing_move,
    start_estimate,
)

RULE = VolatilityRule()
SIXTY = Variances(fast=0.36, slow=0.36)
DAY_S = 86_400


def history() -> Iterator[tuple[str, int, int]]:
    """The shipped daily closes, each at the midnight that ends its day."""
    path = resources.files("bithedge.oracle") / "history" / "btc-usd-daily.csv"
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            day = (dt.date.fromisoformat(row["date"]) - dt.date(1970, 1, 1)).days + 1
            yield row["date"], day, round(float(row["close_usd"]) * 100_000_000)


def weighted(samples: list[float], half_life: float) -> float:
    """The average as defined: weights 2^(-n / half-life), n samples since, summing to 1."""
    weights = [2 ** (-n / half_life) for n in range(len(samples) - 1, -1, -1)]
    return sum(w * s for w, s in zip(weights, samples, strict=True)) / sum(weights)


@pytest.mark.parametrize(
    ("days", "volatilities"),
    [
        (1, (1.48, 1.17, 0.90, 0.66, 0.66)),
        (7, (0.97, 0.85, 0.75, 0.66, 0.66)),
        (30, (0.81, 0.75, 0.70, 0.66, 0.66)),
        (90, (0.75, 0.71, 0.69, 0.66, 0.66)),
        (180, (0.72, 0.70, 0.68, 0.66, 0.66)),
    ],
)
def test_a_puts_volatility_is_the_one_of_the_reference_table(
    days: float, volatilities: tuple[float, ...]
) -> None:
    quoted = [
        quoted_volatility(RULE, SIXTY, Kind.PUT, 100, strike, days / 365) for strike in (70, 80, 90, 100, 110)
    ]

    assert [round(volatility, 2) for volatility in quoted] == list(volatilities)


@pytest.mark.parametrize(
    ("until", "fast", "slow", "quoted"),
    [
        ("2016-06-30", 0.9215, 0.6216, (1.0609, 0.8704, 0.8225)),
        ("2020-03-12", 2.3696, 0.8649, (2.0913, 1.9887, 1.5369)),
        ("2022-12-30", 0.3290, 0.6518, (0.5281, 0.5618, 0.7096)),
        ("2024-03-19", 0.7052, 0.5152, (0.8382, 0.6830, 0.6727)),
    ],
)
def test_the_shipped_history_gives_the_reference_estimates(
    until: str, fast: float, slow: float, quoted: tuple[float, ...]
) -> None:
    closes = [(day, close) for date, day, close in history() if date <= until]

    estimate = estimate_from(RULE, closes)

    assert round(math.sqrt(estimate.v_fast), 4) == fast
    assert round(math.sqrt(estimate.v_slow), 4) == slow
    cells = ((7, 90), (30, 100), (90, 80))
    assert (
        tuple(
            round(quoted_volatility(RULE, estimate.variances, Kind.PUT, 100, strike, days / 365), 4)
            for days, strike in cells
        )
        == quoted
    )


def test_the_incremental_averages_are_the_weighted_ones() -> None:
    prices = [100, 103, 99, 99, 120, 118, 140]
    samples = [365 * math.log(b / a) ** 2 for a, b in pairwise(prices)]

    estimate = estimate_from(RULE, enumerate(prices))

    assert estimate.v_fast == pytest.approx(weighted(samples, 10))
    assert estimate.v_slow == pytest.approx(weighted(samples, 180))


def test_the_first_sample_is_the_whole_average() -> None:
    estimate = observe_day(RULE, start_estimate(0, 100), 1, 110)

    assert estimate.v_fast == estimate.v_slow == pytest.approx(365 * math.log(1.1) ** 2)


def test_skipped_days_are_one_sample_of_their_mean_variance() -> None:
    before = estimate_from(RULE, [(0, 100), (1, 101)])

    after = observe_day(RULE, before, 5, 130)

    samples = [365 * math.log(1.01) ** 2, 365 * math.log(130 / 101) ** 2 / 4]
    assert after.v_fast == pytest.approx(weighted(samples, 10))
    assert after.last_day == 5


@pytest.mark.parametrize("day", [0, 1])
def test_a_day_already_taken_changes_nothing(day: int) -> None:
    estimate = estimate_from(RULE, [(0, 100), (1, 101)])

    assert observe_day(RULE, estimate, day, 500) == estimate


@pytest.mark.parametrize("closes", [[], [(0, 100)], [(3, 100), (3, 101)]])
def test_fewer_than_two_days_give_no_estimate(closes: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="volatility needs"):
        estimate_from(RULE, closes)


def test_a_running_day_that_raises_the_averages_counts_at_once() -> None:
    estimate = estimate_from(RULE, [(0, 100), (1, 101), (2, 100)])

    running = running_variances(RULE, estimate, 2.25 * DAY_S, 80)

    complete = observe_day(RULE, estimate, 3, 80)
    assert running == complete.variances
    assert running.fast > estimate.v_fast
    assert running.slow > estimate.v_slow


def test_a_running_day_that_would_lower_the_averages_does_not_count() -> None:
    estimate = estimate_from(RULE, [(0, 100), (1, 110), (2, 100)])

    assert running_variances(RULE, estimate, 2.9 * DAY_S, 100) == estimate.variances


def test_a_running_day_may_raise_one_average_and_not_the_other() -> None:
    calm = [(day, 100 if day % 2 else 101) for day in range(60)]
    wild = [(60 + day, 100 if day % 2 else 108) for day in range(30)]
    estimate = estimate_from(RULE, calm + wild)
    between = math.sqrt((estimate.v_fast + estimate.v_slow) / 2 / 365)

    running = running_variances(RULE, estimate, 90 * DAY_S, round(100 * 1e8 * math.exp(between)) / 1e8)

    assert running.fast == estimate.v_fast
    assert running.slow > estimate.v_slow


def test_a_running_sample_after_a_gap_is_spread_over_its_days() -> None:
    estimate = estimate_from(RULE, [(0, 100), (1, 100)])

    running = running_variances(RULE, estimate, 5 * DAY_S, 150)

    assert running.fast == pytest.approx(weighted([0, 365 * math.log(1.5) ** 2 / 4], 10))


def test_volatility_reverts_from_the_fast_to_the_slow_variance_with_time() -> None:
    stormy = Variances(fast=1.0, slow=0.36)

    short = quoted_volatility(RULE, stormy, Kind.PUT, 100, 100, 1e-9)
    long = quoted_volatility(RULE, stormy, Kind.PUT, 100, 100, 50.0)

    assert short == pytest.approx(1.10)
    assert long == pytest.approx(0.66, abs=1e-3)


@pytest.mark.parametrize(("realised", "quoted"), [(0.01, 0.40), (9.0, 2.00)])
def test_at_the_money_volatility_keeps_within_its_bounds(realised: float, quoted: tuple[float, ...]) -> None:
    variances = Variances(fast=realised, slow=realised)

    assert quoted_volatility(RULE, variances, Kind.PUT, 100, 100, 0.1) == quoted


def test_the_wing_is_capped_however_short_the_tenor() -> None:
    assert quoted_volatility(RULE, SIXTY, Kind.PUT, 100, 50, 1e-6) == 3.00
    assert quoted_volatility(RULE, SIXTY, Kind.PUT, 100, 50, 0.0) == 3.00


def test_a_call_has_its_own_level_and_its_skew_above_spot() -> None:
    at_the_money = quoted_volatility(RULE, SIXTY, Kind.CALL, 100, 100, 0.25)
    above = quoted_volatility(RULE, SIXTY, Kind.CALL, 100, 125, 0.25)
    below = quoted_volatility(RULE, SIXTY, Kind.CALL, 100, 80, 0.25)

    assert at_the_money == below == pytest.approx(0.75)
    assert above == pytest.approx(0.75 + 0.12 * math.log(1.25) / 0.5)


def test_the_signing_move_is_two_deviations_of_half_an_hour() -> None:
    move = signing_move(RULE, Variances(fast=0.53**2, slow=0.3), Kind.PUT, seconds=1_800, deviations=2)

    assert move == pytest.approx(2 * 1.1 * 0.53 * math.sqrt(1_800 / 31_536_000))


def test_the_signing_move_keeps_to_the_bounds_of_volatility() -> None:
    calm = signing_move(RULE, Variances(fast=1e-6, slow=0.3), Kind.CALL, seconds=1_800, deviations=2)

    assert calm == pytest.approx(2 * 0.40 * math.sqrt(1_800 / 31_536_000))


def test_additions_are_interpolated_and_hold_on_beyond_their_ends() -> None:
    table = Additions(tenors_days=(10, 30), moneyness=(0.8, 1.0), values=((0.10, 0.0), (0.30, 0.0)))

    assert table.at(20, 0.9) == pytest.approx(0.10)
    assert table.at(10, 0.8) == pytest.approx(0.10)
    assert table.at(1, 0.5) == pytest.approx(0.10)
    assert table.at(99, 0.8) == pytest.approx(0.30)
    assert table.at(99, 1.2) == 0


def test_an_operators_addition_is_quoted_for_its_kind_only() -> None:
    rule = VolatilityRule(put_additions=Additions(tenors_days=(30,), moneyness=(1.0,), values=((0.05,),)))

    assert quoted_volatility(rule, SIXTY, Kind.PUT, 100, 100, 0.1) == pytest.approx(0.71)
    assert quoted_volatility(rule, SIXTY, Kind.CALL, 100, 100, 0.1) == pytest.approx(0.75)


@pytest.mark.parametrize(
    "fault",
    [
        {"fast_half_life_days": 0.0},
        {"fast_half_life_days": 200.0},
        {"reversion_days": -1.0},
        {"level_put": 0.0},
        {"level_call": math.nan},
        {"skew": -0.1},
        {"min_volatility": 2.5},
        {"wing_max": math.inf},
    ],
)
def test_a_senseless_rule_cannot_be_made(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="volatility"):
        VolatilityRule(**fault)


@pytest.mark.parametrize(
    "fault",
    [
        {"tenors_days": (30, 10), "moneyness": (1.0,), "values": ((0.0,), (0.0,))},
        {"tenors_days": (30,), "moneyness": (), "values": ((),)},
        {"tenors_days": (30,), "moneyness": (0.9, 1.0), "values": ((0.1,),)},
        {"tenors_days": (30,), "moneyness": (1.0,), "values": ()},
    ],
)
def test_additions_that_do_not_fit_their_axes_cannot_be_made(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="additions"):
        Additions(**fault)
