from collections import Counter

from bithedge.domain.monotone import COARSE, Grid, Verdict, check_monotone
from bithedge.domain.payout import Kind
from bithedge.domain.premium import PremiumRule
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.domain.volatility import Additions, VolatilityRule

# Finer than what is walked at start, bounded so that it takes a few seconds.
FINE = Grid(
    fast_volatilities=(0.1, 0.3, 0.5, 0.7, 1.0, 1.5, 2.4),
    slow_volatilities=(0.3, 0.5, 0.65, 0.9, 1.2),
    strikes=13,
    tenors=13,
    shares_bps=(500, 1_000, 1_500, 2_500, 3_300, 5_000, 6_600, 7_500, 9_900, 10_000),
)


def walk(rule: VolatilityRule, grid: Grid = COARSE) -> Verdict:
    return check_monotone(rule, PremiumRule(), DEFAULT_TIERS.values(), grid)


def test_no_better_policy_costs_less_on_the_fine_grid() -> None:
    verdict = walk(VolatilityRule(), FINE)

    assert verdict.points > 350_000
    assert verdict.breaks == ()


def test_the_walk_at_start_sees_every_tier_and_kind() -> None:
    verdict = walk(VolatilityRule())

    assert verdict.points > 5_000
    assert verdict.breaks == ()


def test_an_addition_that_makes_a_higher_put_strike_cheaper_is_found() -> None:
    dent = Additions(tenors_days=(30,), moneyness=(0.80, 0.81), values=((1.5, -0.2),))

    verdict = walk(VolatilityRule(put_additions=dent))

    assert verdict.breaks
    assert {found.kind for found in verdict.breaks} == {Kind.PUT}
    assert "strike" in Counter(found.axis for found in verdict.breaks)
    assert all(found.after < found.before for found in verdict.breaks)


def test_an_addition_that_makes_a_lower_call_strike_cheaper_is_found() -> None:
    dent = Additions(tenors_days=(30,), moneyness=(1.40, 1.41), values=((-0.2, 1.5),))

    verdict = walk(VolatilityRule(call_additions=dent))

    assert {found.kind for found in verdict.breaks} == {Kind.CALL}
    assert "strike" in {found.axis for found in verdict.breaks}


def test_an_addition_that_makes_a_longer_tenor_cheaper_is_found() -> None:
    dent = Additions(tenors_days=(10, 12), moneyness=(1.0,), values=((1.5,), (-0.2,)))

    verdict = walk(VolatilityRule(put_additions=dent))

    assert "tenor" in {found.axis for found in verdict.breaks}
    assert {found.figure for found in verdict.breaks} == {"fair_value", "total"}


def test_a_gentle_addition_passes() -> None:
    skew = Additions(tenors_days=(7, 90), moneyness=(0.7, 1.0), values=((0.05, 0.02), (0.03, 0.02)))

    assert walk(VolatilityRule(put_additions=skew)).breaks == ()


def test_only_the_tiers_given_are_walked() -> None:
    one = check_monotone(VolatilityRule(), PremiumRule(), [DEFAULT_TIERS[Tier.CONSERVATIVE]])

    assert 0 < one.points < walk(VolatilityRule()).points / 2
