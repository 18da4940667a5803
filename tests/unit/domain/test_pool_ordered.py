import random

import pytest

from bithedge.domain.pool.ordered import Ordered


def test_thousands_of_keys_stay_sorted_through_additions_and_removals() -> None:
    seeded = random.Random(7)
    ordered, expected = Ordered(), set()
    for number in range(5_000):
        key = (seeded.randrange(300), seeded.randrange(10), f"{number}")
        ordered.add(key)
        expected.add(key)
        if number % 3 == 0:
            gone = seeded.choice(sorted(expected)) if number % 300 == 0 else key
            ordered.remove(gone)
            expected.remove(gone)

    assert list(ordered) == sorted(expected)
    assert len(ordered) == len(expected)


def test_it_is_empty_again_when_the_last_key_is_gone() -> None:
    ordered = Ordered()
    ordered.add((1, 0, "a"))

    ordered.remove((1, 0, "a"))

    assert list(ordered) == []
    with pytest.raises(KeyError):
        ordered.remove((1, 0, "a"))


def test_a_key_that_is_not_there_cannot_be_removed() -> None:
    ordered = Ordered()
    ordered.add((1, 0, "a"))

    with pytest.raises(KeyError):
        ordered.remove((0, 0, "a"))
    with pytest.raises(KeyError):
        ordered.remove((2, 0, "a"))
