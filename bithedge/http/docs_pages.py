"""The API's own pages, served from here alone: paths, error codes, the OpenAPI document."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

import msgspec
from aiohttp import web

from bithedge.http.calls import Reply
from bithedge.http.conditional import etag_of, is_known
from bithedge.http.problems import CODES, TRY_AGAIN

CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #8884;vertical-align:top}code{font-family:ui-monospace,monospace}"
    ":root{color-scheme:light dark}:target{background:#ff03}"
)


def add_docs(app: web.Application, openapi: bytes) -> None:
    """Add `/openapi.json`, `/docs` and `/docs/errors`."""
    document = Reply(body=openapi)
    paths = Reply(body=_paths_page(msgspec.json.decode(openapi)), content_type="text/html")
    errors = Reply(body=_errors_page(), content_type="text/html")
    for path, reply in (("/openapi.json", document), ("/docs", paths), ("/docs/errors", errors)):
        app.router.add_get(path, _server_of(reply))


def _server_of(reply: Reply) -> Any:
    etag = etag_of(reply)
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Security-Policy": CSP}

    async def serve(request: web.Request) -> web.Response:
        if is_known(etag, request.headers.get("If-None-Match")):
            return web.Response(status=web.HTTPNotModified.status_code, headers=headers)
        return web.Response(
            body=reply.body,
            headers=headers,
            content_type=reply.content_type,
            charset="utf-8" if reply.content_type.startswith("text/") else None,
        )

    return serve


def _page(title: str, content: str) -> bytes:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{title} - BitHedge</title><style>{_STYLE}</style><h1>{title}</h1>{content}</html>"
    ).encode()


def _paths_page(document: dict[str, Any]) -> bytes:
    rows = "".join(
        f"<tr><td><code>{method.upper()}</code><td><code>{escape(path)}</code>"
        f"<td>{escape(operation['summary'])}<td>{_codes(operation['responses'])}"
        for path, method, operation in _operations(document)
    )
    return _page(
        "Paths",
        "<p>The whole description is the <a href=/openapi.json>OpenAPI document</a>; "
        "what goes wrong is explained under <a href=/docs/errors>error codes</a>."
        f"<table><tr><th>Method<th>Path<th>What it does<th>Codes of its own{rows}</table>",
    )


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _codes(responses: dict[str, Any]) -> str:
    codes = [
        code
        for status, response in responses.items()
        if int(status) >= web.HTTPBadRequest.status_code
        for code in response["description"].split(", ")
    ]
    return " ".join(f'<a href="/docs/errors#{code}">{code}</a>' for code in codes)


def _errors_page() -> bytes:
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code><td>{status}<td>{escape(title)}'
        f"<td>{'yes' if code in TRY_AGAIN else 'no'}"
        for code, (status, title) in CODES.items()
    )
    return _page(
        "Error codes",
        "<p>Every answer of 400 and above is an <code>application/problem+json</code> document; its "
        "<code>errors</code> name the fields, with the nearest value that would pass."
        "<table><tr><th>Code<th>Status<th>Meaning<th>The same request may pass later"
        f"{rows}</table>",
    )
