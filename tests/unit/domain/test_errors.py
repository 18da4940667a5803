import re

import pytest

from bithedge.domain import errors
from bithedge.domain.errors import DomainError, InsufficientCapacityError

LEAVES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, DomainError) and value is not DomainError
]


@pytest.mark.parametrize("refusal", LEAVES)
def test_a_refusals_name_is_its_code(refusal: type[DomainError]) -> None:
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", refusal.__name__.removesuffix("Error")).lower()

    assert refusal.code == words
    assert refusal.__name__.endswith("Error")


def test_no_two_refusals_share_a_code_and_the_module_lists_them_all() -> None:
    codes = [refusal.code for refusal in LEAVES]

    assert len(codes) == len(set(codes))
    assert set(codes) == set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", errors.__doc__))


def test_a_refusal_carries_its_figures() -> None:
    refusal = InsufficientCapacityError(
        "at most 7 can be sold", field="max_payout_sats", limit=7, actual=9, tier="balanced"
    )

    assert str(refusal) == refusal.message == "at most 7 can be sold"
    assert (refusal.field, refusal.limit, refusal.actual) == ("max_payout_sats", 7, 9)
    assert refusal.context == {"tier": "balanced"}


def test_a_refusal_without_figures_has_none() -> None:
    refusal = InsufficientCapacityError("nothing left")

    assert (refusal.field, refusal.limit, refusal.actual, refusal.context) == (None, None, None, {})
