import msgspec
import pytest

from bithedge.domain.payout import Kind
from bithedge.domain.pool.risk_views import liabilities, stress_view
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.pool.track import Track
from bithedge.domain.pool.views import (
    backers_of,
    backings,
    pool_view,
    portfolio,
    tier_health,
    tier_use,
    tier_view,
)
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from tests.unit.domain.pool_scene import BTC, SPOT, TREASURY, Scene, usd


def a_pool() -> Scene:
    scene = Scene()
    scene.deposit("STA", 3 * BTC)
    scene.deposit("STB", BTC)
    return scene


def test_a_portfolio_shows_each_bucket_at_a_height() -> None:
    scene = a_pool()
    scene.sell(amount=BTC, max_payout=BTC, premium=41_000, fee=1_000, expiry=scene.height + 1_000)
    scene.request("STA", 50_000)
    scene.mine(500)

    found = portfolio(scene.books, "STA", height=scene.height)

    (own,) = found.tiers
    assert own.free_sats == 225_000_000 - 50_000
    assert (own.locked_sats, own.pending_sats) == (75_000_000, 50_000)
    assert (own.earned_sats, own.unearned_sats) == (15_000, 15_000)
    assert (own.fees_sats, own.losses_sats) == (750, 0)
    assert (own.deposited_sats, own.withdrawn_sats) == (3 * BTC, 0)
    assert own.active_policies == 1
    assert own.withdrawable_sats == own.free_sats + 15_000
    assert found.total_sats == 3 * BTC + 30_000
    assert (own.exit, own.health) == (False, "healthy")


def test_what_can_be_withdrawn_heeds_the_chains_limits_where_they_are_known() -> None:
    scene = a_pool()

    found = portfolio(
        scene.books, "STA", height=scene.height, limits=scene.limits("STA", outflow=BTC, profit=0)
    )

    assert found.tiers[0].withdrawable_sats == BTC


def test_an_unknown_address_has_no_portfolio() -> None:
    assert portfolio(a_pool().books, "STX", height=1) is None


def test_the_treasurys_portfolio_is_in_exit_mode() -> None:
    scene = a_pool()
    scene.sell(premium=21_000, fee=1_000)

    (own,) = portfolio(scene.books, TREASURY, height=scene.height).tiers

    assert (own.exit, own.free_sats, own.deposited_sats) == (True, 1_000, 1_000)


def test_backings_show_a_providers_part_of_each_policy() -> None:
    scene = a_pool()
    put = scene.sell(strike=usd(60_000), amount=2 * BTC, max_payout=BTC, expiry=scene.height + 1_000)
    call = scene.sell(kind=Kind.CALL, strike=usd(70_000), amount=BTC, max_payout=BTC)
    scene.mine(500)

    first, second = backings(scene.books, "STA", height=scene.height, spot=usd(50_000))

    assert (first.quote_id, first.share_sats, first.share_bps) == (put.quote_id, 75_000_000, 7_500)
    assert first.owed_now_sats == 2 * BTC * 10_000 // 50_000 * 3 // 4
    assert (first.floor_usd_e8, first.ceiling_usd_e8) == (usd(40_000), None)
    assert (first.premium_sats, first.earned_sats) == (15_000, 7_500)
    assert (second.quote_id, second.floor_usd_e8, second.ceiling_usd_e8) == (call.quote_id, None, None)
    backing = scene.books.backing(put.quote_id)
    assert [(part.address, part.share_bps) for part in backers_of(backing)] == [
        ("STA", 7_500),
        ("STB", 2_500),
    ]


def test_a_tier_shows_reservations_apart_from_free() -> None:
    scene = a_pool()
    scene.sell(amount=BTC, max_payout=BTC)
    scene.reserve(scene.a_put(amount=BTC // 2, max_payout=BTC // 2))

    found = tier_view(scene.books, Tier.BALANCED, height=scene.height, spot=SPOT)

    assert (found.total_sats, found.locked_sats, found.reserved_sats) == (4 * BTC, BTC, BTC // 2)
    assert found.free_sats == 250_000_000
    assert found.utilisation_bps == 3_750
    assert (found.providers, found.active_policies) == (2, 1)
    assert found.crash_bps > 0
    use = tier_use(scene.books, Tier.BALANCED)
    assert (use.used_sats, use.capital_sats) == (150_000_000, 4 * BTC)
    assert tier_view(scene.books, Tier.BALANCED, height=scene.height, spot=None).crash_bps is None


def test_a_tiers_yield_is_its_result_of_ninety_days_by_the_year() -> None:
    scene = a_pool()
    sale = scene.sell(amount=BTC, max_payout=BTC, premium=4_000_000, fee=0)
    scene.mine(144)
    scene.settle(sale, SPOT)

    found = tier_view(scene.books, Tier.BALANCED, height=scene.height, spot=SPOT)

    # 0.04 on 4.04 BTC in 90 days.
    assert found.yield_bps == 4_000_000 * 365 * 10_000 // (90 * 404_000_000)
    assert found.premiums_earned_sats == 4_000_000
    scene.mine(91 * 144)
    assert tier_view(scene.books, Tier.BALANCED, height=scene.height, spot=SPOT).yield_bps == 0


def test_the_worst_thirty_days_stay_on_record() -> None:
    scene = a_pool()
    sale = scene.sell(strike=usd(60_000), amount=BTC, max_payout=BTC, premium=2_000_000, fee=0)
    scene.settle(sale, usd(50_000))
    scene.mine(200 * 144)

    found = tier_view(scene.books, Tier.BALANCED, height=scene.height, spot=SPOT)

    assert found.losses_sats == 20_000_000
    # 0.2 lost of 4 BTC, 0.02 made.
    assert found.worst_30d_bps == -450
    (own,) = (view for view in portfolio(scene.books, "STA", height=scene.height).tiers)
    assert own.yield_bps == 0


def test_good_days_do_not_undo_the_worst_ones() -> None:
    track = Track(144, days=1)
    track.add(0, -500, 10_000)
    track.add(144, 100, 10_000)
    assert track.worst_30d_bps == -500

    track.add(60 * 144, 2_000, 10_000)

    assert track.worst_30d_bps == -500


def test_a_withdrawal_raises_no_yield() -> None:
    track = Track(144, days=1)
    track.add(1_000, 100, 10_000)

    assert track.yield_bps(1_000, made=0, capital=1) == track.yield_bps(1_000, made=0, capital=10_000)


def test_results_of_a_height_before_the_last_still_count() -> None:
    track = Track(144, days=7)
    track.add(20_000, 100, 10_000)
    track.add(1_000, -40, 10_000)

    assert track.yield_bps(20_000, made=0, capital=0) == 60 * 365 * 10_000 // (90 * 10_000)


def test_the_pool_shows_the_vault_and_what_was_done() -> None:
    scene = a_pool()
    scene.set_buffer(BTC // 10)
    sold = scene.sell(amount=2 * BTC, max_payout=BTC, premium=21_000, fee=1_000)
    ended = scene.sell()
    scene.release(ended)

    found = pool_view(scene.books)

    assert found.vault_sats == 4 * BTC + 42_000
    assert (found.locked_sats, found.buffer_sats) == (BTC, BTC // 10)
    assert found.available_sats == 3 * BTC + 42_000 - BTC // 10
    assert (found.premiums_sats, found.payouts_sats) == (42_000, 0)
    assert found.protected_sats == sold.amount
    assert (found.policies_sold, found.policies_expired, found.policies_settled) == (2, 1, 0)
    assert (found.active_policies, found.providers) == (1, 2)
    assert found.liabilities is None
    assert msgspec.json.encode(found)


@pytest.mark.parametrize(
    ("locked", "state"),
    [(1_999, "healthy"), (2_000, "healthy"), (2_001, "stretched"), (3_000, "at_limit")],
)
def test_a_tier_is_stretched_above_its_kink_and_at_its_limit_from_the_cap_on(locked: int, state: str) -> None:
    scene = a_pool()  # 4 BTC; kink 50 %, cap 75 %
    scene.sell(amount=locked * 100_000, max_payout=locked * 100_000)

    assert tier_health(scene.books.tier(Tier.BALANCED), DEFAULT_TIERS[Tier.BALANCED]) == state


def test_an_empty_tier_is_healthy() -> None:
    assert tier_health(Scene().books.tier(Tier.BALANCED), DEFAULT_TIERS[Tier.BALANCED]) == "healthy"


def test_liabilities_are_summed_by_strike_and_expiry_week() -> None:
    scene = a_pool()
    week = 1_008
    scene.sell(strike=usd(60_000), amount=BTC, max_payout=BTC // 2, expiry=2 * week)
    scene.sell(strike=usd(60_000), amount=BTC, max_payout=BTC // 2, expiry=3 * week - 1)
    scene.sell(strike=usd(50_000), amount=BTC, max_payout=BTC, expiry=3 * week)
    scene.sell(kind=Kind.CALL, strike=usd(70_000), amount=BTC, max_payout=BTC)

    found = liabilities(scene.books, spot=usd(50_000), kind=Kind.PUT)

    assert found.strikes_usd_e8 == (usd(50_000), usd(60_000))
    assert [(part.from_height, part.to_height) for part in found.weeks] == [
        (2 * week, 3 * week - 1),
        (3 * week, 4 * week - 1),
    ]
    assert [(cell.strike, cell.week, cell.policies) for cell in found.cells] == [(0, 1, 1), (1, 0, 2)]
    assert [cell.owed_now_sats for cell in found.cells] == [0, 2 * (BTC // 5)]
    assert len(liabilities(scene.books, spot=SPOT).cells) == 3


def test_the_stress_ladder_goes_from_minus_seventy_to_plus_a_hundred() -> None:
    scene = a_pool()
    scene.sell(strike=usd(60_000), amount=BTC, max_payout=BTC)
    scene.sell(kind=Kind.CALL, strike=usd(70_000), amount=BTC, max_payout=BTC)

    found = stress_view(scene.books, spot=SPOT)

    assert (found.points[0].change_bps, found.points[-1].change_bps) == (-7_000, 10_000)
    assert found.points[0].owed_sats == BTC
    assert found.points[-1].owed_sats == BTC * 60_000 // 130_000
    assert next(point for point in found.points if point.change_bps == 0).owed_sats == 0
    assert found.locked_sats == 2 * BTC


@pytest.mark.parametrize(
    "rules",
    [{"expiry_cap_bps": 0}, {"crash_move_bps": 10_001}, {"max_backers": 0}, {"exit_blocks": -1}],
)
def test_rules_that_make_no_sense_are_refused(rules: dict) -> None:
    with pytest.raises(ValueError, match="pool:"):
        PoolRules(**rules)
