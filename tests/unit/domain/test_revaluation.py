import random
from typing import NamedTuple

import numpy as np
import pytest

from bithedge.domain.money import MAX_PRICE
from bithedge.domain.payout import Kind, ceiling_price, floor_price, payout
from bithedge.domain.pricing import fair_value, fair_value_sats
from bithedge.domain.revaluation.covers import Covers, covers_of, payouts
from bithedge.domain.revaluation.normal import normal
from bithedge.domain.revaluation.values import fair_values, fair_values_sats
from bithedge.domain.revaluation.volatilities import quoted_volatilities
from bithedge.domain.volatility import Additions, Variances, VolatilityRule, quoted_volatility

USD = 100_000_000
SPOT = 65_000 * USD


class Row(NamedTuple):
    """A policy with the two figures that only its valuation needs."""

    kind: Kind
    strike: int
    amount: int
    max_payout: int
    volatility: float
    years: float


def a_book(seed: int, size: int) -> list[Row]:
    """Draw policies of every shape that is sold, some at their cap, some worthless, some over."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for _ in range(size):
        kind = chance.choice(list(Kind))
        strike = SPOT * chance.randint(5_000, 20_000) // 10_000
        amount = chance.randint(100_000, 1_000_000_000)
        collateral = max(10_000, amount * chance.choice([500, 2_500, 5_000, 9_999, 10_000]) // 10_000)
        volatility = chance.choice([0.0, 0.4, chance.uniform(0.05, 3.0)])
        years = chance.choice([-1.0, 0.0, 1 / 365, chance.uniform(0.0, 0.5)])
        rows.append(Row(kind, strike, amount, min(amount, collateral), volatility, years))
    return rows


def columns(rows: list[Row]) -> tuple[Covers, np.ndarray, np.ndarray]:
    return (
        covers_of(rows),
        np.array([row.volatility for row in rows]),
        np.array([row.years for row in rows]),
    )


def test_the_normal_distribution_is_the_one_of_the_mathematical_library() -> None:
    special = pytest.importorskip("scipy.special", exc_type=ImportError)
    z = np.linspace(-12, 12, 100_001)

    assert np.abs(normal(z) - special.ndtr(z)).max() < 3e-16


@pytest.mark.parametrize("carry", [0.0, -0.05, 0.05])
@pytest.mark.parametrize("spot", [SPOT, SPOT // 2, 2 * SPOT])
def test_a_whole_book_is_worth_what_its_policies_are_one_by_one(spot: int, carry: float) -> None:
    rows = a_book(seed=11, size=3_000)
    covers, volatilities, years = columns(rows)

    together = fair_values(covers, spot, volatilities, years, carry=carry)

    alone = np.array([fair_value(row[0], spot, *row[1:], carry=carry) for row in rows])
    # Relative, or what two orders of the same sums differ by: a few in 1e15 of the amount.
    allowed = np.maximum(1e-9 * alone, 1e-15 * covers.amounts + 1e-9)
    assert np.all(np.abs(together - alone) <= allowed)


@pytest.mark.parametrize("spot", [SPOT, SPOT * 9 // 10, SPOT * 3 // 2])
def test_a_whole_book_in_money_is_the_same_to_the_sat(spot: int) -> None:
    rows = a_book(seed=12, size=4_000)
    covers, volatilities, years = columns(rows)

    together = fair_values_sats(covers, spot, volatilities, years)

    assert together.tolist() == [fair_value_sats(row[0], spot, *row[1:]) for row in rows]


def test_a_value_a_breath_above_a_whole_sat_is_still_rounded_as_one_by_one() -> None:
    # Volatilities between which the value passes a whole sat, drawn together until floats can no longer tell.
    terms = (Kind.PUT, SPOT, 60_000 * USD, 10_000_000, 5_000_000)
    target, low, high = 300_000.0, 0.3, 0.9
    rows: list[Row] = []
    for _ in range(60):
        middle = (low + high) / 2
        rows.append(Row(Kind.PUT, *terms[2:], middle, 0.1))
        low, high = (middle, high) if fair_value(*terms, middle, 0.1) < target else (low, middle)
    covers, volatilities, years = columns(rows)

    together = fair_values_sats(covers, SPOT, volatilities, years)

    assert together.tolist() == [fair_value_sats(row[0], SPOT, *row[1:]) for row in rows]
    assert {300_000, 300_001} <= set(together.tolist())


def test_values_take_a_spot_for_each_policy() -> None:
    rows = a_book(seed=13, size=400)
    covers, volatilities, years = columns(rows)
    spots = np.linspace(0.5, 2.0, len(rows)) * SPOT

    together = fair_values(covers, spots, volatilities, years)

    alone = [
        fair_value(row[0], float(spot), *row[1:]) for row, spot in zip(rows, spots.tolist(), strict=True)
    ]
    assert together == pytest.approx(np.array(alone), rel=1e-9, abs=1e-5)


def test_an_empty_book_is_worth_nothing_and_pays_nothing() -> None:
    covers = covers_of([])

    assert fair_values(covers, SPOT, 0.6, 0.1).tolist() == []
    assert fair_values_sats(covers, SPOT, 0.6, 0.1).tolist() == []
    assert payouts(covers, SPOT).tolist() == []


@pytest.mark.parametrize(
    "price", [1, 12_345, SPOT // 10, SPOT * 7 // 10, SPOT - 1, SPOT, SPOT + 1, 3 * SPOT, MAX_PRICE]
)
def test_payouts_are_exact_though_their_products_pass_64_bits(price: int) -> None:
    rows = a_book(seed=14, size=2_000)

    together = payouts(covers_of(rows), price)

    assert together.tolist() == [payout(*row[:4], price) for row in rows]


def test_payouts_are_exact_on_either_side_of_floor_and_ceiling() -> None:
    rows = a_book(seed=15, size=500)
    edges = [
        floor_price(*row[1:4]) if row.kind is Kind.PUT else ceiling_price(*row[1:4]) or MAX_PRICE
        for row in rows
    ]

    for shift in (-1, 0, 1):
        prices = np.array([edge + shift for edge in edges])
        expected = [payout(*row[:4], int(price)) for row, price in zip(rows, prices, strict=True)]
        assert payouts(covers_of(rows), prices).tolist() == expected


ADDED = Additions(tenors_days=(7.0, 30.0), moneyness=(0.8, 1.0), values=((0.05, 0.0), (0.02, 0.01)))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "rule",
    [
        VolatilityRule(),
        VolatilityRule(skew=0.0),
        VolatilityRule(put_additions=ADDED, call_additions=ADDED),
    ],
    ids=["shipped", "flat", "with additions"],
)
def test_quoted_volatilities_are_the_ones_quoted_one_by_one(kind: Kind, rule: VolatilityRule) -> None:
    chance = random.Random(16)
    strikes = [chance.uniform(0.5, 2.0) * SPOT for _ in range(300)]
    years = [chance.choice([-0.1, 0.0, 1 / 365, 0.5]) for _ in range(300)]
    fasts = [chance.uniform(0.0, 9.0) for _ in range(300)]

    together = quoted_volatilities(
        rule,
        kind,
        fast=np.array(fasts),
        slow=0.25,
        moneyness=np.array(strikes) / SPOT,
        years=np.array(years),
    )

    alone = [
        quoted_volatility(rule, Variances(fast=fast, slow=0.25), kind, SPOT, strike, time)
        for fast, strike, time in zip(fasts, strikes, years, strict=True)
    ]
    assert together == pytest.approx(alone, rel=1e-12)
