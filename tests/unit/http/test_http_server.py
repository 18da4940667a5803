"""The server on a real port."""

import asyncio
import json

from aiohttp import ClientSession
from http_scene import Scene

from bithedge.http.app import GATE
from bithedge.http.server import HttpServer


async def said(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await reader.read(65_536)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_free_port_is_taken_and_given_back(scene: Scene) -> None:
    server = HttpServer(scene.system)
    port = await server.start("127.0.0.1", 0)

    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/healthz") as response:
        assert await response.json() == {"status": "ok"}
    await server.stop()

    again = HttpServer(scene.system)
    assert await again.start("127.0.0.1", port) == port
    await again.stop()


async def test_what_is_no_http_gets_a_problem_all_the_same(scene: Scene) -> None:
    server = HttpServer(scene.system)
    port = await server.start("127.0.0.1", 0)

    head, _, body = (await said(port, b"hello\r\n\r\n")).partition(b"\r\n\r\n")

    assert b" 400 " in head.splitlines()[0]
    assert b"application/problem+json" in head
    assert b"Server: BitHedge" in head
    assert b"X-Request-Id: " in head
    assert json.loads(body)["code"] == "validation_failed"
    await server.stop()


async def test_a_line_without_end_is_refused(scene: Scene) -> None:
    server = HttpServer(scene.system)
    port = await server.start("127.0.0.1", 0)

    answer = await said(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 140_000 + b"\r\n\r\n")

    assert answer.split(b" ")[1] == b"431"
    await server.stop()


async def test_while_it_drains_nothing_new_is_taken(scene: Scene) -> None:
    app = scene.client.server.app  # type: ignore[attr-defined]
    app[GATE].draining = True

    told = await scene.get("/v1/config")

    assert (told.status, told.code) == (503, "shutting_down")
    assert told.headers["Retry-After"] == "5"
