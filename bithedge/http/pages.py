"""The dashboard: one page and its assets, as they were built."""

from pathlib import Path
from typing import Final

from aiohttp import web

from bithedge.http.problems import not_found

DIST: Final = Path(__file__).resolve().parent.parent / "dashboard" / "dist"
_NOT_BUILT: Final = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>BitHedge</title>"
    "<h1>BitHedge is running</h1><p>The dashboard is not built: run <code>make setup</code>. "
    "The API is described <a href=/docs>here</a>.</html>"
)
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


def csp_of(stream_url: str) -> str:
    """Return the dashboard's content security policy; it may connect to us and our stream alone."""
    origin = stream_url.partition("://")[0] + "://" + stream_url.partition("://")[2].partition("/")[0]
    return (
        f"default-src 'self'; connect-src 'self' {origin}; style-src 'self'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


def add_pages(app: web.Application, *, stream_url: str, dist: Path = DIST) -> None:
    """Add `/`, the hashed assets and what else lies beside the page."""
    csp = {"Content-Security-Policy": csp_of(stream_url)}

    async def index(_: web.Request) -> web.StreamResponse:
        page = dist / "index.html"
        if not page.is_file():
            return web.Response(text=_NOT_BUILT, content_type="text/html", headers=csp)
        return web.FileResponse(page, headers={**csp, "Cache-Control": "no-cache"})

    async def asset(request: web.Request) -> web.StreamResponse:
        return _file(dist / "assets", request.match_info["name"], _IMMUTABLE)

    async def beside(request: web.Request) -> web.StreamResponse:
        return _file(dist, request.match_info["name"], "no-cache")

    app.router.add_get("/", index)
    app.router.add_get(r"/assets/{name:[A-Za-z0-9_][A-Za-z0-9._-]*}", asset)
    app.router.add_get(r"/{name:[A-Za-z0-9_-]+\.(?:svg|png|ico|webmanifest|txt|woff2)}", beside)


def _file(folder: Path, name: str, caching: str) -> web.FileResponse:
    path = folder / name
    if not path.is_file():
        raise not_found(f"there is no file {name}")
    return web.FileResponse(path, headers={"Cache-Control": caching})
