"""The application: every request passes the same gate and gets the same headers, whatever answers it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import hdrs, web

from actors.runtime import correlated
from actors.system import System
from bithedge.http.arriving import (
    EXPOSED,
    TAKEN,
    check_host,
    check_origin,
    check_sizes,
    sound_request_id,
)
from bithedge.http.connection import COMMON_HEADERS, Protocol
from bithedge.http.dispatch import Dispatch
from bithedge.http.docs_pages import add_docs
from bithedge.http.openapi import document
from bithedge.http.pages import add_pages
from bithedge.http.problems import HttpError, not_found, problem_of, problem_response
from bithedge.http.table import ROUTES

log = structlog.stdlib.get_logger()

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFLIGHT_KEPT_S: Final = 600
_SERVER_FAULT: Final = 500
_REFUSED: Final = 400


class Gate:
    """The two layers round every handler: what comes in is checked, what goes out is dressed.

    While it is `draining` nothing new is taken.
    """

    def __init__(self, system: System) -> None:
        http = system.config.http
        self._system = system
        self._hosts = frozenset({*http.allowed_hosts, http.host.lower()})
        self._origins = frozenset(http.allowed_origins)
        self.draining = False

    @web.middleware
    async def dress(self, request: web.Request, handler: WebHandler) -> web.StreamResponse:
        """Name the request, turn errors into problems, log one line."""
        request_id = sound_request_id(request) or self._system.ids.bytes16().hex()
        began = self._system.clock.monotonic()
        with correlated(request_id):
            try:
                response = await handler(request)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, the client gets a problem
                response = _refused(error, request, request_id)
            took_ms = round((self._system.clock.monotonic() - began) * 1_000, 1)
            _log(request, response.status, took_ms)
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
            self._share(request, response)
        return response

    @web.middleware
    async def check(self, request: web.Request, handler: WebHandler) -> web.StreamResponse:
        """Refuse what is too large, of a foreign host or origin, or comes too late; answer OPTIONS."""
        if isinstance(request.protocol, Protocol):
            request.protocol.arrived()
        check_sizes(request)
        check_host(request, self._hosts)
        check_origin(request, self._origins)
        if self.draining:
            raise HttpError("shutting_down", "the daemon is stopping", retry_after_s=5)
        unmatched = request.match_info.http_exception
        if request.method == hdrs.METH_OPTIONS:
            return _options(request, unmatched)
        if isinstance(unmatched, web.HTTPMethodNotAllowed):
            raise HttpError(
                "method_not_allowed",
                f"{request.path} does not take {request.method[:20]}",
                headers={"Allow": _allowed(unmatched)},
            )
        if unmatched is not None:
            raise not_found(f"nothing is at {request.path[:200]}")
        return await handler(request)

    def _share(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the pages of allowed origins read the answer."""
        response.headers.add("Vary", "Origin, Accept")
        try:
            origin = check_origin(request, self._origins)
        except HttpError:
            return
        if origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED


def make_app(system: System) -> web.Application:
    """Return the application of a running system."""
    gate = Gate(system)
    app = web.Application(middlewares=[gate.dress, gate.check])
    app[GATE] = gate
    app.on_response_prepare.append(_common_headers)
    dispatch = Dispatch(system)
    for route in ROUTES:
        handler = dispatch.handler(route)
        if route.method == "GET":
            app.router.add_get(route.path, handler)
        else:
            app.router.add_post(route.path, handler)
    add_docs(app, document(ROUTES, version=system.version))
    add_pages(app, stream_url=system.stream_url)
    return app


GATE: Final = web.AppKey("gate", Gate)


def _refused(error: Exception, request: web.Request, request_id: str) -> web.Response:
    if isinstance(error, web.HTTPException) and error.status < _REFUSED:
        raise error
    if isinstance(error, web.HTTPException):
        error = not_found(f"nothing is at {request.path[:200]}")
    problem = problem_of(error, request_id=request_id, commits=request.method == hdrs.METH_POST)
    if problem.status == _SERVER_FAULT:
        log.error("http.request_failed", path=request.path, exc_info=error)
    else:
        log.info("http.request_refused", path=request.path, code=problem.code, detail=str(error))
    return problem_response(problem)


def _log(request: web.Request, status: int, took_ms: float) -> None:
    say = log.debug if request.method in (hdrs.METH_GET, hdrs.METH_HEAD) else log.info
    resource = request.match_info.route.resource
    route = None if resource is None else resource.canonical
    say("http.request_answered", method=request.method, route=route, status=status, took_ms=took_ms)


def _options(request: web.Request, unmatched: web.HTTPException | None) -> web.Response:
    if not isinstance(unmatched, web.HTTPMethodNotAllowed):
        raise not_found(f"nothing is at {request.path[:200]}")
    allowed = _allowed(unmatched)
    headers = {"Allow": allowed}
    if "Access-Control-Request-Method" in request.headers and "Origin" in request.headers:
        headers |= {
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": TAKEN,
            "Access-Control-Max-Age": str(PREFLIGHT_KEPT_S),
        }
    return web.Response(status=web.HTTPNoContent.status_code, headers=headers)


def _allowed(unmatched: web.HTTPMethodNotAllowed) -> str:
    return ", ".join(sorted({*unmatched.allowed_methods, hdrs.METH_OPTIONS}))


async def _common_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(COMMON_HEADERS)
