"""The HTTP server: opens the port, times out those who dribble, drains before it stops."""

import asyncio
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from actors.system import System
from bithedge.http.app import GATE, make_app, problem_response
from bithedge.http.problems import HttpError, problem_of

BACKLOG: Final = 1_024
"""aiohttp's 128 loses handshakes at a few hundred connections at once."""
ARRIVES_WITHIN_S: Final = 10.0
DRAIN_S: Final = 8.0
KEEPALIVE_S: Final = 75.0
_MAX_LINE: Final = 131_072  # what is longer never gets as far as our own, lower limits


class Protocol(web.RequestHandler):
    """A connection whose first request must arrive in time; what is no HTTP gets a problem all the same."""

    __slots__ = ("_late",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._late = asyncio.get_running_loop().call_later(ARRIVES_WITHIN_S, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._late.cancel()
        super().connection_lost(exc)

    def arrived(self) -> None:
        """Note that a whole request head is there."""
        self._late.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what aiohttp itself could not read."""
        if isinstance(exc, LineTooLong):
            error = HttpError("headers_too_large", "a line of the request's head is too long")
        elif status < 500:  # noqa: PLR2004 - the client's fault
            error = HttpError("validation_failed", message or "this is no HTTP/1.1 request")
        else:
            return super().handle_error(request, status, exc, message)
        response = problem_response(problem_of(error, request_id=""))
        response.force_close()
        return response


class Server(web.Server):
    """Makes connections of our own kind."""

    def __call__(self) -> web.RequestHandler:
        return Protocol(self, loop=asyncio.get_running_loop(), **_OPTIONS)


_OPTIONS: Final[dict[str, Any]] = {
    "keepalive_timeout": KEEPALIVE_S,
    "max_line_size": _MAX_LINE,
    "max_field_size": _MAX_LINE,
    "auto_decompress": False,
    "access_log": None,
}


class Runner(web.AppRunner):
    """aiohttp's runner, with our own server."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(made.request_handler, request_factory=made.request_factory)


class HttpServer:
    """Serves a system; started and stopped once."""

    def __init__(self, system: System) -> None:
        self._app = make_app(system)
        self._runner = Runner(self._app, shutdown_timeout=DRAIN_S, handle_signals=False)

    async def start(self, host: str, port: int) -> int:
        """Open the port (0: a free one) and return it.

        Raises:
            OSError: it is taken, or not ours to open.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Refuse what is new, let what runs finish for 8 s, close."""
        self._app[GATE].draining = True
        await self._runner.cleanup()
