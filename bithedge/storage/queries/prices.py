"""Signed prices, as the contract takes them."""

import sqlite3

from bithedge.domain.money import Height
from bithedge.protocol.calls import SignedPrice
from bithedge.storage.queries.kept import public_price


def signed_price(db: sqlite3.Connection, height: Height) -> SignedPrice | None:
    """Return the public price of a burn height with its signatures; None if it was not signed."""
    found = public_price(db, height)
    if found is None:
        return None
    return SignedPrice(price=found.price, height=found.height, signatures=(found.signature,))
