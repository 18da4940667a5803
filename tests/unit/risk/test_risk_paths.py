import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bithedge.oracle.history import FILE, daily_history, day_named
from bithedge.risk.parameters import PathError, Process
from bithedge.risk.paths import PricePath, drawn_path, file_path, history_path, named_day

KINDS = ["gbm", "jump", "bootstrap"]


def drawn(kind: str, *, years: float = 1.0, seed: int = 3, **process: float) -> PricePath:
    return drawn_path(kind, years=years, seed=seed, process=Process(**process), history=daily_history())


def returns(path: PricePath) -> np.ndarray:
    return np.diff(np.log([candle.close for candle in path.candles]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_path_again_and_another_seed_another(kind: str) -> None:
    assert drawn(kind) == drawn(kind)
    assert drawn(kind) != drawn(kind, seed=4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawn_day_lies_between_its_low_and_its_high_and_follows_the_day_before(kind: str) -> None:
    candles = drawn(kind).candles

    assert all(one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high for one in candles)
    assert [one.day for one in candles] == list(range(candles[0].day, candles[0].day + len(candles)))
    assert candles[0].day == daily_history()[-1].day + 1


@pytest.mark.parametrize("kind", ["gbm", "jump"])
def test_a_walk_opens_where_the_day_before_closed(kind: str) -> None:
    candles = drawn(kind).candles

    assert all(later.open == earlier.close for earlier, later in pairwise(candles))


@pytest.mark.parametrize("kind", ["gbm", "jump"])
def test_a_walk_has_the_volatility_it_was_asked_for_jumps_included(kind: str) -> None:
    path = drawn(kind, years=40, volatility=0.5, drift=0.0)

    assert returns(path).std() * math.sqrt(365) == pytest.approx(0.5, rel=0.03)


def test_jumps_make_tails_that_a_plain_walk_has_not() -> None:
    def tail(kind: str) -> float:
        found = returns(drawn(kind, years=40, jump_deviation=0.12, drift=0.0))
        return float(((found / found.std()) ** 4).mean())

    assert tail("gbm") == pytest.approx(3, abs=0.2)
    assert tail("jump") > 4


@pytest.mark.parametrize("kind", ["gbm", "jump"])
def test_without_a_drift_the_inverse_of_the_price_has_none(kind: str) -> None:
    ratios = np.concatenate(
        [np.exp(-returns(drawn(kind, years=5, seed=seed, volatility=0.6))) for seed in range(12)]
    )

    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / math.sqrt(len(ratios)))


def test_a_drift_moves_the_logarithm_by_so_much_a_year() -> None:
    quiet = drawn("jump", years=20, volatility=0.1, drift=0.2, jumps_a_year=2.0)

    assert returns(quiet).mean() * 365 == pytest.approx(0.2, abs=0.08)


def test_jumps_with_more_variance_than_there_is_are_refused() -> None:
    with pytest.raises(PathError, match="--volatility"):
        drawn("jump", volatility=0.1)


def test_a_price_beyond_all_prices_is_refused() -> None:
    with pytest.raises(PathError, match="range"):
        drawn("gbm", years=5, drift=10.0)


def test_a_bootstrapped_day_is_a_day_of_history() -> None:
    history = daily_history()
    shapes = {round(math.log(b.close / a.close), 6) for a, b in pairwise(history)}

    found = [round(move, 6) for move in returns(drawn("bootstrap")).tolist()]

    assert len(set(found) - shapes) <= len(found) // 20  # rounding to a price moves a digit now and then
    stretches = [found[n : n + 20] for n in range(19, len(found) - 20, 20)]
    assert len({tuple(stretch) for stretch in stretches}) > 10


def test_history_starts_in_march_2015_with_all_before_as_a_start() -> None:
    path = history_path(daily_history(), years=None)

    assert named_day(path.sold[0].day) == "2015-03-16"
    assert path.candles[0] == daily_history()[0]
    assert path.sold[-1] == daily_history()[-1]


def test_the_last_years_of_history_end_where_it_ends() -> None:
    path = history_path(daily_history(), years=2)

    assert len(path.sold) == 730
    assert path.sold[-1].day == day_named("2024-03-19")


def test_a_file_with_the_columns_of_the_history_is_that_history() -> None:
    path = file_path(FILE, years=None)

    assert path.candles == daily_history()
    assert path.warm_up == 180
    assert len(file_path(FILE, years=1).sold) == 365


def a_file(folder: Path, *rows: str, head: str = "date,open_usd,high_usd,low_usd,close_usd") -> Path:
    file = folder / "days.csv"
    file.write_text("\n".join([head, *rows]), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["2024-01-01,5,6,4,5", "2024-01-03,5,6,4,5"], "line 3: 2024-01-03 does not follow"),
        (["2024-01-01,5,4,6,5"], "line 2: low, open"),
        (["2024-01-01,5,6,4,x"], "line 2: 'x' is no price"),
        (["2024-01-01,5,6,4,NaN"], "line 2: 'NaN'"),
        (["2024-01-01,5,6,0,5"], "line 2: '0' is outside"),
        (["2024-13-01,5,6,4,5"], "line 2:"),
        (["2024-01-01,5,6,4"], "line 2: expected the columns"),
        (["2024-01-01,5,6,4,5"], "1 days, and the first 180 only start volatility"),
    ],
)
def test_a_file_that_is_no_path_is_refused_with_its_line(rows: list[str], told: str, tmp_path: Path) -> None:
    with pytest.raises(PathError) as refused:
        file_path(a_file(tmp_path, *rows), years=None)

    assert told in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PathError, match="No such file"):
        file_path(tmp_path / "none.csv", years=None)


def test_no_days_are_no_path() -> None:
    with pytest.raises(PathError, match="--years"):
        drawn("gbm", years=0.0001)
