"""Token buckets per client: a burst at once, then a steady rate.

Kept as the one figure a bucket needs, the time at which it will be full again (the generic cell rate
algorithm), so a client costs a float. Clients whose bucket is full are forgotten.
"""

from collections import OrderedDict
from typing import Final

CLIENTS_MAX: Final = 20_000
_ROUNDING_S: Final = 1e-6


class Buckets:
    """One bucket a client; the clock is the caller's, in seconds that never go back."""

    def __init__(self, *, rate_per_s: float, burst: int, clients_max: int = CLIENTS_MAX) -> None:
        self._interval = 1 / rate_per_s
        self._depth = burst / rate_per_s
        self._clients_max = clients_max
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, client: str, now: float) -> float:
        """Take a token; return 0, or after how many seconds there will be one (nothing is taken then)."""
        full_at = max(now, self._full_at.get(client, now)) + self._interval
        wait = full_at - now - self._depth
        if wait > _ROUNDING_S:
            return wait
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        self._forget(now)
        return 0.0

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget(self, now: float) -> None:
        """Drop the clients longest unseen: while their buckets are full, and above the bound in any case."""
        while self._full_at:
            client, full_at = next(iter(self._full_at.items()))
            if full_at > now and len(self._full_at) <= self._clients_max:
                return
            del self._full_at[client]
