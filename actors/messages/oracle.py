"""To the oracle."""

from actors.runtime.message import Message
from bithedge.domain.ids import Hex, QuoteId
from bithedge.domain.money import Height, UsdE8
from bithedge.domain.terms import Terms
from bithedge.protocol.calls import SignedPrice


class Tick(Message[None], frozen=True, kw_only=True):
    """Time to read the sources."""


class SetPrice(Message[None], frozen=True, kw_only=True):
    """The devnet's price from now on, a full reading at once; None silences the feed."""

    price: UsdE8 | None


class SignSale(Message[SignedPrice], frozen=True, kw_only=True):
    """A reading for exactly these terms, on the spot of now; raises `OracleStaleError`."""

    terms: Terms
    height: Height


class ReadingWanted(Message[None], frozen=True, kw_only=True):
    """A price made from now on for an accepted exercise; the directory is told it as `ReadingMade`."""

    quote_id: QuoteId
    command_id: Hex
    above: Height
    """The policy's start: the reading is of a later height."""


class HeightSeen(Message[None], frozen=True, kw_only=True):
    """The contracts' clock stands at this burn height: heights up to it await their public price."""

    height: Height


OracleMessage = Tick | SetPrice | SignSale | ReadingWanted | HeightSeen
