import math
from collections import defaultdict
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from bithedge.domain.money import Sats
from bithedge.domain.payout import payout
from bithedge.domain.pricing import fair_value
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.risk.demand import Demand
from bithedge.risk.laboratory import run_path
from bithedge.risk.pricing_check import realised_volatility
from bithedge.risk.report import Report, ScopeReport, report
from bithedge.risk.stories import worst_paths
from tests.unit.risk.risk_scene import a_flat_path, a_setup, other_spring, spring, spring_report


def of(scope: str) -> ScopeReport:
    return next(one for one in spring_report().scopes if one.scope == scope)


SCOPES = ["conservative", "balanced", "aggressive", "pool"]


def test_the_same_runs_give_the_same_report_byte_for_byte() -> None:
    again = report([spring(), other_spring()], a_setup(demand=spring_report().origin.demand))

    assert msgspec.json.encode(again) == msgspec.json.encode(spring_report())


def test_the_report_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(spring_report()), type=Report) == spring_report()


@pytest.mark.parametrize("scope", SCOPES)
def test_each_grouping_of_loss_ratios_holds_every_ended_policy_once(scope: str) -> None:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in of(scope).loss_ratios:
        for place, figure in enumerate((row.policies, row.premium_sats, row.payout_sats)):
            sums[row.group][place] += figure

    lives = [
        one for run in (spring(), other_spring()) for one in run.lives_of(scope) if one.end_day is not None
    ]
    whole = [len(lives), sum(one.net_premium for one in lives), sum(one.payout for one in lives)]
    assert len(sums) == 7
    assert all(found == whole for found in sums.values())
    assert of(scope).loss_ratios[0].ratio == pytest.approx(whole[2] / whole[1])


def test_dollars_of_a_loss_ratio_are_those_of_the_day() -> None:
    run = spring()
    expected = sum(
        life.payout / 1e8 * float(run.usd[life.end_day - int(run.days[0])])
        for life in run.lives
        if life.end_day is not None
    )

    alone = report([run], a_setup(demand=spring_report().origin.demand))
    assert alone.scopes[-1].loss_ratios[0].payout_usd == pytest.approx(expected)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_ladder_pays_what_each_live_policy_owes_at_its_price(scope: str) -> None:
    run, ladder = spring(), of(scope).ladder
    live = [
        policy
        for tier, book in run.books.tiers.items()
        if scope in ("pool", tier)
        for policy in book.policies.values()
    ]
    for rung in ladder.rungs:
        price = int(run.prices[-1]) * (10_000 + rung.change_bps) // 10_000
        owed = sum(payout(one.kind, one.strike, one.amount, one.max_payout, price) for one in live)

        assert rung.paid.sats == sum(rung.by_week_sats) == owed
        assert rung.paid.usd == pytest.approx(owed / 1e8 * price / 1e8)
    assert [rung.change_bps for rung in ladder.rungs] == list(range(-5_000, 5_001, 1_000))
    limit = None if scope == "pool" else DEFAULT_TIERS[Tier(scope)].crash_limit_bps
    assert ladder.crash_limit_bps == limit


@pytest.mark.parametrize("scope", SCOPES)
def test_concentrations_add_up_to_what_is_locked(scope: str) -> None:
    found = of(scope).concentration
    locked = sum(book.locked for tier, book in spring().books.tiers.items() if scope in ("pool", tier))

    assert sum(part.locked.sats for part in found.by_week) == locked
    assert sum(part.locked.sats for part in found.by_strike) == locked
    for ranked in (found.by_provider, found.by_owner):
        assert list(ranked) == sorted(ranked, key=lambda part: -part.locked.sats)
        assert sum(part.locked.sats for part in ranked) <= locked
    assert found.largest.sats <= min(part.locked.sats for part in found.by_week[:1])


@pytest.mark.parametrize("scope", SCOPES[:3])
def test_the_loading_lifts_the_yield_beyond_the_kink_alone(scope: str) -> None:
    curve = of(scope).yields

    assert curve is not None
    for point in curve.points:
        lifted = point.with_loading - point.without_loading
        if point.utilisation_bps <= curve.kink_bps:
            assert lifted == pytest.approx(0, abs=1e-4)
        else:
            assert lifted > 0
    parts = [point.without_loading / point.utilisation_bps for point in curve.points]
    assert parts == pytest.approx([parts[0]] * 10)


def test_a_yield_without_loading_is_result_over_collateral_time() -> None:
    curve = of("balanced").yields
    lives = [
        one
        for run in (spring(), other_spring())
        for one in run.lives_of("balanced")
        if one.end_day is not None
    ]
    years = sum(life.max_payout * (life.end_day - life.sold_day) for life in lives) / 365
    bare = sum(life.net_premium - life.lines.utilisation - life.payout for life in lives)

    assert curve is not None
    assert curve.points[-1].without_loading == pytest.approx(bare / years)


@pytest.mark.parametrize("scope", SCOPES)
def test_capital_is_used_or_idle_and_earns_by_the_day(scope: str) -> None:
    found = of(scope).efficiency

    assert found.mean_utilisation + found.idle_share == pytest.approx(1)
    used = sum(run.scopes[scope].used.sum() for run in (spring(), other_spring()))
    whole = sum(run.scopes[scope].capital.sum() for run in (spring(), other_spring()))
    assert found.mean_utilisation == pytest.approx(used / whole)


def test_lines_of_premium_are_the_whole_of_it() -> None:
    for scope in SCOPES:
        lines = of(scope).pricing.lines

        assert lines is not None
        assert sum(msgspec.structs.astuple(lines)) == pytest.approx(1)
        assert lines.fee == pytest.approx(0.05 / 1.05, abs=1e-3)


def test_realised_volatility_is_that_of_the_closes_over_the_tenor() -> None:
    run = spring()
    life = next(one for one in run.lives if one.cell.days == 30)
    first = life.sold_day - int(run.days[0])
    closes = [int(price) for price in run.prices[first : first + 31]]
    squares = [math.log(b / a) ** 2 for a, b in pairwise(closes)]

    assert realised_volatility(run, life) == pytest.approx(math.sqrt(365 * sum(squares) / len(squares)))


def test_at_the_break_even_volatility_fair_values_are_what_was_paid() -> None:
    row = of("pool").pricing.volatilities[0]
    lives = [one for run in (spring(), other_spring()) for one in run.lives if one.end_day is not None]
    assert row.break_even is not None
    times = row.break_even / row.quoted

    worth = sum(
        fair_value(
            life.kind,
            life.spot,
            life.strike,
            life.amount,
            life.max_payout,
            life.volatility * times,
            life.cell.days / 365,
        )
        for life in lives
    )
    assert worth == pytest.approx(sum(life.payout for life in lives), rel=1e-6)


def test_capital_comes_free_as_policies_expire() -> None:
    for scope in SCOPES:
        freed = of(scope).liquidity.freed
        waits = [one.days for one in freed]
        last = max(
            policy.expiry
            for tier, book in spring().books.tiers.items()
            if scope in ("pool", tier)
            for policy in book.policies.values()
        )

        assert waits == sorted(waits)
        assert waits[-1] == (last - spring().books.height) / 144


def test_sales_asked_are_sold_or_refused() -> None:
    found = of("pool").liquidity
    sold = len(spring().lives) + len(other_spring().lives)

    assert found.sales_asked == sold + sum(one.count for one in found.sales_refused)


def test_the_worst_paths_are_the_poorest_and_the_one_that_fell_deepest() -> None:
    runs = [spring(), other_spring()]
    finals = {run.seed: run.scopes["pool"].result.sum() for run in runs}
    told = worst_paths(runs, "pool")

    assert told[0].seed == min(finals, key=lambda seed: finals[seed])
    assert {reason for path in told for reason in path.reasons} == {"lowest final capital", "deepest fall"}
    for path in told:
        costs = [one.cost.sats for one in path.costliest]
        assert costs == sorted(costs, reverse=True)
        assert len(costs) == 10
        assert path.result_sats[-1] == finals[path.seed]
        assert len(path.price_usd) == len(spring().days)


def test_a_provider_is_compared_with_one_who_held() -> None:
    for scope in SCOPES:
        view = of(scope).provider
        price = float(spring().usd[-1])

        assert view.held_usd == pytest.approx(view.deposit_sats / 1e8 * price)
        assert view.end_usd == pytest.approx(view.end_sats / 1e8 * price)
        assert view.gain == pytest.approx(view.end_sats / view.deposit_sats - 1)
        assert view.lowest_sats == min(view.equity_sats)


def test_totals_are_those_of_the_first_run_in_three_units() -> None:
    run, totals = spring(), of("pool").totals
    columns = run.scopes["pool"]

    assert totals.result.sats == totals.premium.sats - totals.payouts.sats == columns.result.sum()
    assert totals.result.share == pytest.approx(columns.result.sum() / columns.capital.mean())
    assert totals.result.usd == pytest.approx(float(np.sum(columns.result / 1e8 * run.usd)))
    assert totals.capital_sats == Sats(3_000_000_000)


def test_a_run_that_sold_nothing_still_has_a_report() -> None:
    setup = a_setup(demand=Demand(requests_a_day=1, appetite=1e-9))
    empty = report([run_path(a_flat_path(40), setup, seed=1)], setup)

    assert all(scope.totals.policies == 0 for scope in empty.scopes)
    assert all(scope.pricing.lines is None for scope in empty.scopes)
