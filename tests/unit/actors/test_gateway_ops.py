from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from actors.gateway.protocol import CloseCode
from tests.unit.actors.gateway_world import (
    CONFIG,
    EPOCH,
    HOLDER,
    TOKEN,
    GatewayWorld,
    a_gateway,
    builders,
    of,
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with a_gateway(tmp_path) as world:
        yield world


async def test_the_first_frame_says_where_the_stream_is_and_what_its_limits_are(world: GatewayWorld) -> None:
    await world.append(builders.a_price())
    client = await world.connect()

    assert await client.news() == [
        {
            "type": "hello",
            "protocol": 1,
            "epoch": EPOCH,
            "seq": 1,
            "heartbeat_ms": CONFIG.heartbeat_ms,
            "max_channels": 128,
        }
    ]


async def test_a_ping_is_answered_under_its_id(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.send({"op": "ping", "id": 3})

    assert (await client.news())[1:] == [{"type": "pong", "id": 3}]


async def test_a_subscription_is_answered_with_the_names_as_given_each_once(world: GatewayWorld) -> None:
    client = await world.connect()
    frames = await client.subscribe("policies", "policy:7", "policies")

    assert of(frames, "subscribed") == [
        {"type": "subscribed", "id": 1, "channels": ["policies", "policy:7"], "resumed": False}
    ]
    assert [frame["channel"] for frame in of(frames, "snapshot")] == ["policies", "policy:7"]


async def test_one_bad_channel_refuses_the_whole_op_and_changes_nothing(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.news()

    frames = await client.subscribe("policies", "weather")
    await world.append(*builders.reserved(1), builders.pending(1))

    assert [(frame["type"], frame["id"], frame["code"]) for frame in frames] == [
        ("error", 1, "unknown_channel")
    ]
    assert client.session.subscriptions == {}
    assert await client.news() == []


async def test_more_channels_than_allowed_are_refused_those_had_already_counted_once(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, max_channels=3)
    async with a_gateway(tmp_path, config=config) as world:
        client = await world.connect()
        await client.subscribe("policies", "blocks", "alerts")

        assert of(await client.subscribe("alerts", "blocks"), "error") == []
        assert of(await client.subscribe("transactions"), "error")[0]["code"] == "too_many_channels"
        assert set(client.session.subscriptions) == {"policies", "blocks", "alerts"}


async def test_who_unsubscribes_hears_no_more(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("policies", "blocks")

    await client.send({"op": "unsubscribe", "id": 2, "channels": ["blocks"]})
    assert await client.news() == [{"type": "unsubscribed", "id": 2, "channels": ["blocks"]}]
    await world.append(builders.followed(1), *builders.reserved(1), builders.pending(1))

    assert [frame["channel"] for frame in await client.news()] == ["policies"]


async def test_unsubscribing_from_what_one_has_not_is_harmless(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("policies")
    await client.send({"op": "unsubscribe", "id": 2, "channels": ["blocks", f"owner:{HOLDER}"]})

    assert of(await client.news(), "error") == []
    assert set(client.session.subscriptions) == {"policies"}


async def test_the_operators_channel_wants_its_token_first(world: GatewayWorld) -> None:
    client = await world.connect()
    refused = await client.subscribe("operator")
    await client.send({"op": "auth", "id": 2, "token": TOKEN})
    authenticated = await client.news()
    frames = await client.subscribe("operator")
    await world.append(builders.a_price(), *builders.reserved(1))
    events = await client.news()

    assert of(refused, "error")[0]["code"] == "unauthorised"
    assert authenticated == [{"type": "authenticated", "id": 2}]
    assert of(frames, "snapshot")[0]["seq"] == 0
    assert [(frame["name"], frame["seq"], frame["prev"]) for frame in events] == [
        ("PriceObserved", 1, 0),
        ("QuoteIssued", 2, 1),
        ("CapacityReserved", 3, 2),
    ]


async def test_the_operators_channel_begins_with_how_the_daemon_fares(world: GatewayWorld) -> None:
    await world.append(builders.a_price())
    client = await world.connect()
    await client.send({"op": "auth", "id": 1, "token": TOKEN})
    world.clock.ms += 7_000
    snapshot = of(await client.subscribe("operator"), "snapshot")[0]
    world.node.block_height = None
    silent = of(await client.subscribe("operator"), "snapshot")[0]["data"]

    told = snapshot["data"]
    assert snapshot["seq"] == told["journal"]["seq"] == 1
    assert (told["uptime_s"], told["version"]) == (7, "0.1.0")
    assert (told["node"]["block_height"], told["node"]["lag_blocks"]) == (503, 3)
    assert told["gateway"]["clients"] == 1
    assert told["breakers"][0]["ok"] is True
    assert (silent["node"]["block_height"], silent["node"]["lag_blocks"]) == (None, None)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ä"])
async def test_a_wrong_token_closes_with_4003(world: GatewayWorld, token: str) -> None:
    client = await world.connect()
    await client.send({"op": "auth", "id": 1, "token": token})

    assert client.tape.code is CloseCode.WRONG_TOKEN


async def test_the_tenth_error_within_a_minute_closes_with_4001(world: GatewayWorld) -> None:
    client = await world.connect()
    for _ in range(9):
        await client.send("{")
    assert client.tape.code is None

    await client.send("{")
    assert len(of(client.tape.frames, "error")) == 10
    assert client.tape.code is CloseCode.PROTOCOL_ERRORS


async def test_errors_spread_over_more_than_a_minute_close_nothing(world: GatewayWorld) -> None:
    client = await world.connect()
    for _ in range(30):
        await client.send("{")
        world.clock.ms += 7_000

    assert client.tape.code is None


async def test_nothing_is_done_for_a_client_that_was_closed(world: GatewayWorld) -> None:
    client = await world.connect()
    client.session.close(CloseCode.TOO_MANY_MESSAGES, "flood")
    frames = len(client.tape.frames)
    await client.send({"op": "subscribe", "id": 1, "channels": ["policies"]})

    assert len(client.tape.frames) == frames
    assert client.session.subscriptions == {}


async def test_a_client_that_has_left_leaves_nothing_behind(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("policies", "pool", f"owner:{HOLDER}", "policy:1")
    client.leave()
    await world.append(*builders.reserved(1), builders.pending(1))
    await world.settle()

    assert (await world.status())["clients"] == 0
    assert client.session.subscriptions == {}
    assert of(client.tape.frames, "event") == []


async def test_the_status_counts_clients_their_backlog_and_why_they_were_closed(world: GatewayWorld) -> None:
    slow, wrong = await world.connect(), await world.connect()
    slow.tape.stalled = True
    await slow.send({"op": "ping", "id": 1})
    await wrong.send({"op": "auth", "id": 1, "token": "wrong"})
    wrong.leave()
    await world.settle()

    status = await world.status()
    assert status == {"clients": 1, "queued_bytes": slow.tape.unread, "closed": {"4003": 1}}
    assert status["queued_bytes"] > 0
