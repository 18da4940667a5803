"""From a route of the table to an aiohttp handler: shape, rate, key, work, answer, in this order."""

import hmac
import types
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_origin

import msgspec
from aiohttp import web

from actors.system import System
from bithedge.http.arriving import idempotency_key, read_body
from bithedge.http.buckets import Buckets
from bithedge.http.calls import Call, Nothing, Reply, Scope, body_hash
from bithedge.http.conditional import etag_of, is_known
from bithedge.http.idempotency import Twins
from bithedge.http.problems import HttpError, not_found
from bithedge.http.routes import Access, Route
from bithedge.http.shapes import read_query, read_struct, read_union
from bithedge.http.strict_json import Tree, read_object
from bithedge.http.tables import MEDIA_TYPE as CSV
from bithedge.http.tables import csv_of, wants_csv
from bithedge.storage.ports import Answer
from bithedge.storage.queries.kept import answer
from bithedge.views.context import context_of

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CACHING: Final = {Access.OPERATOR: "no-store"}


class Dispatch:
    """Makes the handlers of one running system; holds what they share: buckets and running keys."""

    def __init__(self, system: System) -> None:
        self._system = system
        http = system.config.http
        self._buckets = {
            access: Buckets(rate_per_s=http.rate_per_s, burst=http.rate_burst) for access in Access
        }
        self._commits = Buckets(rate_per_s=http.commit_per_s, burst=http.commit_burst)
        self._twins = Twins(self._kept)
        self._since = system.clock.monotonic()

    def handler(self, route: Route) -> WebHandler:
        """Return the aiohttp handler of a route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            query = read_query(request.query.items(), route.query)
            tree, body = await self._body(route, request)
            key = (
                idempotency_key(request, required=route.key == "required") if route.body is not None else None
            )
            self._count(route, request)
            self._admit(route, request)
            call = Call[Any, Any](
                system=self._system,
                path=request.match_info,
                query=query,
                body=body,
                serving_since=self._since,
                context=context_of(
                    self._system.board,
                    depth=self._system.config.depth,
                    pricing=self._system.pricing,
                    now_ms=self._system.clock.now_ms(),
                ),
                scope=None if key is None else _scope(request, key, tree),
            )
            reply = await self._work(route, call)
            return _response(route, request, reply)

        return handle

    async def _body(self, route: Route, request: web.Request) -> tuple[Tree, Any]:
        if route.body is None:
            return {}, Nothing()
        raw = await read_body(request, at_most=self._system.config.http.body_bytes)
        tree = read_object(raw) if raw else {}
        if get_origin(route.body) is types.UnionType:
            return tree, read_union(tree, route.body)
        return tree, read_struct(tree, route.body)

    def _count(self, route: Route, request: web.Request) -> None:
        client, now = request.remote or "", self._system.clock.monotonic()
        wait_s = self._buckets[route.access].take(client, now)
        if wait_s == 0 and route.commits:
            wait_s = self._commits.take(client, now)
        if wait_s > 0:
            raise HttpError(
                "rate_limited",
                "too many requests from this address; its bucket refills",
                retry_after_s=wait_s,
            )

    def _admit(self, route: Route, request: web.Request) -> None:
        if route.access is Access.DEVNET and self._system.devnet is None:
            raise not_found("this path exists on a devnet only")
        if route.access is Access.OPERATOR:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            known = self._system.operator_token.encode()
            if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), known):
                raise HttpError("unauthorised", "send Authorization: Bearer with the operator's token")

    async def _work(self, route: Route, call: Call[Any, Any]) -> Reply:
        if call.scope is None:
            return await route.handle(call)
        return await self._twins.once(call.scope, lambda: route.handle(call))

    async def _kept(self, scope: str) -> Answer | None:
        return await self._system.reader.read(answer, scope, self._system.clock.now_ms())


def _scope(request: web.Request, key: str, tree: Tree) -> Scope:
    return Scope(name=f"{request.method} {request.path} {key}", body_hash=body_hash(tree))


class _List(msgspec.Struct, frozen=True):
    items: list[dict[str, object]]
    next_cursor: str | None = None


def _response(route: Route, request: web.Request, reply: Reply) -> web.Response:
    if route.method == "GET":
        return _read(route, request, reply)
    headers = dict(reply.headers) | {"Content-Type": reply.content_type}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _read(route: Route, request: web.Request, reply: Reply) -> web.Response:
    if route.item is not None and wants_csv(request.headers.get("Accept")):
        reply = _as_table(route.item, request, reply)
    etag = etag_of(reply)
    headers = dict(reply.headers) | {"ETag": etag, "Cache-Control": _CACHING.get(route.access, "no-cache")}
    if reply.status == web.HTTPOk.status_code and is_known(etag, request.headers.get("If-None-Match")):
        return web.Response(status=web.HTTPNotModified.status_code, headers=headers)
    headers["Content-Type"] = reply.content_type
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _as_table(kind: type[msgspec.Struct], request: web.Request, reply: Reply) -> Reply:
    """Return a list as CSV; its cursor moves into the `Link` header."""
    listed = msgspec.json.decode(reply.body, type=_List)
    headers = reply.headers
    if listed.next_cursor is not None:
        following = request.rel_url.update_query(cursor=listed.next_cursor)
        headers = (*headers, ("Link", f'<{following}>; rel="next"'))
    return Reply(
        status=reply.status,
        body=csv_of(kind, listed.items),
        content_type=f"{CSV}; charset=utf-8; header=present",
        headers=headers,
    )
