"""One socket, behind the three things that the gateway does with it."""

from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from actors.gateway.protocol import CloseCode


class Connection(Protocol):
    """Where frames go: a socket, or a list in the simulator."""

    def write(self, frame: bytes) -> None:
        """Send a text frame's payload, without waiting."""
        ...

    def backlog(self) -> int:
        """Return the bytes that the client has not taken yet."""
        ...

    def close(self, code: CloseCode, reason: str, *, grace_s: float) -> None:
        """End it: a close frame, and after `grace_s` the plug."""
        ...


class SocketConnection:
    """A websockets connection; the library's documented `broadcast` writes the same way, without waiting."""

    def __init__(
        self, socket: ServerConnection, later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._socket = socket
        self._later = later

    def write(self, frame: bytes) -> None:
        """Send a text frame's payload; nothing once the socket is closing."""
        if self._socket.protocol.state is State.OPEN:
            self._socket.protocol.send_text(frame)
            self._socket.send_data()

    def backlog(self) -> int:
        """Return the bytes in the transport's buffer."""
        return self._socket.transport.get_write_buffer_size()

    def close(self, code: CloseCode, reason: str, *, grace_s: float) -> None:
        """Send the close frame at once; a peer that takes nothing loses the transport after `grace_s`.

        The library's own `close` waits for the buffer to drain first, without a limit.
        """
        if self._socket.protocol.state is State.OPEN:
            self._socket.protocol.send_close(int(code), reason)
            self._socket.send_data()
        self._later(grace_s, self._socket.transport.abort)
