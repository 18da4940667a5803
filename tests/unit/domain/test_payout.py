from fractions import Fraction

import pytest

from bithedge.domain.money import MAX_PRICE
from bithedge.domain.payout import (
    Kind,
    ceiling_price,
    collateral_for_floor,
    floor_price,
    is_touched,
    payout,
)

USD = 100_000_000
AMOUNT = 25_000_000
COLLATERAL = 12_500_000
STRIKE = 60_000 * USD


@pytest.mark.parametrize("kind", list(Kind))
def test_a_price_at_the_strike_pays_nothing(kind: Kind) -> None:
    assert payout(kind, STRIKE, AMOUNT, COLLATERAL, STRIKE) == 0


@pytest.mark.parametrize(("kind", "side"), [(Kind.PUT, 1), (Kind.CALL, -1)])
def test_the_wrong_side_of_the_strike_pays_nothing(kind: Kind, side: int) -> None:
    assert payout(kind, STRIKE, AMOUNT, COLLATERAL, STRIKE + side * 20_000 * USD) == 0


@pytest.mark.parametrize(("percent", "sats"), [(90, 715_243), (70, 8_062_456), (50, 12_500_000)])
def test_a_put_pays_the_sats_its_quote_shows_for_a_fall(percent: float, sats: int) -> None:
    spot = 6_481_240_000_000

    assert payout(Kind.PUT, STRIKE, AMOUNT, COLLATERAL, spot * percent // 100) == sats


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("moved", [1, 3, 977, 40_000 * USD, 55_123 * USD + 7])
def test_the_pool_keeps_the_fraction_of_a_sat(kind: Kind, moved: int) -> None:
    price = STRIKE - moved if kind is Kind.PUT else STRIKE + moved
    exact = min(Fraction(COLLATERAL), Fraction(AMOUNT * moved, price))

    assert payout(kind, STRIKE, AMOUNT, COLLATERAL, price) == exact.numerator // exact.denominator


def test_the_smallest_step_past_the_strike_pays_where_it_is_worth_a_sat() -> None:
    assert payout(Kind.PUT, 1_000_001, AMOUNT, COLLATERAL, 1_000_000) == 25
    assert payout(Kind.CALL, 1_000_000, AMOUNT, COLLATERAL, 1_000_001) == 24


def test_the_payout_never_passes_the_collateral_at_the_lowest_price_there_is() -> None:
    assert payout(Kind.PUT, MAX_PRICE, AMOUNT, COLLATERAL, 1) == COLLATERAL


def test_an_uncapped_call_pays_less_than_its_amount_at_the_highest_price_there_is() -> None:
    assert payout(Kind.CALL, STRIKE, AMOUNT, AMOUNT, MAX_PRICE) == 24_983_333


def test_the_floor_of_the_fixture_is_at_two_thirds_of_its_strike() -> None:
    assert floor_price(STRIKE, AMOUNT, COLLATERAL) == 40_000 * USD


@pytest.mark.parametrize(
    ("strike", "amount", "collateral"),
    [(STRIKE, AMOUNT, COLLATERAL), (5_200_000_000_003, 2_500_000, 500_000), (7, 123_456_789, 100_000_000)],
)
def test_the_floor_is_the_highest_price_that_pays_all_of_a_put(
    strike: int, amount: int, collateral: int
) -> None:
    floor = floor_price(strike, amount, collateral)

    assert is_touched(Kind.PUT, strike, amount, collateral, floor)
    assert not is_touched(Kind.PUT, strike, amount, collateral, floor + 1)


@pytest.mark.parametrize(
    ("strike", "amount", "collateral"),
    [(STRIKE, AMOUNT, COLLATERAL), (6_500_000_000_000, 10_000_000, 2_500_000), (777, 300_001, 20_003)],
)
def test_the_ceiling_is_the_lowest_price_that_pays_all_of_a_call(
    strike: int, amount: int, collateral: int
) -> None:
    ceiling = ceiling_price(strike, amount, collateral)

    assert is_touched(Kind.CALL, strike, amount, collateral, ceiling)
    assert not is_touched(Kind.CALL, strike, amount, collateral, ceiling - 1)


def test_an_uncapped_call_has_no_ceiling() -> None:
    assert ceiling_price(STRIKE, AMOUNT, AMOUNT) is None


def test_a_ceiling_that_no_price_can_reach_is_none() -> None:
    assert ceiling_price(STRIKE, AMOUNT, AMOUNT - 1) is None


@pytest.mark.parametrize("floor", [40_000 * USD, 41_234 * USD + 567, 59_000 * USD + 1])
def test_a_floor_asked_for_comes_back_the_same_or_a_hair_higher(floor: int) -> None:
    collateral = collateral_for_floor(STRIKE, AMOUNT, floor)

    assert floor <= floor_price(STRIKE, AMOUNT, collateral) <= floor + floor // AMOUNT * 2


def test_a_floor_at_the_strike_covers_nothing() -> None:
    assert collateral_for_floor(STRIKE, AMOUNT, STRIKE) == 0
    assert collateral_for_floor(STRIKE, AMOUNT, STRIKE + USD) == 0
