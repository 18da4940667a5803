from bithedge.domain.pool.health import Check, Health, Leaver, health
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, SPOT, TREASURY, Scene, usd


def a_pool() -> Scene:
    scene = Scene()
    scene.deposit("STA", 6 * BTC)
    scene.deposit("STB", 4 * BTC)
    return scene


def checked(
    scene: Scene, amount: int, address: str = "STA", tier: Tier = Tier.BALANCED, **limits: int
) -> Health:
    leaver = Leaver(address=address, tier=tier, amount=amount, height=scene.height)
    return health(scene.books, leaver, limits=scene.limits(address, **limits), spot=SPOT)


def check(found: Health, name: str) -> Check:
    return next(check for check in found.checks if check.name == name)


def figures(found: Health, name: str) -> tuple[int, int, int, bool]:
    one = check(found, name)
    return (one.value, one.limit, one.largest_sats, one.ok)


def test_the_checks_come_in_their_order_and_an_idle_pool_passes_all() -> None:
    found = checked(a_pool(), 6 * BTC)

    assert [check.name for check in found.checks] == [
        "reservations",
        "tier_utilisation",
        "pool_utilisation",
        "outflow_window",
        "yield_cap",
        "profit_window",
    ]
    assert found.ok
    assert found.largest_sats == 6 * BTC


def test_more_than_there_is_never_passes() -> None:
    found = checked(a_pool(), 6 * BTC + 1)

    assert not found.ok
    assert found.largest_sats == 6 * BTC


def test_what_is_left_still_covers_the_reservations() -> None:
    scene = a_pool()
    scene.set_exit("STB")
    scene.mine(144)
    scene.reserve(scene.a_put(amount=2 * BTC, max_payout=2 * BTC))
    scene.request("STB", 3 * BTC)

    assert figures(checked(scene, 5 * BTC), "reservations") == (2 * BTC, 2 * BTC, 5 * BTC, True)
    assert figures(checked(scene, 5 * BTC + 1), "reservations")[3] is False


def test_the_tiers_utilisation_stays_within_its_cap() -> None:
    scene = a_pool()
    scene.sell(amount=3 * BTC, max_payout=3 * BTC)

    # 3 of 4 BTC are 75 %: 6 BTC may go, but STA has 4.2 free.
    found = checked(scene, 4 * BTC)
    assert figures(found, "tier_utilisation") == (5_000, 7_500, 420_000_000, True)
    scene.sell(amount=3 * BTC, max_payout=3 * BTC)
    assert figures(checked(scene, 2 * BTC), "tier_utilisation") == (7_500, 7_500, 2 * BTC, True)
    assert figures(checked(scene, 2 * BTC + 1), "tier_utilisation") == (7_501, 7_500, 2 * BTC, False)


def test_the_pools_utilisation_counts_every_tier() -> None:
    scene = a_pool()
    scene.deposit("STC", 10 * BTC, Tier.AGGRESSIVE)
    scene.sell(amount=9 * BTC, max_payout=9 * BTC, tier=Tier.AGGRESSIVE)
    scene.sell(amount=6 * BTC, max_payout=6 * BTC)

    # 15 of 20 are used; at 85 % at least 17.647.. must stay.
    largest = 20 * BTC - -(-15 * BTC * 10_000 // 8_500)
    found = checked(scene, largest)
    assert check(found, "pool_utilisation").ok
    assert not check(checked(scene, largest + 1), "pool_utilisation").ok
    assert check(found, "pool_utilisation").value == 8_500


def test_after_144_blocks_in_exit_mode_utilisation_holds_nobody() -> None:
    scene = a_pool()
    scene.sell(amount=7 * BTC, max_payout=7 * BTC)
    most = scene.account("STA").free
    scene.set_exit("STA")
    scene.mine(143)
    assert not checked(scene, most).ok

    scene.mine(1)

    found = checked(scene, most)
    assert found.ok
    assert check(found, "tier_utilisation").value > 7_500
    assert check(found, "tier_utilisation").largest_sats >= most


def test_the_treasury_leaves_without_touching_anyones_utilisation() -> None:
    scene = a_pool()
    scene.sell(amount=8 * BTC, max_payout=8 * BTC, fee=500_000, premium=5_000_000)

    found = checked(scene, 500_000, TREASURY)

    assert found.ok
    assert found.largest_sats == 500_000


def test_the_chains_outflow_is_shared_with_other_vouchers_and_signed_quotes() -> None:
    scene = a_pool()
    scene.request("STB", BTC)
    assert figures(checked(scene, BTC, outflow=2 * BTC), "outflow_window") == (2 * BTC, 2 * BTC, BTC, True)
    assert not check(checked(scene, BTC + 1, outflow=2 * BTC), "outflow_window").ok

    scene.reserve(scene.a_put(amount=BTC, max_payout=BTC))
    assert figures(checked(scene, BTC, available=3 * BTC), "outflow_window") == (2 * BTC, 2 * BTC, BTC, True)


def test_the_yield_cap_counts_vouchers_of_the_same_address_in_other_tiers() -> None:
    scene = a_pool()
    scene.deposit("STA", BTC, Tier.AGGRESSIVE)
    scene.request("STA", BTC, Tier.AGGRESSIVE)

    assert figures(checked(scene, BTC, lifetime=2 * BTC), "yield_cap") == (2 * BTC, 2 * BTC, BTC, True)
    assert not check(checked(scene, BTC + 1, lifetime=2 * BTC), "yield_cap").ok


def test_only_what_exceeds_the_deposits_is_profit() -> None:
    scene = a_pool()
    sale = scene.sell(premium=20_500_000, fee=500_000, amount=BTC, max_payout=BTC)
    scene.settle(sale, SPOT)
    assert scene.account("STA").free == 612_000_000

    found = checked(scene, 605_000_000, profit=7_000_000)
    assert figures(found, "profit_window") == (5_000_000, 7_000_000, 607_000_000, True)
    assert not check(checked(scene, 607_000_001, profit=7_000_000), "profit_window").ok

    scene.request("STB", 4 * BTC + 6_000_000)
    assert figures(checked(scene, 601_000_000, profit=7_000_000), "profit_window") == (
        7_000_000,
        7_000_000,
        601_000_000,
        True,
    )


def test_a_window_that_others_profits_have_overrun_still_lets_deposits_out() -> None:
    scene = a_pool()
    sale = scene.sell(premium=20_500_000, fee=500_000, amount=BTC, max_payout=BTC)
    scene.settle(sale, SPOT)
    scene.request("STB", 4 * BTC + 6_000_000)

    found = checked(scene, 6 * BTC, profit=5_000_000)

    assert figures(found, "profit_window") == (6_000_000, 5_000_000, 6 * BTC, True)
    assert not check(checked(scene, 6 * BTC + 1, profit=5_000_000), "profit_window").ok


def test_a_voucher_of_another_tier_uses_up_deposits_first_and_then_the_profit_window() -> None:
    scene = a_pool()
    sale = scene.sell(premium=20_500_000, fee=500_000, amount=BTC, max_payout=BTC)
    scene.settle(sale, SPOT)
    scene.deposit("STA", BTC, Tier.AGGRESSIVE)
    scene.request("STA", 612_000_000)

    # 7 BTC deposited, 6.12 promised: 0.88 are no profit.
    found = checked(scene, 90_000_000, tier=Tier.AGGRESSIVE, profit=3_000_000)
    assert figures(found, "profit_window") == (2_000_000, 3_000_000, 91_000_000, True)
    over = checked(scene, BTC, tier=Tier.AGGRESSIVE, principal=610_000_000, profit=3_000_000)
    assert figures(over, "profit_window") == (102_000_000, 3_000_000, 1_000_000, False)


def test_earned_premium_counts_as_capital_that_is_about_to_be_free() -> None:
    scene = a_pool()
    scene.sell(amount=BTC, max_payout=BTC, premium=41_000, fee=1_000, expiry=scene.height + 1_000)
    scene.mine(500)

    assert figures(checked(scene, 0), "reservations") == (9 * BTC + 12_000, 0, 540_000_000 + 12_000, True)


def test_a_full_profit_window_still_lets_deposits_out() -> None:
    found = checked(a_pool(), 6 * BTC, profit=0)

    assert found.ok


def test_the_stress_ladder_shows_losses_and_is_no_reason() -> None:
    scene = a_pool()
    scene.sell(strike=usd(65_000), amount=2 * BTC, max_payout=2 * BTC)

    found = checked(scene, 0)

    assert [step.change_bps for step in found.stress] == [-1_000, -3_000, -5_000]
    # At -50 % the put owes all 2 BTC, STA's part 1.2.
    worst = found.stress[2]
    assert worst.loss_sats == 120_000_000
    equity = scene.account("STA").equity
    assert worst.loss_bps == -(-120_000_000 * 10_000 // equity)
    assert worst.worth_usd_e8 == (equity - 120_000_000) * usd(32_500) // BTC
    assert found.ok


def test_an_address_without_money_can_take_nothing() -> None:
    found = checked(a_pool(), 1, "STX")

    assert not found.ok
    assert found.largest_sats == 0
    assert all(step.loss_bps == 0 for step in found.stress)


def test_the_last_provider_may_take_everything_when_nothing_is_sold() -> None:
    scene = Scene()
    scene.deposit("STA", BTC)

    assert figures(checked(scene, BTC), "tier_utilisation") == (0, 7_500, BTC, True)
