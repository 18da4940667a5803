from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.gateway.protocol import CloseCode
from tests.unit.actors.gateway_world import GatewayWorld, a_gateway, builders, in_background, of


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with a_gateway(tmp_path) as world:
        yield world


async def test_a_planned_stop_is_announced_and_closes_with_1001(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as world:
        client = await world.connect()
        await client.subscribe("policies")

    assert client.tape.frames[-1] == {"type": "shutdown", "reconnect_after_ms": 1_000}
    assert client.tape.code is CloseCode.SHUTDOWN


async def test_a_gateway_that_fails_closes_all_its_clients_with_1011(world: GatewayWorld) -> None:
    clients = [await world.connect() for _ in range(3)]
    await world.crash()

    assert {client.tape.code for client in clients} == {CloseCode.INTERNAL}
    assert (await world.status())["clients"] == 0


async def test_whoever_comes_back_after_a_failure_resumes_without_a_gap(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("blocks")
    await world.append(builders.followed(1))
    await world.crash()
    await world.append(builders.followed(2))
    back = await world.connect()
    frames = await back.subscribe("blocks", since=1)
    await world.append(builders.followed(3))

    assert of(frames, "hello")[0]["epoch"] == "e1"
    assert [event["seq"] for event in of(frames, "event")] == [2]
    assert [event["seq"] for event in await back.news()] == [3]


async def test_what_is_committed_between_two_incarnations_reaches_who_joins_the_second(
    world: GatewayWorld,
) -> None:
    world.address.post("a message that it does not know")  # type: ignore[arg-type]
    await world.append(builders.followed(1))
    client = await world.connect()
    frames = await client.subscribe("blocks")

    assert [(frame["type"], frame["seq"]) for frame in frames if "seq" in frame] == [
        ("hello", 1),
        ("snapshot", 1),
    ]


async def test_an_op_for_an_incarnation_that_has_ended_changes_nothing_in_the_next(
    world: GatewayWorld,
) -> None:
    client = await world.connect()
    await world.crash()
    await client.send({"op": "subscribe", "id": 1, "channels": ["blocks"]})
    await world.append(builders.followed(1))
    await world.settle()

    assert client.session.subscriptions == {}
    assert of(client.tape.frames, "event") == []


async def test_a_beginning_under_way_ends_with_its_incarnation(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(world, client.subscribe("blocks", since=0))
    await world.settle()
    await world.crash()
    client.tape.read_again()
    await asked

    assert client.tape.code is CloseCode.INTERNAL
    assert client.session.queued_bytes == 0
