"""One client: its channels under the names it used, and what it may still be sent."""

import msgspec

from actors.gateway.connection import Connection
from actors.gateway.protocol import CloseCode, Frame, encode

CLOSE_GRACE_S = 2.0


class Subscription(msgspec.Struct):
    """A channel of one client."""

    named: str
    """As the client wrote it."""
    channel: str
    """As the journal knows it."""
    after: int
    """Events up to here stand in its snapshot or were resumed."""


class Session:
    """A client's subscriptions, and the byte budget that keeps one slow reader from holding memory."""

    def __init__(self, connection: Connection, *, budget: int) -> None:
        self.connection = connection
        self.subscriptions: dict[str, Subscription] = {}
        self.authenticated = False
        self.closed = False
        self.behind: set[str] = set()
        """State channels whose latest it has not been sent, because it is reading too slowly."""
        self._budget = budget

    def send(self, frame: Frame) -> None:
        """Send a frame that is this client's alone."""
        self.write(encode(frame))

    def write(self, payload: bytes) -> None:
        """Send an encoded frame, or close a client that has stopped reading."""
        if self.closed:
            return
        if self.connection.backlog() + len(payload) > self._budget:
            self.close(CloseCode.SLOW_CONSUMER, "reads too slowly: come back and resume")
            return
        self.connection.write(payload)

    @property
    def is_slow(self) -> bool:
        """Whether it should get the latest of state channels later."""
        return self.connection.backlog() > self._budget // 4

    def close(self, code: CloseCode, reason: str) -> None:
        """End the connection; nothing more is sent."""
        if not self.closed:
            self.closed = True
            self.connection.close(code, reason, grace_s=CLOSE_GRACE_S)
