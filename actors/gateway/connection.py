"""One socket, behind the few things that the gateway does with it.

A frame is built once and its bytes are written to every transport. The library's `transport` and `protocol`
are not documented, so this is done with the release it was proven with; any other goes the way of the
library's own `broadcast`, which makes the same bytes for each client anew.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.version import version

from actors.gateway.protocol import CloseCode

PROVEN: Final = "17.4"
"""The release of websockets whose transports take frames made elsewhere; a test compares the bytes."""


class Prepared(msgspec.Struct, frozen=True, eq=False):
    """A text frame, made once for all who get it."""

    payload: bytes
    wire: bytes
    """The payload behind its WebSocket header, unmasked as a server sends it."""


def prepare(payload: bytes) -> Prepared:
    """Return a payload as a frame."""
    return Prepared(payload=payload, wire=Frame(Opcode.TEXT, payload).serialize(mask=False))


class Connection(Protocol):
    """Where frames go: a socket, or a list in the simulator."""

    def write(self, frames: Sequence[Prepared]) -> None:
        """Send frames in their order, without waiting."""
        ...

    def backlog(self) -> int:
        """Return the bytes that the client has not taken yet."""
        ...

    async def drained(self) -> None:
        """Wait until the client has taken most of its backlog, or has gone."""
        ...

    def close(self, code: CloseCode, reason: str, *, grace_s: float) -> None:
        """End it: a close frame, and after `grace_s` the plug."""
        ...


class SocketConnection:
    """A websockets connection without extensions, on which nobody sends fragments."""

    def __init__(
        self,
        socket: ServerConnection,
        later: Callable[[float, Callable[[], None]], object],
        *,
        release: str = version,
    ) -> None:
        self._socket = socket
        self._protocol = socket.protocol
        self._transport = socket.transport
        self._later = later
        self._proven = release == PROVEN

    def write(self, frames: Sequence[Prepared]) -> None:
        """Send frames at once; nothing once the socket is closing."""
        if self._protocol.state is not State.OPEN:
            return
        if not self._proven:
            for frame in frames:
                self._protocol.send_text(frame.payload)
            self._socket.send_data()
        elif len(frames) == 1:
            self._transport.write(frames[0].wire)
        else:
            self._transport.write(b"".join([frame.wire for frame in frames]))

    def backlog(self) -> int:
        """Return the bytes in the transport's buffer."""
        return self._transport.get_write_buffer_size()

    async def drained(self) -> None:
        """Wait until the transport wants more; a lost connection ends the wait."""
        try:
            await self._socket.drain()
        except OSError:
            return  # it has gone, as the reading side is about to find

    def close(self, code: CloseCode, reason: str, *, grace_s: float) -> None:
        """Send the close frame at once; a peer that takes nothing loses the transport after `grace_s`.

        The library's own `close` waits for the buffer to drain first, without a limit.
        """
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(int(code), reason)
            self._socket.send_data()
        self._later(grace_s, self._transport.abort)
