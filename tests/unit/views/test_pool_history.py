from bithedge.domain.money import Height, Sats
from bithedge.storage.queries.chain import PoolDay
from bithedge.views.pool_history import pool_span_view, pool_spans


def a_day(number: int, **figures: int) -> PoolDay:
    given = dict.fromkeys(PoolDay.__struct_fields__, 0) | {"day": number, "at_ms": number * 1_000} | figures
    return PoolDay(**given)


def test_seven_days_are_a_week_that_begins_where_an_expiry_week_does() -> None:
    days = [a_day(6, premiums=1), a_day(7, premiums=2), a_day(13, premiums=4), a_day(14, premiums=8)]

    weeks = pool_spans(days, "1w")

    assert [week.premiums for week in weeks] == [1, 6, 8]
    assert [week.at_ms for week in weeks] == [6_000, 13_000, 14_000]
    assert {Height(1_008 * week) // 144 for week in range(3)} == {0, 7, 14}


def test_each_day_stands_alone() -> None:
    days = [a_day(6, payouts=1, withdrawn=3), a_day(9, payouts=2, deposited=5)]

    assert [(day.payouts, day.withdrawn, day.deposited) for day in pool_spans(days, "1d")] == [
        (1, 3, 0),
        (2, 0, 5),
    ]


def test_utilisation_is_of_the_end_and_rounded_down() -> None:
    days = [a_day(7, available=0, locked=9), a_day(8, available=Sats(2), locked=Sats(1), buffer=50)]

    (week,) = pool_spans(days, "1w")

    assert pool_span_view(week).utilisation_bps == 3_333


def test_an_empty_vault_is_not_used_at_all() -> None:
    (day,) = pool_spans([a_day(1)], "1d")

    assert pool_span_view(day).utilisation_bps == 0
