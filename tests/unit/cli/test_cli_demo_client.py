from collections.abc import AsyncIterator, Callable

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bithedge.cli.demo.client import Api, RefusedError
from bithedge.cli.exits import CommandError, Exit


class Counted(msgspec.Struct):
    number: int


class Served:
    """A daemon that counts its requests and answers as a test says."""

    def __init__(self) -> None:
        self.keys: list[str | None] = []
        self.answer: Callable[[int], web.Response] = _number

    async def handle(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        return self.answer(len(self.keys))


def _number(number: int) -> web.Response:
    return web.json_response({"number": number, "unknown": None})


def refusal(status: int, code: str) -> web.Response:
    body = {"code": code, "detail": "because"}
    return web.json_response(body, status=status, headers={"Retry-After": "0"})


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
async def api(served: Served) -> AsyncIterator[Api]:
    app = web.Application()
    app.router.add_route("*", "/thing", served.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Api(session, str(server.make_url("/")))


async def test_what_is_busy_is_asked_again_under_the_same_key(api: Api, served: Served) -> None:
    served.answer = lambda asked: refusal(429, "busy") if asked < 3 else _number(asked)

    answer = await api.post("/thing", {}, Counted)

    assert answer.number == 3
    assert len(served.keys) == 3
    assert len(set(served.keys)) == 1


async def test_two_commands_have_two_keys(api: Api, served: Served) -> None:
    await api.post("/thing", {}, Counted)
    await api.post("/thing", {}, Counted)

    assert len(set(served.keys)) == 2


async def test_a_refusal_is_not_asked_again_and_tells_its_code(api: Api, served: Served) -> None:
    served.answer = lambda _: refusal(409, "price_moved")

    with pytest.raises(RefusedError, match="POST /thing was refused: price_moved: because") as refused:
        await api.post("/thing", {}, Counted)

    assert refused.value.code == "price_moved"
    assert len(served.keys) == 1


async def test_what_stays_busy_is_told_in_the_end(api: Api, served: Served) -> None:
    served.answer = lambda _: refusal(503, "not_ready")

    with pytest.raises(RefusedError, match="not_ready"):
        await api.get("/thing", Counted)


async def test_an_answer_that_cannot_be_read_is_told(api: Api, served: Served) -> None:
    served.answer = lambda _: web.Response(text="<html>")

    with pytest.raises(CommandError, match="cannot be read"):
        await api.get("/thing", Counted)


async def test_it_waits_until_what_it_waits_for_is_there(api: Api) -> None:
    found = await api.until("/thing", Counted, lambda seen: seen.number == 2, within_s=10)

    assert found.number == 2


async def test_what_does_not_come_in_time_is_told_as_it_was_seen_last(api: Api) -> None:
    with pytest.raises(CommandError, match="Counted"):
        await api.until("/thing", Counted, lambda _: False, within_s=0.1)


async def test_a_daemon_that_does_not_answer_has_its_exit_code() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(CommandError, match="does not answer") as missing:
            await Api(session, "http://127.0.0.1:1").get("/thing", Counted)

    assert missing.value.exit_code is Exit.NODE
