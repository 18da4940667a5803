import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.gateway import session as sessions
from actors.gateway.fanout import SLICE
from actors.gateway.protocol import CloseCode, beats_of
from tests.unit.actors.gateway_parts import SPOT, a_market
from tests.unit.actors.gateway_world import (
    CONFIG,
    HOLDER,
    Client,
    GatewayWorld,
    a_gateway,
    builders,
    in_background,
    of,
)

BEATS = beats_of(CONFIG.heartbeat_ms)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with a_gateway(tmp_path) as world:
        yield world


async def follow(world: GatewayWorld, *, upto_bytes: int, client: Client) -> int:
    """Follow blocks until a stalled client has so much unread; return how many."""
    count = 0
    while client.tape.unread < upto_bytes and client.tape.code is None:
        count += 1
        await world.append(builders.followed(count))
        await world.settle()
    return count


# ------------------------------------------------------------ fan-out


async def test_an_event_is_encoded_once_for_each_name_it_goes_out_under(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1), *builders.bought(1, 1))
    by_number, by_quote, like_it = [await world.connect() for _ in range(3)]
    await by_number.subscribe("policy:1")
    for client in (by_quote, like_it):
        await client.subscribe(f"policy:{builders.quote(1)}")
    await world.append(builders.of_operation(builders.sent(1)))
    await world.settle()

    assert by_quote.tape.prepared[-1] is like_it.tape.prepared[-1]
    assert by_number.tape.prepared[-1] is not by_quote.tape.prepared[-1]
    assert by_number.tape.frames[-1] | {"channel": ""} == by_quote.tape.frames[-1] | {"channel": ""}


async def test_what_one_commit_brings_a_client_is_one_write(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("blocks", "policies", f"owner:{HOLDER}")
    writes = client.tape.writes
    await world.append(builders.followed(1), *builders.reserved(1), *builders.bought(1, 1))

    assert len(await client.news()) == 3
    assert client.tape.writes == writes + 1


async def test_a_fan_out_to_many_lets_others_have_their_turn(world: GatewayWorld) -> None:
    clients = [await world.connect() for _ in range(3 * SLICE)]
    for client in clients:
        await client.send({"op": "subscribe", "id": 1, "channels": ["blocks"]})
    told: list[int] = []

    async def watch() -> None:
        while not told or told[-1] < len(clients):
            told.append(sum(client.tape.frames[-1]["type"] == "event" for client in clients))
            await asyncio.sleep(0)

    watching = in_background(world, watch())
    await world.append(builders.followed(1))
    await watching

    assert {SLICE, 2 * SLICE} <= set(told)


# ------------------------------------------------------------ event channels


async def test_a_reader_that_takes_nothing_is_closed_with_4000_within_its_budget(world: GatewayWorld) -> None:
    slow, other = await world.connect(), await world.connect()
    await slow.subscribe("blocks")
    await other.subscribe("blocks")
    slow.tape.stalled = True
    followed = await follow(world, upto_bytes=2 * CONFIG.queue_bytes, client=slow)

    assert slow.tape.code is CloseCode.SLOW_CONSUMER
    assert CONFIG.queue_bytes - 2_000 < slow.tape.unread <= CONFIG.queue_bytes
    assert [event["seq"] for event in of(await other.news(), "event")] == list(range(1, followed + 1))


async def test_who_was_closed_for_slowness_resumes_where_it_stopped_reading(world: GatewayWorld) -> None:
    slow = await world.connect()
    await slow.subscribe("blocks")
    slow.tape.stalled = True
    followed = await follow(world, upto_bytes=2 * CONFIG.queue_bytes, client=slow)
    had = of(slow.tape.frames, "event")[-1]["seq"]
    frames = await (await world.connect()).subscribe("blocks", since=had)

    assert had < followed
    assert [event["seq"] for event in of(frames, "event")] == list(range(had + 1, followed + 1))


async def test_a_beginning_larger_than_the_budget_goes_out_as_fast_as_it_is_taken(
    world: GatewayWorld,
) -> None:
    await world.append(*(builders.followed(1) for _ in range(400)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(
        world,
        client.send({"op": "subscribe", "id": 1, "channels": ["blocks"], "since": {"epoch": "e1", "seq": 0}}),
    )
    most, turns = 0, 0
    while not asked.done():
        await world.settle()
        most = max(most, client.tape.unread)
        client.tape.read_again()
        client.tape.stalled = True
        turns += 1

    assert client.tape.code is None
    assert [event["seq"] for event in of(client.tape.frames, "event")] == list(range(1, 401))
    assert sum(len(frame.wire) for frame in client.tape.prepared) > 2 * CONFIG.queue_bytes
    assert most < CONFIG.queue_bytes // 2
    assert turns > 2


async def test_events_wait_behind_a_beginning_and_follow_it_in_order(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(world, client.subscribe("blocks", since=0))
    await world.settle()
    waiting = len(client.tape.frames)
    for height in range(2, 22):
        await world.append(builders.followed(height))
    await world.settle()
    held = client.session.queued_bytes - client.tape.unread
    client.tape.read_again()
    await asked

    assert waiting < 200
    assert held > 0
    assert [event["seq"] for event in of(client.tape.frames, "event")] == list(range(1, 221))
    assert client.session.queued_bytes == 0


async def test_what_waits_behind_a_beginning_counts_in_the_budget(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(world, client.subscribe("blocks", since=0))
    await world.settle()
    while client.tape.code is None:
        await world.append(builders.followed(2))
        await world.settle()
    await asked

    assert client.tape.code is CloseCode.SLOW_CONSUMER
    assert client.session.queued_bytes == client.tape.unread


async def test_who_takes_nothing_of_its_beginning_is_closed_with_4000(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PACE_PATIENCE_S", 0.0)
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    await client.subscribe("blocks", since=0)

    assert client.tape.code is CloseCode.SLOW_CONSUMER


async def test_a_client_that_vanishes_in_its_beginning_holds_no_frames(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(world, client.subscribe("blocks", since=0))
    await world.settle()
    await world.append(builders.followed(2))
    client.leave()
    await world.settle()
    client.tape.read_again()
    await asked

    assert not client.session.subscriptions
    assert client.session.queued_bytes == 0
    assert (await world.status()) == {"clients": 0, "queued_bytes": 0, "closed": {}}


async def test_one_client_in_a_long_beginning_keeps_nobody_waiting(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(2_000)))
    long, other = await world.connect(), await world.connect()
    await other.subscribe("blocks")
    asked = in_background(world, long.subscribe("blocks", since=0))
    await asyncio.sleep(0)
    await world.append(builders.followed(2))
    await other.until("event")

    assert not asked.done()
    await asked
    assert len(of(long.tape.frames, "event")) == 2_001


# ------------------------------------------------------------ state channels


async def test_a_slow_reader_gets_the_latest_state_when_it_reads_again(world: GatewayWorld) -> None:
    slow = await world.connect()
    await slow.subscribe("oracle", "blocks")
    slow.tape.stalled = True
    await follow(world, upto_bytes=CONFIG.queue_bytes // 4, client=slow)
    await slow.news()
    for moved in range(1, 6):
        world.board.post_market(a_market(SPOT + moved))
        await world.beat(1)
    skipped = await slow.news()
    slow.tape.read_again()
    await world.beat(1)

    assert of(skipped, "event") == []
    assert [event["data"]["spot_usd_e8"] for event in await slow.news()] == [SPOT + 5]
    await world.beat(1)
    assert await slow.news() == []


async def test_a_state_that_changes_during_a_beginning_follows_it(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(world, client.subscribe("blocks", "oracle", since=0))
    await world.settle()
    world.board.post_market(a_market(SPOT + 1))
    await world.settle()
    client.tape.read_again()
    await asked
    await world.beat(1)

    shown = [frame for frame in client.tape.frames if frame.get("channel") == "oracle"]
    assert [(frame["type"], frame["data"]["spot_usd_e8"]) for frame in shown] == [
        ("snapshot", SPOT),
        ("event", SPOT + 1),
    ]
    assert client.tape.frames[-1] is shown[-1]


async def test_no_frame_says_that_more_was_sent_than_was(world: GatewayWorld) -> None:
    await world.append(*(builders.followed(1) for _ in range(200)))
    client = await world.connect()
    client.tape.stalled = True
    asked = in_background(world, client.subscribe("blocks", "oracle", since=10))
    await world.settle()
    await world.beat(3 * BEATS)
    client.tape.read_again()
    await asked

    highest = 10
    for frame in client.tape.frames[1:]:
        if frame["type"] == "event" and frame["channel"] == "blocks":
            assert frame["prev"] <= highest
            highest = frame["seq"]
        else:
            assert frame.get("seq", 0) <= highest
    assert highest == 200


# ------------------------------------------------------------ heartbeats


async def test_only_who_was_silent_for_so_long_gets_a_heartbeat(world: GatewayWorld) -> None:
    await world.append(builders.a_price())
    silent, spoken = await world.connect(), await world.connect()
    await spoken.subscribe(f"owner:{HOLDER}")
    await world.beat(BEATS)
    await spoken.send({"op": "ping", "id": 1})
    await world.beat(1)

    assert [(frame["type"], frame["seq"]) for frame in (await silent.news())[1:]] == [("heartbeat", 1)]
    assert of(await spoken.news(), "heartbeat") == []


async def test_a_silent_client_gets_a_heartbeat_for_each_time_of_silence(world: GatewayWorld) -> None:
    client = await world.connect()
    await world.beat(3 * (BEATS + 1))

    assert len(of(await client.news(), "heartbeat")) == 3


async def test_a_heartbeats_seq_counts_events_of_channels_that_nobody_reads(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("alerts")
    await world.append(builders.followed(1), builders.a_price())
    await world.beat(BEATS + 1)

    assert of(await client.news(), "heartbeat")[0]["seq"] == 2
