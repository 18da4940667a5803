"""A sorted collection of keys in short runs, so that a change costs little however many there are."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import chain
from typing import Final

Key = tuple[int, int, str]
"""What it is ordered by, what settles a tie, and the name of the thing."""

_RUN: Final = 512


class Ordered:
    """Keys in rising order, each at most once; a run is halved when it has grown to twice its length."""

    def __init__(self) -> None:
        self._runs: list[list[Key]] = []
        self._lasts: list[Key] = []

    def add(self, key: Key) -> None:
        """Add a key that is not there yet."""
        if not self._runs:
            self._runs.append([key])
            self._lasts.append(key)
            return
        at = min(bisect_left(self._lasts, key), len(self._runs) - 1)
        run = self._runs[at]
        insort(run, key)
        self._lasts[at] = run[-1]
        if len(run) > 2 * _RUN:
            self._runs[at : at + 1] = [run[:_RUN], run[_RUN:]]
            self._lasts[at : at + 1] = [run[_RUN - 1], run[-1]]

    def remove(self, key: Key) -> None:
        """Remove a key.

        Raises:
            KeyError: it is not there.
        """
        at = bisect_left(self._lasts, key)
        run = self._runs[at] if at < len(self._runs) else []
        place = bisect_left(run, key)
        if place == len(run) or run[place] != key:
            raise KeyError(key)
        del run[place]
        if run:
            self._lasts[at] = run[-1]
        else:
            del self._runs[at], self._lasts[at]

    def __iter__(self) -> Iterator[Key]:
        return chain.from_iterable(self._runs)

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)
