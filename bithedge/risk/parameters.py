"""What a session of the laboratory is asked for; light to import, so that a command line may know it."""

from typing import Final, Literal, get_args

import msgspec

DrawnKind = Literal["gbm", "jump", "bootstrap"]
PATH_KINDS: Final[tuple[str, ...]] = ("history", *get_args(DrawnKind))


class PathError(Exception):
    """A path cannot be read or drawn; the message is for the user."""


class Process(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `gbm` and `jump` draw from, all per year and of the logarithm of the price.

    `volatility` is the total one, jumps included. Without `drift` it is the one under which 1 / spot has
    none, as premiums assume.
    """

    volatility: float = 0.60
    drift: float | None = None
    jumps_a_year: float = 12.0
    jump_mean: float = -0.02
    jump_deviation: float = 0.06
