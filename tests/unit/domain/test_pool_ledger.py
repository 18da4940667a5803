from bithedge.domain.events.pool import FundsWithdrawn
from bithedge.domain.pool.ledger import Posting, postings
from bithedge.domain.pool.notes import NO_TOTALS
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, SPOT, TREASURY, Scene, usd


def lines_of(events: tuple, name: str) -> list[tuple]:
    return [
        (line.address, line.bucket, line.change, line.cause)
        for event in events
        if type(event).__name__ == name
        for line in postings(event)
    ]


def test_a_deposit_is_free_balance_and_counted() -> None:
    scene = Scene()

    lines = lines_of(scene.deposit("STA", 50_000), "FundsDeposited")

    assert lines == [("STA", "free", 50_000, "deposit"), ("STA", "deposited", 50_000, "deposit")]


def test_a_sale_locks_each_share_books_the_premium_and_deposits_the_fee() -> None:
    scene = Scene()
    scene.deposit("STA", 3 * BTC)
    scene.deposit("STB", BTC)

    events = scene.buy(scene.a_put(max_payout=10_000_000, premium=21_000, fee=1_000))

    assert lines_of(events, "CollateralAllocated") == [
        ("STA", "free", -7_500_000, "sale"),
        ("STA", "locked", 7_500_000, "sale"),
        ("STA", "unearned", 15_000, "premium"),
        ("STA", "fees", 750, "fee"),
        ("STB", "free", -2_500_000, "sale"),
        ("STB", "locked", 2_500_000, "sale"),
        ("STB", "unearned", 5_000, "premium"),
        ("STB", "fees", 250, "fee"),
        (TREASURY, "free", 1_000, "fee"),
        (TREASURY, "deposited", 1_000, "fee"),
    ]


def test_a_settlement_takes_the_loss_and_frees_the_rest() -> None:
    scene = Scene()
    scene.deposit("STA", BTC)
    sale = scene.sell(strike=usd(60_000), amount=10_000_000, max_payout=10_000_000)

    events = scene.settle(sale, usd(50_000))

    assert lines_of(events, "CollateralReleased") == [
        ("STA", "locked", -2_000_000, "payout"),
        ("STA", "losses", 2_000_000, "payout"),
        ("STA", "locked", -8_000_000, "release"),
        ("STA", "free", 8_000_000, "release"),
    ]
    assert lines_of(events, "PremiumEarned") == [
        ("STA", "unearned", -20_000, "earned"),
        ("STA", "free", 20_000, "earned"),
    ]


def test_a_withdrawals_money_is_pending_from_the_request_on() -> None:
    scene = Scene()
    scene.deposit("STA", BTC)

    name = scene.request("STA", 40_000)

    assert (scene.account("STA").free, scene.account("STA").pending) == (BTC - 40_000, 40_000)
    lines = lines_of(scene.take(name, "STA", 40_000), "FundsWithdrawn")
    assert lines == [("STA", "pending", -40_000, "withdrawal"), ("STA", "withdrawn", 40_000, "withdrawal")]


def test_a_lapsed_voucher_gives_its_money_back() -> None:
    scene = Scene()
    scene.deposit("STA", BTC)
    scene.request("STA", 40_000)
    scene.mine(6)

    lines = lines_of(scene.lapse(), "WithdrawalLapsed")

    assert lines == [("STA", "pending", -40_000, "lapse"), ("STA", "free", 40_000, "lapse")]
    assert scene.account("STA").free == BTC


def test_an_escape_without_a_tier_still_has_its_lines() -> None:
    event = FundsWithdrawn(withdrawal_id=None, address="STA", tier=None, amount=5, totals=NO_TOTALS)

    assert [line.change for line in postings(event)] == [-5, 5]
    assert {line.tier for line in postings(event)} == {Tier.CONSERVATIVE}


def test_only_buckets_are_money() -> None:
    line = Posting(address="STA", tier=Tier.BALANCED, bucket="fees", change=1, cause="fee")

    assert not line.is_money
    assert Posting(address="STA", tier=Tier.BALANCED, bucket="free", change=1, cause="fee").is_money


def test_lines_name_the_policy_they_come_from() -> None:
    scene = Scene()
    scene.deposit("STA", BTC)
    sale = scene.a_put()

    (event,) = scene.buy(sale)

    assert {(line.quote_id, line.policy_id) for line in postings(event)} == {(sale.quote_id, 1)}
    assert sale.payout_at(SPOT) == 0
