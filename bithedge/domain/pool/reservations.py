"""Capacity held for signed quotes, and the pauses of owners who let theirs lapse."""

from collections.abc import Iterator
from itertools import takewhile

import msgspec

from bithedge.domain.events.pool import CapacityReserved
from bithedge.domain.ids import Address, QuoteId
from bithedge.domain.money import Height, Sats
from bithedge.domain.pool.ordered import Ordered
from bithedge.domain.pool.rules import PoolRules


class Penalty(msgspec.Struct, frozen=True):
    """An owner's lapses in a row: how many, when the last was, and until when it may not reserve."""

    lapses: int
    lapsed_ms: int
    until_ms: int


class Reservations:
    """The live reservations, by quote, by owner and by the height that ends them."""

    def __init__(self, rules: PoolRules) -> None:
        self._rules = rules
        self._live: dict[QuoteId, CapacityReserved] = {}
        self._by_owner: dict[Address, dict[QuoteId, None]] = {}
        self._by_height = Ordered[QuoteId]()
        self._penalties: dict[Address, Penalty] = {}
        self.total = Sats(0)
        """Collateral reserved in all tiers."""

    def add(self, reservation: CapacityReserved) -> None:
        """Hold a quote's collateral."""
        quote_id = reservation.quote_id
        self._live[quote_id] = reservation
        self._by_owner.setdefault(reservation.owner, {})[quote_id] = None
        self._by_height.add((reservation.valid_until, 0, quote_id))
        self.total = Sats(self.total + reservation.max_payout)

    def remove(self, quote_id: QuoteId) -> CapacityReserved | None:
        """Let go of a quote's collateral; None if nothing was held."""
        reservation = self._live.pop(quote_id, None)
        if reservation is None:
            return None
        own = self._by_owner[reservation.owner]
        del own[quote_id]
        if not own:
            del self._by_owner[reservation.owner]
        self._by_height.remove((reservation.valid_until, 0, quote_id))
        self.total = Sats(self.total - reservation.max_payout)
        return reservation

    def punish(self, owner: Address, now_ms: int) -> None:
        """Note a lapse: the pause doubles with each, and quiet days forget them."""
        last = self._penalties.pop(owner, None)
        lapses = 1 if last is None or self._is_forgotten(last, now_ms) else last.lapses + 1
        # The exponent is bounded so that a long history does not become a long number.
        pause_s = min(
            self._rules.reservation_pause_max_s, self._rules.reservation_pause_s << min(lapses - 1, 32)
        )
        self._penalties[owner] = Penalty(lapses, now_ms, now_ms + 1_000 * pause_s)
        # They stand in the order of their last lapse, so the forgotten ones are in front.
        for address in list(
            takewhile(lambda name: self._is_forgotten(self._penalties[name], now_ms), self._penalties)
        ):
            del self._penalties[address]

    def get(self, quote_id: QuoteId) -> CapacityReserved | None:
        """Return what is held for a quote."""
        return self._live.get(quote_id)

    def of(self, owner: Address) -> tuple[CapacityReserved, ...]:
        """Return an owner's live reservations."""
        return tuple(self._live[quote_id] for quote_id in self._by_owner.get(owner, ()))

    def until(self, final: Height) -> tuple[CapacityReserved, ...]:
        """Return those whose last height is at most `final`, earliest first."""
        due = takewhile(lambda key: key[0] <= final, self._by_height)
        return tuple(self._live[name] for _, _, name in due)

    def pause_s(self, owner: Address, now_ms: int) -> int:
        """Return for how many seconds more the owner may not reserve, rounded up; 0 if it may."""
        penalty = self._penalties.get(owner)
        return 0 if penalty is None else max(0, -(-(penalty.until_ms - now_ms) // 1_000))

    def __iter__(self) -> Iterator[CapacityReserved]:
        return iter(self._live.values())

    def __len__(self) -> int:
        return len(self._live)

    def _is_forgotten(self, penalty: Penalty, now_ms: int) -> bool:
        return now_ms - penalty.lapsed_ms >= 1_000 * self._rules.reservation_quiet_s
