from bithedge.domain.pool.allocation import allocate
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, TREASURY, Scene


def shares(scene: Scene, collateral: int, expiry: int = 5_000) -> dict[str, int]:
    book = scene.books.tier(Tier.BALANCED)
    return dict(allocate(book, collateral=collateral, expiry=expiry, treasury=TREASURY))


def a_pool(*deposits: int, **rules: int) -> Scene:
    scene = Scene(PoolRules(**rules))
    for number, amount in enumerate(deposits):
        scene.deposit(f"ST{number}", amount)
    return scene


def test_shares_are_pro_rata_to_free_balance() -> None:
    scene = a_pool(6_000_000, 3_000_000, 1_000_000)

    assert shares(scene, 1_000_000) == {"ST0": 600_000, "ST1": 300_000, "ST2": 100_000}


def test_the_least_utilised_come_first() -> None:
    scene = a_pool(BTC, BTC, max_backers=1)
    first = scene.sell(max_payout=10_000_000)

    second = scene.sell(max_payout=10_000_000)

    assert scene.backers(first) == {"ST0": 10_000_000}
    assert scene.backers(second) == {"ST1": 10_000_000}


def test_of_equally_utilised_the_larger_comes_first_and_then_the_address() -> None:
    scene = a_pool(BTC, 2 * BTC, 2 * BTC, max_backers=1)

    assert shares(scene, BTC) == {"ST1": BTC}


def test_dust_accounts_crowd_nobody_out() -> None:
    scene = a_pool(*([10_000] * 8), 5 * BTC, max_backers=4, probe_factor=4)
    scene.sell(max_payout=BTC)  # the large one is the most utilised now

    assert shares(scene, BTC) == {"ST8": BTC}


def test_where_probing_does_not_cover_it_the_largest_do() -> None:
    scene = a_pool(*([300_000] * 9), BTC, BTC, max_backers=4, probe_factor=1)
    first = scene.sell(max_payout=1_000_000)
    assert {"ST9", "ST10"} <= set(scene.backers(first))  # so they are probed last

    found = shares(scene, 1_200_000)

    assert set(found) == {"ST9", "ST10", "ST0", "ST1"}
    assert found["ST9"] > 590_000
    assert sum(found.values()) == 1_200_000


def test_at_most_max_backers_stand_behind_one_policy() -> None:
    scene = a_pool(*([BTC] * 100))

    found = shares(scene, BTC)

    assert len(found) == 64
    assert max(found.values()) - min(found.values()) <= 1


def test_the_rest_after_rounding_goes_to_the_largest_remainders() -> None:
    scene = a_pool(30_000, 20_000, 10_000, min_share_sats=1)

    assert shares(scene, 10_000) == {"ST0": 5_000, "ST1": 3_333, "ST2": 1_667}


def test_from_five_providers_on_half_a_balance_is_the_most_for_one_expiry_week() -> None:
    four = a_pool(*([1_000_000] * 4))
    assert shares(four, 3_000_000)["ST0"] == 750_000

    five = a_pool(*([1_000_000] * 5))
    five.sell(max_payout=2_000_000, amount=2_000_000, expiry=5_000)
    found = shares(five, 500_000, expiry=5_039)
    assert found == dict.fromkeys(("ST0", "ST1", "ST2", "ST3", "ST4"), 100_000)
    room = five.books.tier(Tier.BALANCED).room
    assert room(five.account("ST0"), 5_000) == 100_000
    assert room(five.account("ST0"), 5_040) == 500_000


def test_a_cap_that_binds_leaves_the_rest_to_the_others() -> None:
    scene = a_pool(*([1_000_000] * 4), 4_000_000, max_backers=5)
    scene.sell(max_payout=2_000_000, amount=2_000_000, expiry=5_000)  # 250,000 each, 1,000,000 of the large

    found = shares(scene, 1_800_000, expiry=5_000)

    assert sum(found.values()) == 1_800_000
    assert all(found[f"ST{number}"] <= 250_000 for number in range(4))
    assert found["ST4"] <= 1_000_000


def test_a_sale_that_passes_the_caps_is_a_fact_all_the_same() -> None:
    scene = a_pool(*([1_000_000] * 5))

    assert shares(scene, 4_000_000) == {f"ST{number}": 800_000 for number in range(5)}


def test_more_than_max_backers_stand_in_only_where_fewer_cannot() -> None:
    scene = a_pool(*([1_000_000] * 5), max_backers=2)

    assert len(shares(scene, 2_000_000)) == 2
    assert len(shares(scene, 2_500_000)) == 3


def test_exit_mode_backs_nothing_unless_nobody_else_can() -> None:
    scene = a_pool(1_000_000, 1_000_000)
    scene.set_exit("ST0")

    assert shares(scene, 900_000) == {"ST1": 900_000}
    assert shares(scene, 1_500_000) == {"ST1": 750_000, "ST0": 750_000}


def test_the_treasury_answers_for_what_nobody_has() -> None:
    scene = a_pool(1_000_000)

    assert shares(scene, 1_200_000) == {"ST0": 1_000_000, TREASURY: 200_000}
    assert shares(Scene(), 50_000) == {TREASURY: 50_000}


def test_the_treasurys_fees_back_nothing() -> None:
    scene = a_pool(BTC)
    scene.sell(max_payout=100_000, premium=2_000_000, fee=1_000_000, amount=2_000_000)

    assert scene.account(TREASURY).free == 1_000_000
    assert TREASURY not in shares(scene, BTC - 100_000)


def test_who_joins_later_has_no_part_of_what_was_sold_before() -> None:
    scene = a_pool(BTC)
    sale = scene.sell()
    scene.deposit("ST_LATE", BTC)

    scene.settle(sale, 50_000 * 10**8)

    assert scene.account("ST_LATE").free == BTC
    assert scene.account("ST_LATE").losses == 0
