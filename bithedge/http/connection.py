"""Connections: those who dribble are cut off, and what is no HTTP gets a problem all the same."""

import asyncio
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from actors.seams import Ids
from bithedge.http.problems import HttpError, problem_of, problem_response

ARRIVES_WITHIN_S: Final = 10.0
KEEPALIVE_S: Final = 75.0
COMMON_HEADERS: Final = {
    "Server": "BitHedge",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""What every answer carries."""
_MAX_LINE: Final = 131_072  # what is longer never gets as far as our own, lower limits
_OPTIONS: Final[dict[str, Any]] = {
    "keepalive_timeout": KEEPALIVE_S,
    "max_line_size": _MAX_LINE,
    "max_field_size": _MAX_LINE,
    "auto_decompress": False,
    "access_log": None,
}


class Protocol(web.RequestHandler):
    """A connection whose first request must arrive in time; what is no HTTP gets a problem all the same."""

    __slots__ = ("_ids", "_late")

    def __init__(self, server: web.Server, ids: Ids) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **_OPTIONS)
        self._ids = ids

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
        request_id = self._ids.bytes16().hex()
        response = problem_response(problem_of(error, request_id=request_id))
        response.headers.update({"X-Request-Id": request_id, **COMMON_HEADERS})
        response.force_close()
        return response


class Server(web.Server):
    """Makes connections of our own kind."""

    def __init__(self, made: web.Server, ids: Ids) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory)
        self._ids = ids

    def __call__(self) -> web.RequestHandler:
        return Protocol(self, self._ids)


class Runner(web.AppRunner):
    """aiohttp's runner, with our own server."""

    def __init__(self, app: web.Application, ids: Ids, *, shutdown_timeout: float) -> None:
        super().__init__(app, shutdown_timeout=shutdown_timeout)
        self._ids = ids

    async def _make_server(self) -> web.Server:
        return Server(await super()._make_server(), self._ids)
