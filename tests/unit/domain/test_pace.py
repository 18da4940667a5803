import pytest

from bithedge.domain.pace import MEAN_OVER, Pace

RULE_MS = 600_000


def a_pace(*steps: tuple[int, int]) -> Pace:
    """Blocks of so many burn blocks and milliseconds each."""
    pace = Pace(RULE_MS)
    height, at_ms = 1_000, 0
    pace.observe(height, at_ms)
    for blocks, passed_ms in steps:
        height, at_ms = height + blocks, at_ms + passed_ms
        pace.observe(height, at_ms)
    return pace


def test_without_two_burn_blocks_the_rule_holds() -> None:
    assert Pace(RULE_MS).mean_ms == RULE_MS
    assert a_pace().mean_ms == RULE_MS


def test_the_mean_is_that_of_the_last_burn_blocks() -> None:
    assert a_pace((1, 400_000), (1, 600_000)).mean_ms == 500_000
    assert a_pace((1, 9_000_000), *[(1, 300_000)] * MEAN_OVER).mean_ms == 300_000


def test_only_the_first_block_of_a_burn_height_counts() -> None:
    assert a_pace((1, 500_000), (0, 100_000), (0, 100_000)).mean_ms == 500_000


def test_two_bitcoin_blocks_in_quick_succession_count_as_two() -> None:
    assert a_pace((2, 800_000)).mean_ms == 400_000


def test_blocks_that_were_mined_at_will_are_not_waited_for() -> None:
    assert a_pace((1, 500_000), (2_000, 1_000)).mean_ms == 500_000


@pytest.mark.parametrize("step", [(1, 59_000), (1, 6_001_000), (1, -5)])
def test_a_mean_that_no_clock_makes_gives_way_to_the_rule(step: tuple[int, int]) -> None:
    assert a_pace(step).mean_ms == RULE_MS


def test_a_branch_that_goes_back_adds_no_time() -> None:
    assert a_pace((1, 500_000), (-1, 100_000), (1, 500_000)).mean_ms == 500_000
