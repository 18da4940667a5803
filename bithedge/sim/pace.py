"""How fast a simulated world goes; seconds of virtual time."""

import msgspec


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Means, where something comes by chance."""

    block_s: float = 8.0
    burn_share: float = 0.3
    """The part of blocks that bring a burn block."""
    user_s: float = 30.0
    downtime_s: float = 20.0
