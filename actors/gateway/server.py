"""The gateway's socket: handshakes, limits of what comes in, and one task a connection."""

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from actors.gateway.connection import SocketConnection
from actors.gateway.protocol import CloseCode
from actors.gateway.session import Session
from actors.messages.gateway import Beat, Gone, Opened, Said
from actors.runtime import Address
from actors.seams import Clock, Spawn
from bithedge.config import Stream
from bithedge.domain.errors import BusyError

log = structlog.stdlib.get_logger()

PATH = "/v1/stream"
MAX_FRAME = 4096
SEND_BUFFER = 65_536
"""The kernel hides what a stalled reader has not taken; a small buffer keeps the budget honest."""


class GatewayServer:
    """Accepts clients and hands what they say to the gateway's actor."""

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
        self._spawn(self._beat(), "gateway-heartbeat")
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take nobody new and wait until all have gone; the actor has told them before."""
        if self._server is not None:
            self._server.close(close_connections=False)
            for connection in list(self._server.connections):
                connection.transport.abort()
            await self._server.wait_closed()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse other paths and foreign pages at the handshake."""
        if urlsplit(request.path).path != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"the stream is at {PATH}\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self._origins:
            return connection.respond(HTTPStatus.FORBIDDEN, "this origin may not connect\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        transport = connection.transport
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        loop = asyncio.get_running_loop()
        session = Session(SocketConnection(connection, loop.call_later), budget=self._config.queue_bytes)
        address = str(connection.remote_address[0])
        self._per_address[address] += 1
        try:
            if self._per_address[address] > self._config.max_connections_per_address:
                session.close(CloseCode.TOO_MANY_CHANNELS, "too many connections from this address")
                return
            self._gateway.tell(Opened(session=session))
            await self._listen(connection, session)
        except ConnectionClosed:
            pass
        except BusyError:
            session.close(CloseCode.INTERNAL, "busy")
        finally:
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]
            self._gateway.post(Gone(session=session))

    async def _listen(self, connection: ServerConnection, session: Session) -> None:
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
            self._gateway.tell(Said(session=session, text=message))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._config.heartbeat_ms / 1_000)
            self._gateway.post(Beat())
