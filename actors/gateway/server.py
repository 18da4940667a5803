"""The gateway's socket: handshakes, limits of what comes in, and one task a connection."""

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from pykka import ActorDeadError
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from actors.gateway.connection import SocketConnection
from actors.gateway.protocol import CloseCode, beats_of
from actors.gateway.session import Session
from actors.messages.gateway import Beat, Ear, Gone, Opened
from actors.runtime import Address
from actors.seams import Clock, Spawn
from bithedge.config import Stream
from bithedge.domain.errors import BusyError, ShuttingDownError

PATH: Final = "/v1/stream"
MAX_FRAME: Final = 4096
SEND_BUFFER: Final = 65_536
"""The kernel hides what a stalled reader has not taken; a small buffer keeps the budget honest."""
DEAD_PEER_MS: Final = 60_000
"""How long the kernel waits for a peer that acknowledges nothing: half of a line is no line."""
OPEN_S: Final = 5.0


class GatewayServer:
    """Accepts clients and hands what they say to the gateway's desk, a frame at a time."""

    def __init__(
        self,
        gateway: Address,
        config: Stream,
        *,
        origins: Sequence[str],
        clock: Clock,
        spawn: Spawn,
    ) -> None:
        self._gateway = gateway
        self._config = config
        self._origins = frozenset(origins)
        self._clock = clock
        self._spawn = spawn
        self._server: Server | None = None
        self._beating: asyncio.Task[None] | None = None
        self._sessions: dict[Session, None] = {}
        self._per_address: Counter[str] = Counter()

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            OSError: the port is taken.
        """
        self._server = await serve(
            self._serve,
            self._config.host,
            self._config.port,
            process_request=self._check,
            compression=None,
            ping_interval=None,
            max_size=MAX_FRAME,
            max_queue=4,
            backlog=1024,
            server_header=None,
        )
        self._beating = self._spawn(self._beat(), "gateway-beat")
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take nobody new and wait until all have gone; the actor has told them before."""
        if self._server is None:
            return
        self._server.close(close_connections=False)
        for session in list(self._sessions):
            session.close(CloseCode.SHUTDOWN, "going away")  # those that the actor did not know
        await self._server.wait_closed()
        if self._beating is not None:
            self._beating.cancel()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse other paths and foreign pages at the handshake."""
        if urlsplit(request.path).path != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"the stream is at {PATH}\n")
        origins = request.headers.get_all("Origin")
        if any(origin not in self._origins for origin in origins):
            return connection.respond(HTTPStatus.FORBIDDEN, "this origin may not connect\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        _tune(connection)
        later = asyncio.get_running_loop().call_later
        session = Session(SocketConnection(connection, later), budget=self._config.queue_bytes)
        address = str(connection.remote_address[0])
        self._sessions[session] = None
        self._per_address[address] += 1
        try:
            if self._per_address[address] > self._config.max_connections_per_address:
                session.close(CloseCode.TOO_MANY_CHANNELS, "too many connections from this address")
                return
            ear = await self._gateway.ask(Opened(session=session), deadline=OPEN_S)
            await self._listen(connection, session, ear)
        except ConnectionClosed:
            pass
        except ShuttingDownError:
            session.close(CloseCode.SHUTDOWN, "going away")
        except (BusyError, TimeoutError, ActorDeadError):
            session.close(CloseCode.INTERNAL, "busy")
        finally:
            del self._sessions[session]
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]
            self._gateway.post(Gone(session=session))

    async def _listen(self, connection: ServerConnection, session: Session, ear: Ear) -> None:
        """Hand on what a client says, as long as it does not flood."""
        tokens, last = float(self._config.messages_burst), self._clock.monotonic()
        async for message in connection:
            now = self._clock.monotonic()
            tokens = min(
                float(self._config.messages_burst), tokens + (now - last) * self._config.messages_per_s
            )
            last = now
            if tokens < 1:
                session.close(CloseCode.TOO_MANY_MESSAGES, "too many messages")
                return
            tokens -= 1
            if isinstance(message, bytes):
                session.close(CloseCode.PROTOCOL_ERRORS, "text frames only")
                return
            await ear.hear(session, message)

    async def _beat(self) -> None:
        period_s = self._config.heartbeat_ms / 1_000 / beats_of(self._config.heartbeat_ms)
        while True:
            await asyncio.sleep(period_s)
            self._gateway.post(Beat())


def _tune(connection: ServerConnection) -> None:
    raw: socket.socket | None = connection.transport.get_extra_info("socket")
    if raw is None:
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
