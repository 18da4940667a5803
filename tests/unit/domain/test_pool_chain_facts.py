from bithedge.domain.events.pool import (
    CapacityReleased,
    CollateralAllocated,
    CollateralReleased,
    FundsWithdrawn,
    LiabilitiesPublished,
    PremiumEarned,
    WithdrawalLapsed,
    WithdrawalRequested,
)
from bithedge.domain.facts import LiabilitiesFact, ReleaseFact, SettlementFact, WithdrawalFact
from bithedge.domain.pool.chain_facts import (
    NO_COMMAND,
    lapses,
    on_pool_fact,
    on_release,
    on_settlement,
    on_withdrawal,
)
from bithedge.domain.pool.invariants import breaks
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, SPOT, Scene, usd


def a_pool() -> Scene:
    scene = Scene()
    scene.deposit("STA", 3 * BTC)
    scene.deposit("STB", BTC)
    return scene


def names(events: tuple) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_reserved_purchase_ends_its_reservation_as_a_sale() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)

    released, sale = scene.buy(terms)

    assert isinstance(released, CapacityReleased)
    assert not released.lapsed
    assert isinstance(sale, CollateralAllocated)
    assert sale.start == scene.height
    assert sum(backer.share for backer in sale.backers) == terms.max_payout
    assert sum(backer.premium for backer in sale.backers) == terms.premium - terms.fee


def test_a_purchase_nobody_reserved_is_a_fact_all_the_same() -> None:
    scene = a_pool()

    assert names(scene.buy(scene.a_put())) == ["CollateralAllocated"]


def test_a_settlement_splits_the_loss_by_the_shares() -> None:
    scene = a_pool()
    sale = scene.sell(amount=10_000_001, max_payout=10_000_001)

    released, earned = scene.settle(sale, usd(50_000))

    assert isinstance(released, CollateralReleased)
    assert [part.loss for part in released.backers] == [1_500_000, 500_000]
    assert sum(part.share for part in released.backers) == 10_000_001
    assert isinstance(earned, PremiumEarned)
    assert sum(part.premium for part in earned.earnings) == sale.premium - sale.fee


def test_a_release_ends_each_of_its_policies_that_the_books_hold() -> None:
    scene = a_pool()
    one, two = scene.sell(), scene.sell()

    events = scene.release(one, two)

    assert names(events) == ["CollateralReleased", "PremiumEarned"] * 2
    assert scene.account("STA").locked == 0
    assert breaks(scene.books) == []


def test_facts_of_policies_the_books_do_not_hold_cause_nothing() -> None:
    scene = a_pool()
    release = ReleaseFact(policy_ids=(99,), amount=1, totals=scene.totals)
    settlement = SettlementFact(
        policy_id=99,
        quote_id="q_unknown",
        rule="touch",
        price=SPOT,
        price_height=1,
        payout=1,
        totals=scene.totals,
    )

    assert on_release(scene.books, release) == ()
    assert on_settlement(scene.books, settlement) == ()


def test_a_withdrawal_by_a_voucher_of_ours_ends_it() -> None:
    scene = a_pool()
    name = scene.request("STA", 5_000)

    (event,) = scene.take(name, "STA", 5_000)

    assert isinstance(event, FundsWithdrawn)
    assert event.withdrawal_id == name
    assert len(scene.books.vouchers) == 0
    assert scene.account("STA").withdrawn == 5_000


def test_a_withdrawal_by_an_unknown_voucher_is_booked_as_asked_for_just_now() -> None:
    scene = a_pool()

    asked, withdrawn = scene.take("w_" + "07" * 16, "STA", 5_000)

    assert isinstance(asked, WithdrawalRequested)
    assert asked.command_id == NO_COMMAND
    assert isinstance(withdrawn, FundsWithdrawn)
    assert withdrawn.withdrawal_id == asked.withdrawal_id == "w_" + "07" * 16
    assert (scene.account("STA").free, scene.account("STA").pending) == (3 * BTC - 5_000, 0)
    assert breaks(scene.books) == []


def test_an_unknown_voucher_leaves_a_live_one_alone() -> None:
    scene = a_pool()
    name = scene.request("STA", 5_000)

    scene.take("w_" + "07" * 16, "STA", 5_000)

    assert scene.books.vouchers.of("STA", Tier.BALANCED).withdrawal_id == name
    assert scene.account("STA").pending == 5_000


def test_an_escape_takes_free_balance_tier_by_tier() -> None:
    scene = a_pool()
    scene.deposit("STA", BTC, Tier.AGGRESSIVE)
    scene.close()

    events = scene.escape("STA", 3 * BTC + 1)

    assert [(event.tier, event.amount) for event in events] == [
        (Tier.BALANCED, 3 * BTC),
        (Tier.AGGRESSIVE, 1),
    ]
    assert {event.withdrawal_id for event in events} == {None}
    assert breaks(scene.books) == []


def test_an_escape_may_run_ahead_of_money_that_is_still_locked() -> None:
    scene = a_pool()
    scene.deposit("STA", BTC, Tier.AGGRESSIVE)
    sale = scene.sell(amount=BTC, max_payout=BTC)
    scene.close()
    free = scene.account("STA").free

    scene.escape("STA", free + BTC + 5_000)

    assert scene.account("STA").free == -5_000
    assert scene.account("STA", Tier.AGGRESSIVE).free == 0
    scene.release(sale)
    assert scene.account("STA").free == 75_000_000 + 15_000 - 5_000
    assert breaks(scene.books) == []


def test_an_escape_of_a_stranger_is_a_fact_too() -> None:
    scene = a_pool()
    fact = WithdrawalFact(address="STX", tier=None, amount=7, serial=None, totals=scene.totals)

    (event,) = on_withdrawal(scene.books, fact)

    assert (event.tier, event.amount) == (Tier.CONSERVATIVE, 7)


def test_nothing_lapses_before_its_last_height_is_final() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)
    scene.request("STA", 5_000)

    assert lapses(scene.books, terms.valid_until - 1) == ()
    (reservation,) = lapses(scene.books, terms.valid_until)
    assert isinstance(reservation, CapacityReleased)
    assert reservation.lapsed
    both = lapses(scene.books, scene.height + 6)
    assert isinstance(both[1], WithdrawalLapsed)


def test_what_was_used_does_not_lapse() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)
    name = scene.request("STA", 5_000)
    scene.buy(terms)
    scene.take(name, "STA", 5_000)

    assert lapses(scene.books, scene.height + 1_000) == ()


def test_the_buffer_and_the_closing_are_the_chains_word() -> None:
    scene = a_pool()
    scene.set_buffer(BTC)
    assert scene.books.buffer == BTC
    assert breaks(scene.books) == []

    scene.close()

    assert scene.books.closed
    assert scene.books.buffer == 0
    assert breaks(scene.books) == []


def test_a_root_of_liabilities_is_kept_with_the_height_it_was_published_at() -> None:
    scene = a_pool()
    fact = LiabilitiesFact(root="0xab", as_of=990, equity=1, deposited=1, withdrawn=0)

    (event,) = scene.record(on_pool_fact(fact), on_chain=True)

    assert isinstance(event, LiabilitiesPublished)
    root = scene.books.liabilities
    assert (root.root, root.as_of, root.published) == ("0xab", 990, scene.height)
