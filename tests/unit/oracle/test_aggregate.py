from bithedge.domain.money import MAX_PRICE, Bps, UsdE8
from bithedge.oracle.aggregate import AggregationRule, Observation, aggregate, median

RULE = AggregationRule(min_sources=3, staleness_ms=60_000, outlier_mad=5, jump_bps=Bps(500))
NOW_MS = 1_000_000


def said(*prices: int, age_ms: int = 0) -> list[Observation]:
    return [
        Observation(source=f"venue-{number}", price=UsdE8(price), at_ms=NOW_MS - age_ms)
        for number, price in enumerate(prices)
    ]


def test_the_median_of_an_even_number_is_the_lower_mean_of_the_middle_two() -> None:
    assert median([4, 1, 3, 2]) == 2
    assert median([3, 1, 2]) == 2


def test_three_sources_that_agree_make_a_full_reading() -> None:
    reading = aggregate(said(100_000, 100_010, 100_020), RULE, now_ms=NOW_MS, before=None, awaited=None)

    assert reading.price == 100_010
    assert reading.reason is None
    assert sum(source.weight_bps for source in reading.sources) == 9_999


def test_a_source_far_from_the_others_is_dropped_and_shown_as_such() -> None:
    reading = aggregate(
        said(100_000, 100_010, 100_020, 150_000), RULE, now_ms=NOW_MS, before=None, awaited=None
    )

    assert reading.price == 100_010
    assert [source.used for source in reading.sources] == [True, True, True, False]


def test_too_few_fresh_sources_give_no_price_and_say_how_many() -> None:
    old = said(100_000, age_ms=60_001)

    reading = aggregate([*said(100_000, 100_010), *old], RULE, now_ms=NOW_MS, before=None, awaited=None)

    assert reading.price is None
    assert reading.reason == "2 of 3 sources are fresh and agree"


def test_a_jump_waits_for_a_second_tick_that_says_the_same() -> None:
    fallen = said(94_000, 94_010, 94_020)

    first = aggregate(fallen, RULE, now_ms=NOW_MS, before=UsdE8(100_000), awaited=None)
    second = aggregate(fallen, RULE, now_ms=NOW_MS, before=UsdE8(100_000), awaited=first.jumped_to)

    assert first.price is None
    assert first.jumped_to == 94_010
    assert second.price == 94_010


def test_a_move_of_exactly_the_limit_is_no_jump() -> None:
    reading = aggregate(
        said(95_000, 95_000, 95_000), RULE, now_ms=NOW_MS, before=UsdE8(100_000), awaited=None
    )

    assert reading.price == 95_000


def test_a_jump_to_somewhere_else_waits_again() -> None:
    reading = aggregate(
        said(80_000, 80_000, 80_000), RULE, now_ms=NOW_MS, before=UsdE8(100_000), awaited=UsdE8(94_000)
    )

    assert reading.price is None
    assert reading.jumped_to == 80_000


def test_a_price_above_what_the_contracts_take_is_none() -> None:
    above = MAX_PRICE + 1
    reading = aggregate(said(above, above, above), RULE, now_ms=NOW_MS, before=None, awaited=None)

    assert reading.price is None
