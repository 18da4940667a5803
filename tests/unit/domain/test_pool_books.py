import msgspec

from bithedge.domain.events.chain import PriceObserved
from bithedge.domain.events.pool import WithdrawalPending, WithdrawalRequested
from bithedge.domain.ids import withdrawal_id
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.chain_facts import abandonments, compensations
from bithedge.domain.pool.invariants import breaks
from bithedge.domain.pool.tier_book import TierBook
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, SPOT, TREASURY, Scene, usd


def a_pool() -> Scene:
    scene = Scene()
    scene.deposit("STA", 3 * BTC)
    scene.deposit("STB", BTC)
    return scene


def tier(scene: Scene) -> TierBook:
    return scene.books.tier(Tier.BALANCED)


def test_a_reservation_is_the_tiers_and_no_providers() -> None:
    scene = a_pool()

    scene.reserve(scene.a_put(max_payout=10_000_000))

    assert scene.account("STA").free == 3 * BTC
    assert tier(scene).reserved == 10_000_000
    assert tier(scene).capital == 4 * BTC
    assert tier(scene).utilisation_bps == 250


def test_a_sale_ends_its_reservation() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)

    scene.buy(terms)

    assert (tier(scene).reserved, tier(scene).locked) == (0, terms.max_payout)
    assert len(scene.books.reservations) == 0
    assert scene.books.was_sold(terms.quote_id)


def test_a_tier_without_capital_is_not_utilised() -> None:
    assert Books().tier(Tier.BALANCED).utilisation_bps == 0
    assert Books().utilisation_bps == 0


def test_the_treasurys_money_is_no_capital() -> None:
    scene = a_pool()
    before = tier(scene).capital

    sale = scene.sell(max_payout=BTC // 10, premium=1_000_000, fee=50_000)
    scene.settle(sale, SPOT)

    assert scene.account(TREASURY).free == 50_000
    assert tier(scene).capital == before + 950_000
    assert tier(scene).providers == 2


def test_a_provider_that_becomes_the_treasury_leaves_the_capital() -> None:
    scene = a_pool()
    scene.deposit(TREASURY, BTC)
    assert tier(scene).capital == 5 * BTC

    scene.sell(max_payout=BTC // 10)

    assert tier(scene).capital == 4 * BTC
    assert scene.books.providers == 2
    assert breaks(scene.books) == []


def test_premium_is_earned_by_height_and_the_rest_at_the_end() -> None:
    scene = a_pool()
    sale = scene.sell(premium=41_000, fee=1_000, expiry=scene.height + 1_000)
    scene.mine(250)
    assert tier(scene).earned_of("STA", scene.height) == 7_500
    assert tier(scene).earned_of("STB", scene.height) == 2_500
    assert tier(scene).earned_by_all(scene.height) == 10_000

    scene.request("STA", 1_000)
    assert tier(scene).earned_of("STA", scene.height) == 0
    assert scene.account("STA").unearned == 22_500
    assert tier(scene).earned_by_all(scene.height) == 2_500

    scene.settle(sale, SPOT)
    assert scene.account("STA").unearned == 0
    assert scene.account("STA").free == 3 * BTC + 30_000 - 1_000
    assert scene.account("STB").free == BTC + 10_000
    assert scene.books.counts.earned == 40_000


def test_premium_is_never_earned_twice_nor_beyond_expiry() -> None:
    scene = a_pool()
    scene.sell(premium=41_000, fee=1_000, expiry=scene.height + 100)
    scene.mine(5_000)

    assert tier(scene).earned_of("STA", scene.height) == 30_000
    scene.request("STA", 1_000)
    assert tier(scene).earned_of("STA", scene.height) == 0


def test_leaving_exit_mode_early_brings_policies_back_only_after_144_blocks() -> None:
    scene = a_pool()
    scene.set_exit("STA")
    entered = scene.height
    assert tier(scene).backable == BTC
    scene.mine(100)

    scene.set_exit("STA", enabled=False)

    assert tier(scene).exit_began("STA") is None
    assert tier(scene).rests_until("STA") == entered + 144
    assert tier(scene).backable == BTC
    scene.mine(43)
    assert tier(scene).backable == BTC
    scene.mine(1)
    assert tier(scene).backable == 4 * BTC


def test_who_was_outside_for_144_blocks_backs_again_at_once() -> None:
    scene = a_pool()
    scene.set_exit("STA")
    scene.mine(144)

    scene.set_exit("STA", enabled=False)

    assert tier(scene).backs("STA")
    assert tier(scene).backable == 4 * BTC


def test_entering_exit_mode_again_starts_its_time_anew() -> None:
    scene = a_pool()
    scene.set_exit("STA")
    scene.mine(10)
    scene.set_exit("STA", enabled=False)
    scene.mine(10)
    scene.set_exit("STA")
    scene.mine(200)

    assert not tier(scene).backs("STA")
    assert tier(scene).exit_began("STA") == scene.height - 200


def test_an_exit_recorded_twice_began_once() -> None:
    scene = a_pool()
    (event,) = scene.set_exit("STA")

    scene.record([msgspec.structs.replace(event, height=event.height + 50)])

    assert tier(scene).exit_began("STA") == event.height


def test_a_fact_that_was_undone_changes_nothing() -> None:
    scene = a_pool()
    scene.deposit("STC", BTC)

    scene.undo_from(3)

    assert scene.books.accounts_of("STC") == ()
    assert tier(scene).capital == 4 * BTC


def test_a_sale_that_was_undone_has_its_reservation_back() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)
    scene.buy(terms)

    scene.undo_from(3)

    assert scene.books.reservations.get(terms.quote_id) is not None
    assert tier(scene).locked == 0
    assert not scene.books.was_sold(terms.quote_id)


def test_premium_handed_out_for_a_sale_that_was_undone_is_taken_back() -> None:
    scene = a_pool()
    sale = scene.sell(premium=41_000, fee=1_000, expiry=scene.height + 100)
    scene.mine(50)
    scene.request("STA", 1_000)
    assert scene.account("STA").free == 3 * BTC - 7_500_000 + 15_000 - 1_000

    scene.undo_from(3)

    assert scene.account("STA").free == 3 * BTC - 1_000
    assert scene.account("STA").unearned == 0
    assert compensations(scene.books) == ()
    assert breaks(scene.books) == []
    scene.buy(sale)
    scene.settle(sale, SPOT)
    assert scene.account("STA").free == 3 * BTC - 1_000 + 30_000
    assert breaks(scene.books) == []


def test_events_of_other_streams_are_none_of_its_business() -> None:
    scene = a_pool()
    record = msgspec.structs.replace(scene.records[0], event=PriceObserved(price=SPOT, height=1))

    assert scene.books.apply(record) == ()


def test_a_withdrawal_in_the_mempool_moves_no_money() -> None:
    scene = a_pool()
    name = scene.request("STA", 1_000)

    scene.record([WithdrawalPending(withdrawal_id=name, address="STA", txid="0x00")])

    assert scene.account("STA").pending == 1_000


def test_a_request_that_was_never_signed_can_be_given_up() -> None:
    scene = a_pool()
    name = withdrawal_id(bytes(16))
    scene.record(
        [
            WithdrawalRequested(
                withdrawal_id=name, address="STA", tier=Tier.BALANCED, amount=500, command_id="0x02"
            )
        ]
    )
    scene.mine(100)
    assert scene.lapse() == ()

    scene.record(abandonments(scene.books))

    assert scene.account("STA").free == 3 * BTC
    assert len(scene.books.vouchers) == 0


def test_counts_follow_the_life_of_policies() -> None:
    scene = a_pool()
    paid, unpaid, live = scene.sell(), scene.sell(), scene.sell(premium=5_250, fee=250)
    payout = paid.payout_at(usd(50_000))
    scene.settle(paid, usd(50_000))
    scene.release(unpaid)

    counts = scene.books.counts
    assert (counts.sold, counts.settled, counts.expired) == (3, 1, 1)
    assert counts.premiums == 21_000 + 21_000 + 5_250
    assert counts.payouts == payout
    assert scene.books.quote_of(scene.policy_ids[live.quote_id]) == live.quote_id
    assert scene.books.quote_of(scene.policy_ids[paid.quote_id]) is None


def test_activity_remembers_the_first_deposit_and_the_last_movement() -> None:
    scene = a_pool()
    first = scene.now_ms
    scene.mine(3)
    scene.sell()

    activity = scene.books.activity["STA"]
    assert (activity.first_deposit_ms, activity.last_ms) == (first, scene.now_ms)


def test_a_pause_on_chain_holds_until_its_height() -> None:
    scene = a_pool()
    scene.pause("sales", scene.height + 10)

    assert scene.books.is_paused("sales", scene.height + 9)
    assert not scene.books.is_paused("sales", scene.height + 10)
    scene.pause("sales", None)
    assert not scene.books.is_paused("sales", scene.height)
