"""To the chain follower."""

from actors.runtime.message import Message
from bithedge.domain.market import Tip


class Poll(Message[None], frozen=True, kw_only=True):
    """Time to ask the node for its tip."""


class CatchUp(Message[Tip], frozen=True, kw_only=True):
    """Follow to the node's present tip now; answered when all of it is applied."""


ChainMessage = Poll | CatchUp
