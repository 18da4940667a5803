import msgspec
import pytest

from bithedge.domain.errors import (
    InsufficientCapacityError,
    PoolClosedError,
    SellingPausedError,
    TooManyReservationsError,
)
from bithedge.domain.payout import Kind
from bithedge.domain.pool.capacity import Sellable, Wanted, backable, crash_bps, free_share_bps, sellable
from bithedge.domain.pool.commands import SaleLimits
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from tests.unit.domain.pool_scene import BTC, PLENTY, SPOT, Scene, usd

LOW = usd(40_000)
LOOSE = PoolRules(reservation_share_bps=10_000, pool_utilisation_cap_bps=10_000)


def tiers(**changes: int) -> dict:
    loose = {"utilisation_cap_bps": 10_000, "utilisation_kink_bps": 6_000, "crash_limit_bps": 10_000}
    return {
        name: msgspec.structs.replace(parameters, **(loose | changes))
        for name, parameters in DEFAULT_TIERS.items()
    }


def a_pool(rules: PoolRules = LOOSE, **changes: int) -> Scene:
    scene = Scene(rules, tiers(**changes))
    scene.deposit("STA", 10 * BTC)
    return scene


def offer(
    scene: Scene,
    *,
    kind: Kind = Kind.PUT,
    strike: int = LOW,
    expiry: int = 5_000,
    amount: int | None = None,
    available: int = PLENTY,
    window: int = PLENTY,
) -> Sellable:
    return sellable(
        scene.books,
        Wanted(tier=Tier.BALANCED, kind=kind, strike=strike, expiry=expiry, amount=amount),
        spot=SPOT,
        height=scene.height,
        limits=SaleLimits(available=available, window=window),
    )


def test_without_any_other_limit_all_that_is_free_may_be_sold() -> None:
    found = offer(a_pool())

    assert (found.largest, found.binding) == (10 * BTC, "tier_free")


def test_an_empty_tier_sells_nothing() -> None:
    found = offer(Scene())

    assert found.largest == 0
    assert found.code(10_000) == "insufficient_capacity"


def test_reservations_are_off_what_is_free() -> None:
    scene = a_pool()
    scene.reserve(scene.a_put(strike=LOW, max_payout=BTC, amount=BTC))

    assert offer(scene).largest == 9 * BTC


def test_the_tiers_cap_counts_locked_and_reserved() -> None:
    scene = a_pool(utilisation_cap_bps=7_500)
    scene.sell(strike=LOW, amount=BTC, max_payout=BTC)
    scene.reserve(scene.a_put(strike=LOW, amount=BTC, max_payout=BTC))

    found = offer(scene)

    assert (found.largest, found.binding) == (550_000_000, "tier_utilisation")


def test_the_pools_cap_counts_all_tiers() -> None:
    scene = a_pool(PoolRules(reservation_share_bps=10_000))
    scene.deposit("STB", 2 * BTC, Tier.AGGRESSIVE)
    scene.sell(strike=LOW, amount=BTC, max_payout=BTC, tier=Tier.AGGRESSIVE)

    found = offer(scene)

    assert (found.largest, found.binding) == (920_000_000, "pool_utilisation")


def test_exit_mode_takes_a_providers_money_out_of_what_is_sold() -> None:
    scene = a_pool()
    scene.deposit("STB", BTC)
    scene.set_exit("STA")

    assert offer(scene).largest == BTC


def test_a_fall_of_thirty_percent_may_cost_only_its_share_of_capital() -> None:
    scene = a_pool(crash_limit_bps=4_000)

    assert offer(scene, strike=usd(45_500)).largest == 10 * BTC  # pays nothing at 45,500
    found = offer(scene, strike=usd(60_000))
    assert (found.largest, found.binding) == (4 * BTC, "crash_limit")


def test_a_policy_whose_whole_gain_stays_in_the_limit_may_have_any_collateral() -> None:
    scene = a_pool(crash_limit_bps=4_000)

    # At 45,500 it gains 14,500 / 45,500 of its amount, which is below the 4 BTC.
    assert offer(scene, strike=usd(60_000), amount=10 * BTC).largest == 10 * BTC
    assert offer(scene, strike=usd(60_000), amount=13 * BTC).largest == 4 * BTC


def test_live_and_prepared_policies_use_up_the_crash_limit() -> None:
    scene = a_pool(crash_limit_bps=4_000)
    live = scene.sell(strike=usd(60_000), amount=2 * BTC, max_payout=2 * BTC)
    prepared = scene.a_put(strike=usd(60_000), amount=3 * BTC, max_payout=3 * BTC)
    scene.reserve(prepared)
    used = live.payout_at(usd(45_500)) + prepared.payout_at(usd(45_500))

    assert offer(scene, strike=usd(60_000)).largest == 4 * BTC - used


def test_a_call_counts_on_a_rise_and_the_worse_side_decides() -> None:
    scene = a_pool(crash_limit_bps=1_000)
    call = scene.sell(kind=Kind.CALL, strike=usd(70_000), amount=10 * BTC, max_payout=9 * BTC)
    owed = call.payout_at(usd(84_500))
    assert owed > BTC

    assert crash_bps(scene.books, Tier.BALANCED, SPOT) == -(-owed * 10_000 // (10 * BTC))
    assert offer(scene, strike=LOW).largest == 0


def test_the_crash_figure_follows_spot() -> None:
    scene = a_pool()
    sale = scene.sell(strike=usd(60_000), amount=BTC, max_payout=BTC)

    assert crash_bps(scene.books, Tier.BALANCED, SPOT) > 0
    assert crash_bps(scene.books, Tier.BALANCED, usd(100_000)) == 0
    scene.settle(sale, usd(60_001))
    assert crash_bps(scene.books, Tier.BALANCED, SPOT) == 0


def test_what_the_chain_has_available_pays_for_quotes_and_vouchers_first() -> None:
    scene = a_pool()
    scene.request("STA", BTC)
    scene.reserve(scene.a_put(strike=LOW, amount=BTC, max_payout=BTC))

    found = offer(scene, available=5 * BTC)

    assert (found.largest, found.binding) == (3 * BTC, "available")


def test_the_sale_window_is_shared_with_reservations() -> None:
    scene = a_pool()
    scene.reserve(scene.a_put(strike=LOW, amount=BTC, max_payout=BTC))

    found = offer(scene, window=3 * BTC)

    assert (found.largest, found.binding) == (2 * BTC, "sale_window")


def test_reservations_hold_at_most_a_quarter() -> None:
    scene = a_pool(PoolRules())
    assert (offer(scene).largest, offer(scene).binding) == (250_000_000, "reservation_share")
    scene.reserve(scene.a_put(strike=LOW, amount=2 * BTC, max_payout=2 * BTC))

    found = offer(scene)

    assert (found.largest, found.largest_alone) == (50_000_000, 250_000_000)
    assert found.code(50_000_000) is None
    assert found.code(250_000_000) == "too_many_reservations"
    assert found.code(250_000_001) == "insufficient_capacity"
    assert found.wait_s == (2 + 6) * 600


@pytest.mark.parametrize(("stop", "error"), [("close", PoolClosedError), ("pause", SellingPausedError)])
def test_a_stopped_pool_says_why(stop: str, error: type) -> None:
    scene = a_pool()
    scene.close() if stop == "close" else scene.pause("sales", scene.height + 1)

    assert isinstance(offer(scene).refusal(10_000), error)


def test_a_refusal_names_the_largest_that_passes() -> None:
    scene = a_pool(PoolRules())

    refusal = offer(scene).refusal(250_000_001)

    assert isinstance(refusal, InsufficientCapacityError)
    assert (refusal.field, refusal.limit) == ("max_payout_sats", 250_000_000)
    assert offer(scene).refusal(250_000_000) is None
    scene.reserve(scene.a_put(strike=LOW, amount=2 * BTC, max_payout=2 * BTC))
    busy = offer(scene).refusal(BTC)
    assert isinstance(busy, TooManyReservationsError)
    assert busy.context["retry_after_s"] > 0


def test_only_what_max_backers_can_carry_is_sold() -> None:
    scene = Scene(msgspec.structs.replace(LOOSE, max_backers=2), tiers())
    for number, amount in enumerate((5_000_000, 4_000_000, 3_000_000, 1_000_000)):
        scene.deposit(f"ST{number}", amount)
    book = scene.books.tier(Tier.BALANCED)
    assert backable(book, 5_000) == 9_000_000

    # Reservations may fall on the largest: 0.5 takes it to 4.5, 2 take the three down to 3.5, 3.5 and 3.
    scene.reserve(scene.a_put(strike=LOW, amount=500_000, max_payout=500_000))
    assert backable(book, 5_000) == 8_500_000
    scene.reserve(scene.a_put(strike=LOW, amount=1_500_000, max_payout=1_500_000))
    assert backable(book, 5_000) == 7_000_000


def test_what_is_offered_can_always_be_allocated_within_the_caps() -> None:
    scene = Scene(LOOSE, tiers())
    for number in range(6):
        scene.deposit(f"ST{number}", 1_000_000)

    largest = offer(scene, expiry=5_000).largest
    assert largest == 3_000_000
    sale = scene.sell(strike=LOW, amount=largest, max_payout=largest, expiry=5_000)

    assert all(share == 500_000 for share in scene.backers(sale).values())
    assert offer(scene, expiry=5_000).largest == 0
    assert offer(scene, expiry=6_100).largest == 3_000_000


def test_the_free_share_is_whole_without_capital() -> None:
    assert free_share_bps(Scene().books, Tier.BALANCED) == 10_000
    scene = a_pool()
    scene.sell(strike=LOW, amount=4 * BTC, max_payout=4 * BTC)
    assert free_share_bps(scene.books, Tier.BALANCED) == 6_000
