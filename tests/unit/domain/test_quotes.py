from typing import Any

import pytest
from pool_scene import BTC, PLENTY, SPOT, Scene, usd

from bithedge.domain.errors import (
    AmountOutOfRangeError,
    InsufficientCapacityError,
    SellingPausedError,
    StrikeOutOfRangeError,
    TenorOutOfRangeError,
    UneconomicError,
    ValidationFailedError,
)
from bithedge.domain.payout import Kind
from bithedge.domain.pool.commands import SaleLimits
from bithedge.domain.premium import PremiumRule
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import (
    Availability,
    Conditions,
    Pricing,
    Quote,
    QuoteRequest,
    availability,
    price_quote,
)
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.domain.volatility import Variances, VolatilityRule

NOW_S = 1_800_000_000
PRICING = Pricing(
    volatility=VolatilityRule(),
    premium=PremiumRule(),
    tiers=DEFAULT_TIERS,
    amounts=AmountLimits(),
    valid_blocks=2,
    valid_s=600,
)


def a_scene() -> Scene:
    """Every tier holds 10 BTC."""
    scene = Scene()
    for tier in Tier:
        scene.deposit(f"P_{tier}", 10 * BTC, tier)
    return scene


def a_request(**changed: Any) -> QuoteRequest:
    given: dict[str, Any] = {
        "kind": Kind.PUT,
        "amount": BTC // 10,
        "strike": usd(58_500),
        "max_payout": BTC // 10,
        "floor": None,
        "tenor": 4_320,
        "expiry": None,
        "tier": None,
        "owner": None,
    }
    return QuoteRequest(**(given | changed))


def conditions(
    scene: Scene, *, spot: int = SPOT, available: int = PLENTY, window: int = PLENTY
) -> Conditions:
    return Conditions(
        spot=spot,
        variances=Variances(fast=0.36, slow=0.36),
        height=scene.height,
        now_ms=NOW_S * 1_000 + 999,
        limits=SaleLimits(available=available, window=window),
    )


def quoted(scene: Scene, *, spot: int = SPOT, window: int = PLENTY, **changed: Any) -> Quote:
    return price_quote(
        scene.books,
        a_request(**changed),
        "q_1",
        pricing=PRICING,
        conditions=conditions(scene, spot=spot, window=window),
    )


def available(scene: Scene, tier: Tier = Tier.BALANCED, **changed: Any) -> Availability:
    return availability(
        scene.books, a_request(**changed), tier, pricing=PRICING, conditions=conditions(scene)
    )


def test_the_four_lines_of_a_quote_add_up_to_its_total() -> None:
    lines = quoted(a_scene()).lines

    assert lines.fair_value + lines.margin + lines.utilisation + lines.fee == lines.total


def test_without_a_tier_the_cheapest_that_can_take_it_is_named_and_the_others_beside_it() -> None:
    quote = quoted(a_scene())

    assert quote.tier is Tier.CONSERVATIVE
    assert [other.tier for other in quote.alternatives] == [Tier.BALANCED, Tier.AGGRESSIVE]
    assert all(other.total >= quote.lines.total for other in quote.alternatives)


def test_a_tier_asked_for_is_the_one_that_is_given_though_another_is_cheaper() -> None:
    quote = quoted(a_scene(), tier=Tier.AGGRESSIVE)

    assert quote.tier is Tier.AGGRESSIVE
    assert [other.tier for other in quote.alternatives] == [Tier.CONSERVATIVE, Tier.BALANCED]


def test_a_quote_ends_with_its_height_and_with_its_time() -> None:
    scene = a_scene()
    quote = quoted(scene)

    assert (quote.valid_until, quote.valid_until_s) == (scene.height + 2, NOW_S + 600)
    assert quote.expiry == scene.height + 4_320


def test_an_expiry_height_stands_for_its_tenor() -> None:
    scene = a_scene()

    by_tenor = quoted(scene, tenor=1_000)
    by_height = quoted(scene, tenor=None, expiry=scene.height + 1_000)

    assert by_tenor == by_height


def test_a_floor_asked_for_gives_the_collateral_that_reaches_it() -> None:
    scene = a_scene()

    quote = quoted(scene, max_payout=None, floor=usd(39_000))

    assert quote.max_payout == BTC // 20
    assert quote.floor == usd(39_000)
    assert quote.ceiling is None


def test_an_uncapped_call_has_neither_floor_nor_ceiling() -> None:
    call = quoted(a_scene(), kind=Kind.CALL, strike=usd(75_000))
    capped = quoted(a_scene(), kind=Kind.CALL, strike=usd(75_000), max_payout=BTC // 40)

    assert (call.floor, call.ceiling) == (None, None)
    assert capped.ceiling == usd(100_000)


@pytest.mark.parametrize(
    "missing", [{"max_payout": None, "floor": None}, {"tenor": None, "expiry": None}], ids=["payout", "tenor"]
)
def test_one_of_each_pair_has_to_be_given(missing: dict[str, None]) -> None:
    with pytest.raises(ValidationFailedError):
        quoted(a_scene(), **missing)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"amount": 99_999, "max_payout": 99_999}, AmountOutOfRangeError),
        ({"max_payout": BTC // 10 + 1}, AmountOutOfRangeError),
        ({"strike": usd(20_000)}, StrikeOutOfRangeError),
        ({"tenor": 143}, TenorOutOfRangeError),
        ({"tenor": 25_921}, TenorOutOfRangeError),
        ({"max_payout": 5 * BTC, "amount": 5 * BTC, "strike": usd(90_000)}, StrikeOutOfRangeError),
    ],
)
def test_a_figure_outside_its_limits_is_refused_as_such(
    changed: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        quoted(a_scene(), **changed)


def test_spot_beyond_the_floor_is_refused() -> None:
    with pytest.raises(StrikeOutOfRangeError):
        quoted(a_scene(), spot=usd(57_000), strike=usd(60_000), max_payout=BTC // 200)


def test_a_policy_that_costs_what_it_can_pay_is_uneconomic() -> None:
    with pytest.raises(UneconomicError):
        quoted(
            a_scene(),
            spot=usd(60_500),
            strike=usd(63_000),
            max_payout=BTC // 200,
            tenor=25_920,
            tier=Tier.AGGRESSIVE,
        )


def test_what_no_tier_can_take_is_refused_with_the_largest_room_there_is() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC, Tier.CONSERVATIVE)
    scene.deposit("BOB", 4 * BTC, Tier.BALANCED)

    with pytest.raises(InsufficientCapacityError) as refused:
        quoted(scene, amount=3 * BTC, max_payout=3 * BTC)

    assert refused.value.limit == BTC  # a quarter of what is free in the wider tier


def test_capacity_that_others_have_reserved_is_lacking_to_a_quote_and_not_held_against_its_asker() -> None:
    scene = a_scene()
    first = quoted(scene, tier=Tier.BALANCED, amount=2 * BTC, max_payout=2 * BTC)
    scene.reserve(first.terms("HOLDER"))

    with pytest.raises(InsufficientCapacityError) as refused:
        quoted(scene, tier=Tier.BALANCED, amount=BTC, max_payout=BTC)

    assert refused.value.limit == BTC // 2  # of the quarter, 2.5 BTC, 2 are held
    assert available(scene, max_payout=BTC).code == "insufficient_capacity"


def test_the_contracts_window_bounds_what_is_quoted() -> None:
    with pytest.raises(InsufficientCapacityError) as refused:
        quoted(a_scene(), window=BTC // 10 - 1)

    assert refused.value.limit == BTC // 10 - 1
    quoted(a_scene(), window=BTC // 10)


def test_a_pause_of_sales_refuses_every_quote() -> None:
    scene = a_scene()
    scene.pause("sales", scene.height + 5)

    with pytest.raises(SellingPausedError):
        quoted(scene)


def test_a_quote_reserves_nothing() -> None:
    scene = a_scene()

    first, second = quoted(scene), quoted(scene)

    assert first.lines == second.lines
    assert len(scene.books.reservations) == 0


def test_the_terms_of_a_quote_are_its_own_whoever_signs_for_them() -> None:
    quote = quoted(a_scene())
    terms = quote.terms("ST_BUYER")

    assert terms.owner == "ST_BUYER"
    assert (terms.premium, terms.fee) == (quote.lines.total, quote.lines.fee)
    assert (terms.valid_until, terms.valid_until_s) == (quote.valid_until, quote.valid_until_s)
    assert (terms.strike, terms.amount, terms.max_payout) == (quote.strike, quote.amount, quote.max_payout)


def test_availability_names_the_code_and_the_largest_and_never_refuses() -> None:
    scene = a_scene()

    fits = available(scene)
    too_much = available(scene, amount=9 * BTC, max_payout=9 * BTC)
    too_short = available(scene, tenor=1)

    assert (fits.available, fits.code) == (True, None)
    assert (too_much.available, too_much.code) == (False, "insufficient_capacity")
    assert too_much.largest_payout_sats == fits.largest_payout_sats
    assert (too_short.available, too_short.code) == (False, "tenor_out_of_range")
