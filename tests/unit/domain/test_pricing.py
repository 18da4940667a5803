import math

import pytest

from bithedge.domain.payout import Kind, ceiling_price, floor_price, payout
from bithedge.domain.pricing import (
    fair_value,
    fair_value_sats,
    greeks,
    touch_probability,
    whole_sats,
    years_of,
)

USD = 100_000_000
P, C = Kind

Row = tuple[Kind, float, int, int, int, float, int, float, float | None, float, float | None]

# kind, spot, strike, amount, max payout, volatility, days: fair value, European value, chance of a touch,
# value by a trinomial tree of 3,000 steps (None where the cap has no part in it).
REFERENCE = [
    (P, 65_000, 60_000, 10_000_000, 10_000_000, 0.55, 30, 295_629.7, 295_629.5, 0.00000, 295_597.1),
    (P, 65_000, 58_500, 10_000_000, 5_000_000, 0.60, 90, 693_218.3, 633_444.9, 0.06643, 693_192.6),
    (P, 65_000, 65_000, 10_000_000, 2_500_000, 0.80, 180, 1_545_722.7, 785_732.2, 0.61182, 1_545_682.7),
    (P, 65_000, 52_000, 2_500_000, 500_000, 0.45, 14, 357.3, 357.2, 0.00000, 357.3),
    (P, 98_765.43, 95_000, 123_456_789, 100_000_000, 0.5, 60, 7_602_533.3, 7_594_319.7, 0.00132, 7_602_122.0),
    (P, 30_000, 33_000, 100_000_000, 20_000_000, 0.70, 30, 13_444_830.2, 9_278_666.5, 0.63539, 13_444_955.2),
    (C, 65_000, 70_000, 10_000_000, 10_000_000, 0.55, 30, 338_543.8, 338_543.8, 0.0, None),
    (C, 65_000, 65_000, 10_000_000, 10_000_000, 0.60, 90, 1_184_219.5, 1_184_219.5, 0.0, None),
    (C, 65_000, 65_000, 10_000_000, 2_500_000, 0.60, 90, 1_154_118.0, None, 0.38377, None),
    (C, 65_000, 65_000, 10_000_000, 2_500_000, 0.80, 180, 1_776_308.5, None, 0.69378, None),
]  # fmt: skip


def arguments(row: Row) -> tuple[Kind, int, int, int, int, float, float]:
    kind, spot, strike, amount, collateral, volatility, days = row[:7]
    return kind, round(spot * USD), strike * USD, amount, collateral, volatility, days / 365


def normal(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def european(
    kind: Kind, spot: float, strike: int, amount: int, collateral: int, volatility: float, years: float
) -> float:
    """Value the payoff at expiry alone: an option at the strike less one at the cap."""
    sign = 1 if kind is Kind.PUT else -1

    def option(struck_at: float) -> float:
        x = strike / spot
        if struck_at <= 0:
            return 0.0
        v = volatility * math.sqrt(years)
        d1 = math.log(x / struck_at) / v + v / 2
        return sign * (x * normal(sign * d1) - struck_at * normal(sign * (d1 - v)))

    return amount * (option(1) - option((amount + sign * collateral) / amount))


def american_tree(
    kind: Kind,
    spot: float,
    strike: int,
    amount: int,
    collateral: int,
    volatility: float,
    years: float,
    steps: int,
) -> float:
    """Value by a trinomial tree on ln(1 / spot), exercise allowed at every node, a node on the cap if any."""
    sign = 1 if kind is Kind.PUT else -1
    dt = years / steps
    dx = volatility * math.sqrt(3 * dt)
    cap = (amount + sign * collateral) / amount
    if cap > 0:
        distance = abs(math.log(cap * spot / strike))
        dx = distance / max(1, round(distance / dx))
    variance, drift = volatility**2 * dt / dx**2, -(volatility**2) / 2 * dt / dx
    up, down = (variance + drift**2 + drift) / 2, (variance + drift**2 - drift) / 2
    middle = 1 - up - down
    x0 = strike / spot
    payoff = [
        min(collateral, amount * max(0.0, sign * (x0 * math.exp(n * dx) - 1)))
        for n in range(-steps, steps + 1)
    ]
    values = payoff
    for step in range(steps - 1, -1, -1):
        now = payoff[steps - step : steps + step + 1]
        values = [
            max(owed, down * values[n] + middle * values[n + 1] + up * values[n + 2])
            for n, owed in enumerate(now)
        ]
    return values[0]


@pytest.mark.parametrize("row", REFERENCE)
def test_the_closed_form_gives_the_reference_value(row: Row) -> None:
    assert fair_value(*arguments(row)) == pytest.approx(row[7], abs=0.1)


@pytest.mark.parametrize("row", REFERENCE)
def test_the_chance_of_a_touch_is_the_reference_one(row: Row) -> None:
    assert touch_probability(*arguments(row)) == pytest.approx(row[9], abs=5e-6)


@pytest.mark.parametrize("row", [row for row in REFERENCE if row[8] is not None])
def test_the_european_value_is_the_reference_one_and_never_dearer(row: Row) -> None:
    value = european(*arguments(row))

    assert value == pytest.approx(row[8], abs=0.1)
    assert value <= fair_value(*arguments(row)) + 1e-6


@pytest.mark.parametrize("row", REFERENCE)
def test_a_tree_with_early_exercise_agrees_with_the_closed_form(row: Row) -> None:
    assert american_tree(*arguments(row), steps=300) == pytest.approx(fair_value(*arguments(row)), rel=2.5e-3)


@pytest.mark.parametrize("row", [row for row in REFERENCE if row[10] is not None])
def test_the_reference_tree_lies_within_a_sliver_of_the_closed_form(row: Row) -> None:
    assert fair_value(*arguments(row)) == pytest.approx(row[10], rel=2e-4)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(("volatility", "years"), [(0.0, 0.25), (0.6, 0.0), (0.6, -0.01)])
def test_without_time_or_volatility_the_value_is_what_exercise_pays(
    kind: Kind, volatility: float, years: float
) -> None:
    spot = 60_000 * USD
    strike = 66_000 * USD if kind is Kind.PUT else 55_000 * USD
    pays = 1_000_000 if kind is Kind.PUT else 10_000_000 * 5 / 60

    assert fair_value(kind, spot, strike, 10_000_000, 2_500_000, volatility, years) == pytest.approx(pays)


@pytest.mark.parametrize("kind", list(Kind))
def test_out_of_the_money_without_time_the_value_is_nothing(kind: Kind) -> None:
    strike = 50_000 * USD if kind is Kind.PUT else 70_000 * USD

    assert fair_value(kind, 60_000 * USD, strike, 10_000_000, 2_500_000, 0.6, 0.0) == 0


def test_at_the_floor_a_put_is_worth_its_max_payout_and_just_above_it_hardly_less() -> None:
    strike, amount, collateral = 60_000 * USD, 25_000_000, 12_500_000
    floor = floor_price(strike, amount, collateral)

    assert fair_value(Kind.PUT, floor, strike, amount, collateral, 0.6, 0.1) == collateral
    assert touch_probability(Kind.PUT, floor, strike, amount, collateral, 0.6, 0.1) == 1
    assert fair_value(Kind.PUT, floor + 1, strike, amount, collateral, 0.6, 0.1) == pytest.approx(collateral)


def test_at_the_ceiling_a_call_is_worth_its_max_payout_and_just_below_it_hardly_less() -> None:
    strike, amount, collateral = 60_000 * USD, 25_000_000, 12_500_000
    ceiling = ceiling_price(strike, amount, collateral)

    assert fair_value(Kind.CALL, ceiling, strike, amount, collateral, 0.6, 0.1) == collateral
    assert touch_probability(Kind.CALL, ceiling, strike, amount, collateral, 0.6, 0.1) == 1
    assert fair_value(Kind.CALL, ceiling - 1, strike, amount, collateral, 0.6, 0.1) == pytest.approx(
        collateral
    )


def test_a_call_one_sat_short_of_uncapped_is_worth_the_uncapped_one() -> None:
    uncapped = fair_value(Kind.CALL, 65_000 * USD, 70_000 * USD, 10_000_000, 10_000_000, 0.8, 0.5)
    nearly = fair_value(Kind.CALL, 65_000 * USD, 70_000 * USD, 10_000_000, 9_999_999, 0.8, 0.5)

    assert nearly == pytest.approx(uncapped, abs=1.0)
    assert nearly <= uncapped + 1e-6


def test_a_negative_carry_makes_a_put_dearer_and_leaves_a_call_alone() -> None:
    put = (Kind.PUT, 65_000 * USD, 60_000 * USD, 10_000_000, 5_000_000, 0.6, 0.25)
    call = (Kind.CALL, 65_000 * USD, 70_000 * USD, 10_000_000, 5_000_000, 0.6, 0.25)

    assert fair_value(*put, carry=-0.05) > fair_value(*put)
    assert fair_value(*call, carry=-0.05) == fair_value(*call)


def test_a_positive_carry_makes_a_call_dearer_and_leaves_a_put_alone() -> None:
    put = (Kind.PUT, 65_000 * USD, 60_000 * USD, 10_000_000, 5_000_000, 0.6, 0.25)
    call = (Kind.CALL, 65_000 * USD, 70_000 * USD, 10_000_000, 5_000_000, 0.6, 0.25)

    assert fair_value(*call, carry=0.05) > fair_value(*call)
    assert fair_value(*put, carry=0.05) == fair_value(*put)


def test_fair_value_in_sats_is_rounded_up() -> None:
    row = arguments(REFERENCE[1])

    assert fair_value_sats(*row) == 693_219


def test_fair_value_in_sats_is_at_least_what_exercise_pays_now() -> None:
    row = (Kind.PUT, 50_000 * USD, 60_000 * USD, 10_000_000, 5_000_000)

    assert fair_value_sats(*row, 0.6, 0.0) == payout(row[0], row[2], row[3], row[4], row[1]) == 2_000_000


@pytest.mark.parametrize(("value", "sats"), [(-1e-9, 0), (10.0, 10), (10.000001, 11), (99.5, 99)])
def test_a_models_value_becomes_money_rounded_up_within_its_bounds(value: float, sats: int) -> None:
    assert whole_sats(value, at_least=0, at_most=99) == sats


def test_a_year_has_52_560_blocks() -> None:
    assert years_of(52_560) == 1.0
    assert years_of(4_320) * 365 == pytest.approx(30)


PUT = (Kind.PUT, 6_481_240_000_000, 60_000 * USD, 25_000_000, 12_500_000, 0.56, years_of(4_320))


def test_the_greeks_of_a_put_have_the_signs_of_a_put() -> None:
    of_put = greeks(*PUT)

    assert of_put.delta_sats_per_usd < 0
    assert of_put.gamma > 0
    assert of_put.vega_sats_per_point > 0
    assert of_put.theta_sats_per_day < 0


def test_delta_and_gamma_foretell_a_small_move() -> None:
    of_put = greeks(*PUT)
    moved = fair_value(PUT[0], PUT[1] - 200 * USD, *PUT[2:])

    foretold = -200 * of_put.delta_sats_per_usd + 200**2 / 2 * of_put.gamma
    assert moved - fair_value(*PUT) == pytest.approx(foretold, rel=1e-3)


def test_vega_and_theta_are_the_change_by_a_point_and_by_a_day() -> None:
    of_put = greeks(*PUT)
    value = fair_value(*PUT)

    assert fair_value(*PUT[:5], 0.57, PUT[6]) - value == pytest.approx(of_put.vega_sats_per_point, rel=1e-2)
    assert fair_value(*PUT[:6], years_of(4_176)) - value == pytest.approx(of_put.theta_sats_per_day)


def test_the_greeks_just_above_the_floor_do_not_look_across_it() -> None:
    floor = floor_price(PUT[2], PUT[3], PUT[4])
    near = greeks(PUT[0], floor + USD, *PUT[2:])

    gained = fair_value(PUT[0], floor + 41 * USD, *PUT[2:]) - fair_value(PUT[0], floor + USD, *PUT[2:])
    assert near.delta_sats_per_usd == pytest.approx(gained / 40, rel=0.01)
    assert near.gamma > 0


def test_the_greeks_just_below_the_ceiling_do_not_look_across_it() -> None:
    call = (60_000 * USD, 25_000_000, 12_500_000, 0.56, years_of(4_320))
    near = greeks(Kind.CALL, 119_999 * USD, *call)

    gained = fair_value(Kind.CALL, 119_999 * USD, *call) - fair_value(Kind.CALL, 119_959 * USD, *call)
    assert near.delta_sats_per_usd == pytest.approx(gained / 40, rel=0.02)


@pytest.mark.parametrize(("kind", "spot"), [(Kind.PUT, 39_999), (Kind.CALL, 120_000)])
def test_past_floor_or_ceiling_nothing_moves_the_value(kind: Kind, spot: float) -> None:
    beyond = greeks(kind, spot * USD, *PUT[2:])

    assert beyond.delta_sats_per_usd == 0
    assert beyond.gamma == 0
    assert beyond.vega_sats_per_point == 0
    assert beyond.theta_sats_per_day == 0


@pytest.mark.parametrize("collateral", [12_500_000, 25_000_000])
def test_a_call_gains_by_a_rise_whether_capped_or_not(collateral: int) -> None:
    of_call = greeks(Kind.CALL, 65_000 * USD, 70_000 * USD, 25_000_000, collateral, 0.6, 0.1)

    assert of_call.delta_sats_per_usd > 0
    assert of_call.vega_sats_per_point > 0
    assert of_call.theta_sats_per_day < 0
