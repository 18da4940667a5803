"""An `Idempotency-Key` seen from outside."""

import asyncio
import json

import pytest
from http_scene import KEY, QUOTE_BODY, Scene

from bithedge.domain.errors import InsufficientCapacityError
from bithedge.storage.queries.kept import answer

JSON = {"Content-Type": "application/json"}


def raw(body: dict[str, object]) -> bytes:
    return json.dumps(body).encode()


async def test_a_key_gives_the_same_quote_byte_for_byte(scene: Scene) -> None:
    first = await scene.post("/v1/quotes", QUOTE_BODY, KEY)
    again = await scene.ask(
        "POST", "/v1/quotes", data=raw(dict(reversed(QUOTE_BODY.items()))), headers=KEY | JSON
    )

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == "application/json"
    assert len(scene.pool.heard) == 1


async def test_a_key_is_bound_to_its_body(scene: Scene) -> None:
    await scene.post("/v1/quotes", QUOTE_BODY, KEY)
    told = await scene.post("/v1/quotes", QUOTE_BODY | {"tenor_blocks": 1_000}, KEY)

    assert (told.status, told.code) == (409, "idempotency_conflict")


async def test_a_refusal_is_not_kept(scene: Scene) -> None:
    price = scene.pool.plays.pop("PriceQuote")

    def refuse(_: object) -> object:
        raise InsufficientCapacityError("full")

    scene.pool.plays["PriceQuote"] = refuse
    refused = await scene.post("/v1/quotes", QUOTE_BODY, KEY)
    scene.pool.plays["PriceQuote"] = price
    taken = await scene.post("/v1/quotes", QUOTE_BODY, KEY)

    assert (refused.status, taken.status) == (422, 201)


async def test_an_answer_is_kept_for_a_day(scene: Scene) -> None:
    first = await scene.post("/v1/quotes", QUOTE_BODY, KEY)
    scope = "POST /v1/quotes " + KEY["Idempotency-Key"]
    assert await scene.system.reader.read(answer, scope, scene.clock.ms) is not None

    scene.clock.ms += 24 * 3_600_000 + 1
    again = await scene.post("/v1/quotes", QUOTE_BODY, KEY)

    assert again.json["quote_id"] != first.json["quote_id"]


async def test_many_at_once_with_one_key_are_one(scene: Scene) -> None:
    told = await asyncio.gather(*(scene.post("/v1/quotes", QUOTE_BODY, KEY) for _ in range(8)))

    assert len({one.body for one in told}) == 1
    assert len(scene.pool.heard) == 1


@pytest.mark.parametrize("key", ["short", "k" * 129, "spaces are no key..", "käseglocke-käseglocke"])
async def test_what_is_no_key_is_refused(scene: Scene, key: str) -> None:
    told = await scene.post("/v1/quotes", QUOTE_BODY, {"Idempotency-Key": key})

    assert (told.status, told.code) == (400, "validation_failed")


async def test_a_command_wants_a_key(scene: Scene) -> None:
    told = await scene.post("/v1/policies/7/settlement", {})

    assert (told.status, told.code) == (400, "idempotency_key_missing")
