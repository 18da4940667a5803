from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bithedge.http.pages import add_pages, csp_of


async def test_hashed_assets_never_change_and_the_page_always_may(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>hello")
    (tmp_path / "assets" / "main-1a2b.js").write_text("1")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    app = web.Application()
    add_pages(app, stream_url="ws://127.0.0.1:8481/v1/stream", dist=tmp_path)

    async with TestClient(TestServer(app)) as client:
        page = await client.get("/")
        asset = await client.get("/assets/main-1a2b.js")
        icon = await client.get("/favicon.svg")

        assert await page.text() == "<!doctype html>hello"
        assert page.headers["Cache-Control"] == "no-cache"
        assert "immutable" in asset.headers["Cache-Control"]
        assert asset.content_type in ("text/javascript", "application/javascript")
        assert icon.status == 200


def test_the_policy_names_the_streams_origin_without_its_path() -> None:
    assert "connect-src 'self' wss://stream.example:443;" in csp_of("wss://stream.example:443/v1/stream")
