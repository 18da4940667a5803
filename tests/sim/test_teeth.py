"""That the checks would see the daemon broken: a few planted bugs here, all of them by the script itself."""

import pytest
from teeth import TEETH, caught_after

FEW = (
    "effect before commit",
    "intent in a commit of its own",
    "answer not kept",
    "voucher counted twice",
    "head not folded after a fork",
)


@pytest.mark.parametrize("name", FEW)
def test_a_planted_bug_is_caught_soon(name: str) -> None:
    tooth = next(tooth for tooth in TEETH if tooth.name == name)

    assert caught_after(tooth, 12) is not None


def test_there_are_fifteen_bugs_to_plant_at_least() -> None:
    assert len(TEETH) >= 15
    assert len({tooth.name for tooth in TEETH}) == len(TEETH)
    assert set(FEW) <= {tooth.name for tooth in TEETH}
