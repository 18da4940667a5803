import itertools
from pathlib import Path

import pytest

from bithedge.domain.money import Height, UsdE8
from bithedge.oracle.candles import CandleBook
from bithedge.oracle.day import DAY_MS, LastDay
from bithedge.oracle.history import at_ms, daily_history, day_named, day_of
from bithedge.oracle.sources import FixedSource, ReplaySource


async def test_a_set_price_holds_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "price.json"
    FixedSource(file, UsdE8(65_000)).set(UsdE8(40_000))

    reading = await FixedSource(file, UsdE8(65_000)).read(1)

    assert reading is not None
    assert reading.price == 40_000


async def test_a_silenced_feed_stays_silent_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "price.json"
    FixedSource(file, UsdE8(65_000)).set(None)

    assert await FixedSource(file, UsdE8(65_000)).read(1) is None


async def test_a_replay_walks_from_close_to_close_with_the_burn_height() -> None:
    days = daily_history()[:3]
    height = 10
    source = ReplaySource(days, first_day=days[0].day, days_per_block=0.5, height=lambda: Height(height))

    first = await source.read(1)
    height = 11
    halfway = await source.read(2)
    height = 12
    second = await source.read(3)
    height = 1_000
    last = await source.read(4)

    assert first is not None
    assert halfway is not None
    assert second is not None
    assert last is not None
    assert first.price == days[0].close
    assert halfway.price == days[0].close + (days[1].close - days[0].close) // 2
    assert second.price == days[1].close
    assert last.price == days[2].close


def test_a_replay_that_begins_after_the_history_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before"):
        ReplaySource(
            daily_history(), first_day=day_named("2030-01-01"), days_per_block=1.0, height=lambda: Height(1)
        )


def test_the_shipped_history_is_daily_and_exact() -> None:
    days = daily_history()

    assert days[0].day == day_named("2014-09-17")
    assert days[0].close == 45_733_000_000
    assert days[-1].day == day_named("2024-03-19")
    assert [after.day - before.day for before, after in itertools.pairwise(days)] == [1] * (len(days) - 1)
    assert day_of(at_ms(days[0].day)) == days[0].day


def test_candles_keep_open_high_low_and_close_and_hand_on_what_changed() -> None:
    book = CandleBook()
    minute = 60_000 * 7

    book.observe(UsdE8(100), minute)
    book.observe(UsdE8(90), minute + 1)
    changed = book.observe(UsdE8(110), minute + 2)
    same = book.observe(UsdE8(110), minute + 3)
    following = book.observe(UsdE8(105), minute + 60_000)

    (first,) = [candle for candle in changed if candle.bar == "1m"]
    assert (first.opening, first.high, first.low, first.closing) == (100, 110, 90, 110)
    assert same == []
    (second,) = [candle for candle in following if candle.bar == "1m"]
    assert (second.at_ms, second.opening) == (minute + 60_000, 105)


def test_the_last_day_forgets_what_is_older() -> None:
    day = LastDay(reference=UsdE8(100))

    first = day.observe(UsdE8(110), 0)
    day.observe(UsdE8(150), 60_000)
    later = day.observe(UsdE8(120), DAY_MS + 120_000)

    assert (first.change_bps, first.high, first.low) == (1_000, 110, 110)
    assert later.high == 120
    assert later.change_bps == (120 - 150) * 10_000 // 150
