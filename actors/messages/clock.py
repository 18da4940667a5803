"""To the clock."""

from actors.runtime.message import Message
from bithedge.domain.money import Height


class Advance(Message[None], frozen=True, kw_only=True):
    """A block was applied: the contracts' clock stands at this burn height."""

    height: Height


ClockMessage = Advance
