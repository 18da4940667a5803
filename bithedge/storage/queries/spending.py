"""What the backend's keys spent."""

import sqlite3
from typing import Final

from bithedge.domain.lanes import spent
from bithedge.domain.money import Ustx

OWN: Final = """
SELECT address, nonce, fee, seen_at_ms FROM transactions
WHERE operation_id IS NOT NULL AND (status <> 'aborted' OR block_height IS NOT NULL)
ORDER BY first_seen DESC
"""


def own_fees_since(db: sqlite3.Connection, since_ms: int) -> Ustx:
    """Return what all lanes together may have spent on what they signed since then."""
    recent: dict[str, list[tuple[int, Ustx]]] = {}
    for address, nonce, fee, seen_at_ms in db.execute(OWN):
        if seen_at_ms < since_ms:
            break
        recent.setdefault(address, []).append((nonce, Ustx(fee)))
    return Ustx(sum(spent(of_one) for of_one in recent.values()))
