"""Public prices at or beyond a policy's floor or ceiling."""

import sqlite3
from typing import Final

from bithedge.domain.ids import Hex
from bithedge.domain.money import Height, UsdE8
from bithedge.protocol.calls import SignedPrice

# The plus: the index by height bounds the search to a policy's life, that of the questions would not.
_BETWEEN: Final = """
SELECT price, height, signature FROM attestations
WHERE height > :above AND height <= :up_to AND +question GLOB 'height:*'
"""
ABOVE: Final = """
SELECT height, price FROM attestations WHERE height > ? AND +question GLOB 'height:*' ORDER BY height
"""
AT_OR_BELOW: Final = _BETWEEN + "AND price <= :edge ORDER BY height DESC LIMIT 1"
AT_OR_ABOVE: Final = _BETWEEN + "AND price >= :edge ORDER BY height DESC LIMIT 1"


def price_beyond(
    db: sqlite3.Connection, *, floor: UsdE8 | None, ceiling: UsdE8 | None, above: Height, up_to: Height
) -> SignedPrice | None:
    """Return the newest public price that touched a floor or a ceiling.

    Args:
        db: the reader's connection.
        floor: of a put.
        ceiling: of a capped call; with neither nothing can be touched.
        above: prices of later heights only.
        up_to: the last height that counts.
    """
    edge = floor if floor is not None else ceiling
    if edge is None:
        return None
    statement = AT_OR_BELOW if floor is not None else AT_OR_ABOVE
    row: tuple[int, int, str] | None = db.execute(
        statement, {"above": above, "up_to": up_to, "edge": edge}
    ).fetchone()
    if row is None:
        return None
    return SignedPrice(price=UsdE8(row[0]), height=Height(row[1]), signatures=(Hex(row[2]),))


def public_prices_above(db: sqlite3.Connection, height: Height) -> tuple[tuple[Height, UsdE8], ...]:
    """Return the public prices of the heights above one, the lowest first."""
    rows: list[tuple[int, int]] = db.execute(ABOVE, (height,)).fetchall()
    return tuple((Height(found), UsdE8(price)) for found, price in rows)
