"""Which projections hear which kind of event."""

import sqlite3
from collections.abc import Callable
from typing import Final

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.registry import EVENT_TYPES
from bithedge.storage.projections import (
    alerts,
    backing,
    blocks,
    ledger,
    metrics,
    quotes,
    transactions,
    withdrawals,
)

Projection = Callable[[sqlite3.Connection, Recorded], None]

_ALL: Final[tuple[tuple[tuple[type[Event], ...], Projection], ...]] = (
    (blocks.HEARS, blocks.project),
    (quotes.HEARS, quotes.project),
    (ledger.HEARS, ledger.project),
    (backing.HEARS, backing.project),
    (withdrawals.HEARS, withdrawals.project),
    (transactions.HEARS, transactions.project),
    (metrics.HEARS, metrics.project),
    (alerts.HEARS, alerts.project),
)
HEARING: Final[dict[type[Event], tuple[Projection, ...]]] = {
    kind: tuple(project for hears, project in _ALL if kind in hears) for kind in EVENT_TYPES.values()
}
