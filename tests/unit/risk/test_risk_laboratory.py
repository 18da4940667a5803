import msgspec
import numpy as np
import pytest

from bithedge.domain.payout import Kind, is_touched, payout
from bithedge.domain.pool.invariants import breaks
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.tiers import Tier
from bithedge.risk.chain import BrokenBooksError, Chain
from bithedge.risk.demand import Demand
from bithedge.risk.laboratory import run_path
from bithedge.risk.parameters import PathError
from bithedge.risk.record import Life, Run
from bithedge.risk.vault import VaultRules
from tests.unit.risk.risk_scene import CRASH, a_flat_path, a_setup, other_spring, spring, spring_path


def ended(run: Run) -> list[Life]:
    return [life for life in run.lives if life.end_day is not None]


def test_a_seed_gives_the_same_run_again_and_another_seed_another() -> None:
    again = run_path(spring_path(), a_setup(demand=Demand(requests_a_day=3)), seed=4)

    assert again.lives == spring().lives
    assert all(
        np.array_equal(ours, theirs)
        for scope, columns in spring().scopes.items()
        for ours, theirs in zip(columns, again.scopes[scope], strict=True)
    )
    assert other_spring().lives != spring().lives


def test_progress_is_told_day_by_day() -> None:
    told: list[int] = []

    run_path(a_flat_path(5), a_setup(), seed=1, progress=told.append)

    assert told == [1, 2, 3, 4, 5]


def test_each_policy_pays_what_the_days_of_its_life_make_it_owe() -> None:
    days = {candle.day: candle for candle in spring().path.candles}
    lives = ended(spring())

    for life in lives:
        terms = (life.kind, life.strike, life.amount, life.max_payout)
        expiry = life.sold_day + life.cell.days
        later = [days[day] for day in range(life.sold_day + 1, expiry + 1) if day in days]
        extremes = [(one.day, one.low if life.kind is Kind.PUT else one.high) for one in later]
        touch = next((day for day, price in extremes if is_touched(*terms, price)), None)

        assert life.touched == (touch is not None)
        assert life.end_day == (touch if touch is not None else expiry)
        owed = life.max_payout if touch is not None else payout(*terms, days[expiry].close)
        assert life.payout == owed
    assert {life.kind for life in lives} == set(Kind)
    assert sum(life.touched for life in lives) > 20
    assert any(0 < life.payout < life.max_payout for life in lives)


def test_a_crash_settles_on_its_own_day_what_it_touches() -> None:
    touched = [life for life in spring().lives if life.end_day == CRASH and life.touched]

    assert len(touched) > 10
    assert all(life.kind is Kind.PUT for life in touched)


def test_policies_alive_at_the_end_are_those_of_the_books() -> None:
    run = spring()
    alive = {life.number for life in run.lives if life.end_day is None}
    live = {policy.policy_id for book in run.books.tiers.values() for policy in book.policies.values()}

    assert alive == live
    assert alive


def test_results_are_premium_earned_less_payouts_to_the_sat() -> None:
    run = spring()
    for tier in Tier:
        book, columns = run.books.tier(tier), run.scopes[tier.value]

        assert columns.premium.sum() == book.premiums_earned + book.earned_by_all(run.books.height)
        assert (columns.premium - columns.result).sum() == sum(
            life.payout for life in run.lives_of(tier.value)
        )
        assert columns.used[-1] == book.used
    assert run.scopes["pool"].result.sum() == sum(run.scopes[tier.value].result.sum() for tier in Tier)


def test_premium_of_ended_policies_is_earned_in_full() -> None:
    run = spring()
    book_premiums = sum(book.premiums_earned for book in run.books.tiers.values())
    live = [policy for book in run.books.tiers.values() for policy in book.policies.values()]

    handed_out = sum(sum(policy.taken) for policy in live)
    assert book_premiums - handed_out == sum(life.net_premium for life in ended(run))


def test_the_books_were_checked_and_hold_at_the_end() -> None:
    assert spring().checks == -(-len(spring().days) // 30)
    assert breaks(spring().books) == []


def test_no_tier_is_sold_beyond_its_utilisation_cap() -> None:
    greedy = run_path(a_flat_path(40), a_setup(demand=Demand(appetite=4.0)), seed=2)
    for tier, parameters in a_setup().pricing.tiers.items():
        columns = greedy.scopes[tier.value]
        # Day by day, as each sale saw a little less premium in the capital than the day's end.
        assert (columns.used * 10_000 <= columns.capital * parameters.utilisation_cap_bps).all()
        assert (columns.used / columns.capital).max() > parameters.utilisation_cap_bps / 10_000 - 0.05


def test_refusals_are_counted_with_the_limit_that_refused() -> None:
    greedy = run_path(a_flat_path(40), a_setup(demand=Demand(appetite=4.0)), seed=2)

    for tier in Tier:
        sold = len(greedy.lives_of(tier.value))
        refused = greedy.refused_sales[tier]
        assert sold + sum(refused.values()) == greedy.asked_sales[tier] == 80
        assert refused["tier_utilisation"] > 5


def test_a_full_tier_refuses_a_withdrawal_and_says_by_which_check() -> None:
    setup = a_setup(demand=Demand(appetite=4.0), leave_every_days=4, leave_share_bps=10_000)
    full = run_path(a_flat_path(40), setup, seed=2)

    refused = sum(
        (full.refused_withdrawals[tier] for tier in Tier), start=full.refused_withdrawals[Tier.BALANCED]
    )
    assert refused["tier_utilisation"] > 0
    assert all(full.asked_withdrawals[tier] >= sum(full.refused_withdrawals[tier].values()) for tier in Tier)


def test_the_provider_who_comes_and_goes_gets_back_in_what_it_took_out() -> None:
    calm = run_path(a_flat_path(60), a_setup(demand=Demand(appetite=0.1)), seed=2)
    account = calm.books.tier(Tier.BALANCED).account("balanced-01")

    assert account.withdrawn > 0
    assert account.deposited == 125_000_000 + account.withdrawn


def test_a_deposit_left_alone_gains_and_loses_its_share_of_the_tiers_results() -> None:
    setup = a_setup(leave_every_days=1_000)
    run = run_path(spring_path(), setup, seed=2)
    for tier in Tier:
        holding = run.holdings[tier]
        results = np.cumsum(run.scopes[tier.value].result)
        gains = np.array(holding.equity) - holding.deposit

        # Eight equal providers, up to what the last sats of each policy go to.
        assert gains == pytest.approx(results / 8, rel=0.02, abs=20_000)
        assert gains.max() > 1_000_000


def test_demand_fills_a_tier_about_as_far_as_it_is_meant_to() -> None:
    run = run_path(a_flat_path(300), a_setup(demand=Demand(requests_a_day=2, appetite=0.6)), seed=2)

    for tier in Tier:
        columns = run.scopes[tier.value]
        part = (columns.used[180:] / columns.capital[180:]).mean()
        cap = a_setup().pricing.tiers[tier].utilisation_cap_bps / 10_000
        assert part / cap == pytest.approx(0.6, abs=0.12)


def test_a_path_whose_start_gives_no_volatility_is_refused() -> None:
    with pytest.raises(PathError, match="volatility"):
        run_path(a_flat_path(5, warm_up=1), a_setup(), seed=1)


def test_books_that_differ_from_the_vault_end_the_run() -> None:
    chain = Chain(a_setup().pricing, PoolRules(), VaultRules(), height=1_000)
    chain.deposit("somebody", Tier.BALANCED, 1_000_000)
    chain.check()
    chain.vault.totals = msgspec.structs.replace(chain.vault.totals, available=999_999)

    with pytest.raises(BrokenBooksError, match="available_agrees"):
        chain.check()
