"""Named integers for money, prices and heights, and the two ways to divide them."""

from typing import NewType

Sats = NewType("Sats", int)
"""1e-8 sBTC."""
Ustx = NewType("Ustx", int)
"""1e-6 STX."""
UsdE8 = NewType("UsdE8", int)
"""US dollars x 1e8 per BTC."""
Bps = NewType("Bps", int)
"""1/10,000."""
Height = NewType("Height", int)
"""A burn block's height, the product's clock."""

MAX_PRICE = UsdE8(9_000_000_000_000_000)
"""The highest price and strike that the contracts and JSON take: 90 million USD."""
ONE_BTC = Sats(100_000_000)
WHOLE = Bps(10_000)


def ceil_div(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded up (towards the pool when somebody pays it)."""
    return -(-numerator // denominator)


def bps_of(amount: int, share: int) -> int:
    """Return `share` bps of `amount`, rounded down (towards the pool when it pays)."""
    return amount * share // WHOLE
