import msgspec
import pytest

from bithedge.domain.errors import (
    AmountOutOfRangeError,
    DomainError,
    HealthCheckFailedError,
    InsufficientCapacityError,
    InsufficientFreeBalanceError,
    NotOwnerError,
    PoolClosedError,
    QuoteExpiredError,
    QuoteUsedError,
    SellingPausedError,
    TierCapacityExceededError,
    TooManyReservationsError,
    UnknownProviderError,
    WithdrawalsPausedError,
)
from bithedge.domain.events.pool import CapacityReserved, PremiumEarned, WithdrawalRequested
from bithedge.domain.pool.commands import CheckDeposit
from bithedge.domain.pool.decisions import decide_deposit_check, decide_reservation, decide_withdrawal
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from tests.unit.domain.pool_scene import BTC, TREASURY, Scene

DAY_MS = 86_400_000


def a_pool() -> Scene:
    scene = Scene()
    scene.deposit("STA", 10 * BTC)
    return scene


def refused(kind: type[DomainError], scene: Scene, terms: object, **changes: object) -> DomainError:
    with pytest.raises(kind) as refusal:
        decide_reservation(scene.books, scene.reserve_command(terms, **changes))
    return refusal.value


def test_a_reservation_holds_the_collateral_of_its_terms() -> None:
    scene = a_pool()
    terms = scene.a_put()

    (event,) = scene.reserve(terms)

    assert isinstance(event, CapacityReserved)
    assert (event.quote_id, event.max_payout, event.valid_until) == (
        terms.quote_id,
        terms.max_payout,
        terms.valid_until,
    )


def test_the_same_quote_again_is_the_same_reservation() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)

    assert scene.reserve(terms) == ()
    assert len(scene.books.reservations) == 1


def test_a_quote_that_another_holds_is_refused() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)

    refused(NotOwnerError, scene, terms, owner="ST_OTHER")


def test_a_bought_quote_is_used_even_after_its_policy_ended() -> None:
    scene = a_pool()
    sale = scene.sell()
    refused(QuoteUsedError, scene, sale)
    scene.release(sale)

    refused(QuoteUsedError, scene, sale)


def test_a_quote_may_be_reserved_at_its_last_height_and_not_after() -> None:
    scene = a_pool()
    terms = scene.a_put()

    assert decide_reservation(scene.books, scene.reserve_command(terms, height=terms.valid_until))
    refusal = refused(QuoteExpiredError, scene, terms, height=terms.valid_until + 1)
    assert refusal.limit == terms.valid_until


def test_a_closed_pool_reserves_nothing() -> None:
    scene = a_pool()
    scene.close()

    refused(PoolClosedError, scene, scene.a_put())


def test_a_pause_is_told_only_after_what_would_be_refused_anyway() -> None:
    scene = a_pool()
    scene.pause("sales", scene.height + 5)

    refused(SellingPausedError, scene, scene.a_put())
    scene.pause("sales", None)
    assert scene.reserve(scene.a_put())


def test_too_much_is_refused_with_the_largest_that_passes() -> None:
    scene = a_pool()

    refusal = refused(InsufficientCapacityError, scene, scene.a_put(amount=5 * BTC, max_payout=250_000_001))

    assert (refusal.field, refusal.limit, refusal.actual) == ("max_payout_sats", 250_000_000, 250_000_001)
    assert refusal.context["reason"] == "reservation_share"


def test_an_owner_has_at_most_three_live_reservations() -> None:
    scene = a_pool()
    for _ in range(3):
        scene.reserve(scene.a_put())

    refusal = refused(TooManyReservationsError, scene, scene.a_put())

    assert refusal.context["retry_after_s"] == (2 + 6) * 600
    assert scene.reserve(scene.a_put(owner="ST_OTHER"))


def test_capacity_that_other_reservations_hold_is_worth_waiting_for() -> None:
    scene = a_pool()
    scene.reserve(scene.a_put(amount=2 * BTC, max_payout=2 * BTC))

    refusal = refused(TooManyReservationsError, scene, scene.a_put(owner="ST_B", amount=BTC, max_payout=BTC))

    assert refusal.context["retry_after_s"] == (2 + 6) * 600


def lapse_once(scene: Scene) -> int:
    """Seconds the owner has to wait after one more reservation lapsed."""
    scene.reserve(scene.a_put())
    scene.mine(2)
    scene.lapse()
    return scene.books.reservations.pause_s("ST_HOLDER", scene.now_ms)


def test_each_lapse_doubles_the_pause_up_to_a_day() -> None:
    scene = a_pool()
    pauses = []
    for _ in range(10):
        pauses.append(lapse_once(scene))
        scene.now_ms += 1_000 * pauses[-1]

    assert pauses == [600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 76_800, 86_400, 86_400]


def test_a_paused_owner_is_told_how_long() -> None:
    scene = a_pool()
    lapse_once(scene)
    scene.now_ms += 1

    assert refused(TooManyReservationsError, scene, scene.a_put()).context["retry_after_s"] == 600
    scene.now_ms += 599_998
    assert refused(TooManyReservationsError, scene, scene.a_put()).context["retry_after_s"] == 1
    scene.now_ms += 1
    assert scene.reserve(scene.a_put())


def test_seven_quiet_days_forget_the_lapses() -> None:
    scene = a_pool()
    lapse_once(scene)
    scene.now_ms += 7 * DAY_MS - 1 - 2 * 600_000
    assert lapse_once(scene) == 1_200
    scene.now_ms += 7 * DAY_MS
    assert lapse_once(scene) == 600


def test_a_sale_is_no_lapse() -> None:
    scene = a_pool()
    terms = scene.a_put()
    scene.reserve(terms)
    scene.buy(terms)

    assert scene.books.reservations.pause_s("ST_HOLDER", scene.now_ms) == 0


def deposit_of(amount: int) -> CheckDeposit:
    return CheckDeposit(address="STB", tier=Tier.BALANCED, amount=amount, height=1_000)


def test_a_deposit_below_the_least_is_refused() -> None:
    decide_deposit_check(a_pool().books, deposit_of(10_000))

    with pytest.raises(AmountOutOfRangeError) as refusal:
        decide_deposit_check(a_pool().books, deposit_of(9_999))
    assert refusal.value.limit == 10_000


def test_a_tier_takes_in_no_more_than_its_limit() -> None:
    limited = msgspec.structs.replace(DEFAULT_TIERS[Tier.BALANCED], capacity_limit_sats=11 * BTC)
    scene = Scene(tiers={**DEFAULT_TIERS, Tier.BALANCED: limited})
    scene.deposit("STA", 10 * BTC)

    decide_deposit_check(scene.books, deposit_of(BTC))
    with pytest.raises(TierCapacityExceededError) as refusal:
        decide_deposit_check(scene.books, deposit_of(BTC + 1))
    assert refusal.value.limit == BTC


def test_deposits_stop_with_sales_and_with_the_pool() -> None:
    scene = a_pool()
    scene.pause("sales", 2_000)
    with pytest.raises(SellingPausedError):
        decide_deposit_check(scene.books, deposit_of(BTC))
    scene.close()
    with pytest.raises(PoolClosedError):
        decide_deposit_check(scene.books, deposit_of(BTC))


def test_a_withdrawal_hands_out_what_its_provider_has_earned() -> None:
    scene = a_pool()
    scene.sell(premium=41_000, fee=1_000, expiry=scene.height + 1_000)
    scene.sell(premium=21_000, fee=1_000, expiry=scene.height + 1_000)
    scene.mine(100)

    earned, also, requested = decide_withdrawal(scene.books, scene.withdrawal_command("STA", 5_000))

    assert isinstance(earned, PremiumEarned)
    assert isinstance(also, PremiumEarned)
    assert [part.premium for event in (earned, also) for part in event.earnings] == [4_000, 2_000]
    assert isinstance(requested, WithdrawalRequested)
    assert requested.amount == 5_000


def test_a_withdrawal_takes_at_most_free_and_earned() -> None:
    scene = a_pool()
    scene.sell(amount=BTC, max_payout=BTC, premium=41_000, fee=1_000, expiry=scene.height + 1_000)
    scene.mine(100)
    most = 9 * BTC + 4_000

    with pytest.raises(InsufficientFreeBalanceError) as refusal:
        decide_withdrawal(scene.books, scene.withdrawal_command("STA", most + 1))

    assert refusal.value.limit == most


def test_a_failed_health_check_carries_the_whole_check() -> None:
    scene = a_pool()
    scene.sell(amount=BTC, max_payout=BTC)

    with pytest.raises(HealthCheckFailedError) as refusal:
        decide_withdrawal(scene.books, scene.withdrawal_command("STA", 9 * BTC))

    health = refusal.value.context["health"]
    assert not health.ok
    assert refusal.value.limit == health.largest_sats
    passes = scene.withdrawal_command("STA", health.largest_sats)
    assert decide_withdrawal(scene.books, passes)
    with pytest.raises(HealthCheckFailedError):
        decide_withdrawal(scene.books, scene.withdrawal_command("STA", health.largest_sats + 1))


def test_the_same_amount_again_is_the_same_withdrawal_and_another_has_to_wait() -> None:
    scene = a_pool()
    name = scene.request("STA", 5_000)

    assert decide_withdrawal(scene.books, scene.withdrawal_command("STA", 5_000)) == ()
    assert scene.books.vouchers.of("STA", Tier.BALANCED).withdrawal_id == name
    with pytest.raises(TooManyReservationsError) as refusal:
        decide_withdrawal(scene.books, scene.withdrawal_command("STA", 5_001))
    assert refusal.value.context["retry_after_s"] == (6 + 6) * 600


def test_each_tier_has_a_voucher_of_its_own() -> None:
    scene = a_pool()
    scene.deposit("STA", BTC, Tier.AGGRESSIVE)
    scene.request("STA", 5_000)

    scene.request("STA", 7_000, Tier.AGGRESSIVE)

    assert scene.books.vouchers.held_for("STA") == 12_000


def test_a_stranger_a_closed_pool_and_a_pause_are_told_apart() -> None:
    scene = a_pool()
    with pytest.raises(UnknownProviderError):
        decide_withdrawal(scene.books, scene.withdrawal_command("STX", 5_000))
    scene.pause("withdrawals", 2_000)
    with pytest.raises(WithdrawalsPausedError):
        decide_withdrawal(scene.books, scene.withdrawal_command("STA", 5_000))
    scene.close()
    with pytest.raises(PoolClosedError):
        decide_withdrawal(scene.books, scene.withdrawal_command("STA", 5_000))


def test_exit_mode_changes_once() -> None:
    scene = a_pool()

    assert len(scene.set_exit("STA")) == 1
    assert scene.set_exit("STA") == ()
    assert len(scene.set_exit("STA", enabled=False)) == 1
    assert scene.set_exit("STA", enabled=False) == ()


def test_the_treasury_is_in_exit_mode_for_good_and_a_stranger_has_none() -> None:
    scene = a_pool()
    scene.sell()

    assert scene.set_exit(TREASURY, enabled=False) == ()
    with pytest.raises(UnknownProviderError):
        scene.set_exit("STX")
