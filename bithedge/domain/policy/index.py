"""Open policies by what can happen to them: a price, a height, an operation."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from itertools import accumulate

from bithedge.domain.ids import QuoteId
from bithedge.domain.money import Height, UsdE8
from bithedge.domain.policy.state import UNSETTLED, Policy, Status

_BEFORE_ALL, _AFTER_ALL = QuoteId(""), QuoteId("r")
"""Quote ids begin with a q."""


class _Shelf:
    """Policies by the height that they share, the heights in order."""

    def __init__(self) -> None:
        self.heights: list[Height] = []
        self._by_height: dict[Height, dict[QuoteId, Policy]] = {}

    def put(self, policy: Policy) -> None:
        height = policy.terms.expiry
        if height not in self._by_height:
            self._by_height[height] = {}
            insort(self.heights, height)
        self._by_height[height][policy.quote_id] = policy

    def drop(self, policy: Policy) -> None:
        height = policy.terms.expiry
        there = self._by_height.get(height)
        if there is None or there.pop(policy.quote_id, None) is None or there:
            return
        del self._by_height[height]
        del self.heights[bisect_left(self.heights, height)]

    def at(self, height: Height) -> Sequence[Policy]:
        return list(self._by_height.get(height, {}).values())


class Index:
    """Each lookup costs what it finds, however many policies there are; one that has ended is forgotten."""

    def __init__(self) -> None:
        self._policies: dict[QuoteId, Policy] = {}
        self._floors: list[tuple[int, QuoteId]] = []
        self._ceilings: list[tuple[int, QuoteId]] = []
        self._active = _Shelf()
        self._expiring = _Shelf()
        self._settling: dict[QuoteId, Policy] = {}

    def put(self, policy: Policy) -> None:
        """Take the policy's present state in place of the former one."""
        self._drop(policy.quote_id)
        match policy.status:
            case Status.ACTIVE:
                self._active.put(policy)
            case Status.EXPIRING:
                self._expiring.put(policy)
            case Status.SETTLING:
                self._settling[policy.quote_id] = policy
            case _:
                return
        self._policies[policy.quote_id] = policy
        if _awaits_touch(policy):
            for edges, edge in self._edges(policy):
                insort(edges, edge)

    def _drop(self, quote_id: QuoteId) -> None:
        before = self._policies.pop(quote_id, None)
        if before is None:
            return
        self._active.drop(before)
        self._expiring.drop(before)
        self._settling.pop(quote_id, None)
        if _awaits_touch(before):
            for edges, edge in self._edges(before):
                del edges[bisect_left(edges, edge)]

    def _edges(self, policy: Policy) -> list[tuple[list[tuple[int, QuoteId]], tuple[int, QuoteId]]]:
        terms = policy.terms
        pairs = ((self._floors, terms.floor), (self._ceilings, terms.ceiling))
        return [(edges, (edge, policy.quote_id)) for edges, edge in pairs if edge is not None]

    def touched_by(self, price: UsdE8) -> Sequence[QuoteId]:
        """Return whom a price would end: the puts with a floor at or above it, the calls below.

        Only those that the daemon exercises for their holders.
        """
        puts = self._floors[bisect_left(self._floors, (price, _BEFORE_ALL)) :]
        calls = self._ceilings[: bisect_right(self._ceilings, (price, _AFTER_ALL))]
        return [quote_id for _, quote_id in (*puts, *calls)]

    def touched_since(self, prices: Sequence[tuple[Height, UsdE8]]) -> Sequence[QuoteId]:
        """Return whom any of the prices after its start would end, perhaps one whose expiry came first.

        Args:
            prices: the public prices by height, the lowest first.
        """
        heights = [height for height, _ in prices]
        values = [price for _, price in prices]
        lowest = list(accumulate(reversed(values), min))[::-1]
        highest = list(accumulate(reversed(values), max))[::-1]
        puts = [
            one
            for edge, one in self._floors
            if (at := self._first(one, heights)) is not None and lowest[at] <= edge
        ]
        calls = [
            one
            for edge, one in self._ceilings
            if (at := self._first(one, heights)) is not None and highest[at] >= edge
        ]
        return [*puts, *calls]

    def _first(self, quote_id: QuoteId, heights: Sequence[Height]) -> int | None:
        """Return the place of the first height after a policy's start."""
        start = self._policies[quote_id].start
        place = len(heights) if start is None else bisect_right(heights, start)
        return place if place < len(heights) else None

    def lowest_start(self) -> Height | None:
        """Return the earliest start of those that a price may end; None without any."""
        starts = [self._policies[quote_id].start for _, quote_id in (*self._floors, *self._ceilings)]
        return min((start for start in starts if start is not None), default=None)

    def due(self, height: Height) -> Sequence[QuoteId]:
        """Return the active policies whose last height is below `height`, until they are no longer active."""
        past = self._active.heights[: bisect_left(self._active.heights, height)]
        return [policy.quote_id for expiry in past for policy in self._active.at(expiry)]

    def expiries(self) -> Sequence[Height]:
        """Return the last heights of the policies that are past them and have not ended, lowest first."""
        return list(self._expiring.heights)

    def expired_at(self, expiry: Height) -> Sequence[Policy]:
        """Return the policies that are past this last height and have not ended."""
        return self._expiring.at(expiry)

    def settling(self) -> Sequence[Policy]:
        """Return the policies in settlement."""
        return list(self._settling.values())

    def settling_one(self, quote_id: QuoteId) -> Policy | None:
        """Return a policy if it is in settlement."""
        return self._settling.get(quote_id)


def _awaits_touch(policy: Policy) -> bool:
    return policy.auto_exercise and policy.status in UNSETTLED
