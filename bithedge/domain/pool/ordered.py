"""A sorted collection of keys in short runs, so that a change costs little however many there are."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain
from typing import Final, Generic, TypeVar

N = TypeVar("N", bound=str)
Key = tuple[int, int, N]
"""What it is ordered by (in 64 bits), what settles a tie, and the name of the thing."""

_RUN: Final = 512


class Ordered(Generic[N]):
    """Keys in rising order, each at most once; a run is halved when it has grown to twice its length.

    Among a million keys a search is as slow as the memory it touches. So the first figures stand side by side
    in arrays of their own, and the keys themselves are only looked at where those are equal.
    """

    def __init__(self) -> None:
        self._runs: list[list[Key[N]]] = []
        self._firsts: list[array[int]] = []
        """Of each run, the first figures of its keys."""
        self._lasts: list[Key[N]] = []
        self._last_firsts: array[int] = array("q")
        """The first figures of `_lasts`."""

    def add(self, key: Key[N]) -> None:
        """Add a key that is not there yet."""
        if not self._runs:
            self._open(0, [key])
            return
        at = min(_place(self._last_firsts, self._lasts, key), len(self._runs) - 1)
        run, firsts = self._runs[at], self._firsts[at]
        place = _place(firsts, run, key)
        run.insert(place, key)
        firsts.insert(place, key[0])
        if len(run) > 2 * _RUN:
            self._close(at)
            self._open(at, run[_RUN:])
            self._open(at, run[:_RUN])
        elif place == len(run) - 1:
            self._lasts[at], self._last_firsts[at] = key, key[0]

    def remove(self, key: Key[N]) -> None:
        """Remove a key.

        Raises:
            KeyError: it is not there.
        """
        at = _place(self._last_firsts, self._lasts, key)
        run = self._runs[at] if at < len(self._runs) else []
        place = _place(self._firsts[at], run, key) if run else 0
        if place == len(run) or run[place] != key:
            raise KeyError(key)
        del run[place], self._firsts[at][place]
        if not run:
            self._close(at)
        elif place == len(run):
            self._lasts[at], self._last_firsts[at] = run[-1], run[-1][0]

    def __iter__(self) -> Iterator[Key[N]]:
        return chain.from_iterable(self._runs)

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def _open(self, at: int, run: list[Key[N]]) -> None:
        self._runs.insert(at, run)
        self._firsts.insert(at, array("q", [key[0] for key in run]))
        self._lasts.insert(at, run[-1])
        self._last_firsts.insert(at, run[-1][0])

    def _close(self, at: int) -> None:
        del self._runs[at], self._firsts[at], self._lasts[at], self._last_firsts[at]


# The first place whose key is not below `key`.
def _place(firsts: "array[int]", keys: list[Key[N]], key: Key[N]) -> int:
    low = bisect_left(firsts, key[0])
    if low == len(firsts) or firsts[low] != key[0]:
        return low
    return bisect_left(keys, key, low, bisect_right(firsts, key[0], low))
