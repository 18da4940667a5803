"""What the stream refuses: the connection lives, or closes with a code that says what to do next."""

import aiohttp
import pytest

from tests.integration.client import Client
from tests.integration.streaming import stream


@pytest.mark.parametrize(
    ("op", "code", "number"),
    [
        ({"op": "shout", "id": 1}, "unknown_op", 1),
        ({"op": "subscribe", "id": 2, "channels": ["gossip"]}, "unknown_channel", 2),
        ({"op": "subscribe", "id": 3, "channels": ["policies", "policy:none"]}, "unknown_channel", 3),
        ({"op": "subscribe", "id": 4, "channels": ["owner:ST123"]}, "unknown_channel", 4),
        ({"op": "subscribe", "id": 5, "channels": ["operator"]}, "unauthorised", 5),
        ({"op": "subscribe", "id": 6}, "validation_failed", 6),
        ({"op": "subscribe", "id": 7, "channels": "policies"}, "validation_failed", 7),
        ({"op": "subscribe", "channels": ["policies"]}, "validation_failed", None),
        ({"op": "ping", "id": "one"}, "validation_failed", None),
        ({"op": "ping", "id": 8, "colour": "red"}, "validation_failed", 8),
    ],
)
async def test_an_op_that_makes_no_sense_is_refused_and_the_connection_lives(
    client: Client, op: object, code: str, number: int | None
) -> None:
    async with stream(client) as mine:
        error = await mine.refusal(op)
        await mine.say({"op": "ping", "id": 99})
        after = await mine.frame()

    assert (error["code"], error["id"]) == (code, number)
    assert error["message"]
    assert after == {"type": "pong", "id": 99}


async def test_one_bad_channel_refuses_the_whole_op_and_changes_nothing(client: Client) -> None:
    async with stream(client) as mine:
        await mine.subscribe("blocks")
        error = await mine.refusal({"op": "subscribe", "id": 5, "channels": ["policies", "gossip"]})
        await client.buy(await client.wallet())
        await client.caught_up()
        await mine.say({"op": "ping", "id": 6})
        seen = []
        while (frame := await mine.frame())["type"] != "pong":
            seen.append(frame)

    assert error["code"] == "unknown_channel"
    assert {frame["channel"] for frame in seen} == {"blocks"}


async def test_what_is_no_json_is_refused_without_an_id(client: Client) -> None:
    async with stream(client) as mine:
        await mine.say_text("{")
        error = await mine.frame()

    assert (error["type"], error["code"], error["id"]) == ("error", "malformed_json", None)


async def test_more_channels_than_a_connection_may_have_are_refused(client: Client) -> None:
    async with stream(client) as mine:
        most = mine.hello["max_channels"]
        names = [f"policy:{number}" for number in range(1, most + 2)]
        for first in range(0, most, 32):
            await mine.subscribe(*names[first : first + 32])
        error = await mine.refusal({"op": "subscribe", "id": 77, "channels": names[most:]})

    assert (error["code"], error["id"]) == ("too_many_channels", 77)


async def test_the_tenth_error_in_a_minute_closes(client: Client) -> None:
    async with stream(client) as mine:
        for number in range(10):
            await mine.say({"op": "shout", "id": number})
        assert await mine.closed() == 4001


async def test_a_binary_frame_closes(client: Client) -> None:
    async with stream(client) as mine:
        await mine.say_bytes(b"\x00")
        assert await mine.closed() == 4001


async def test_a_frame_above_four_kibibytes_closes(client: Client) -> None:
    async with stream(client) as mine:
        await mine.say({"op": "ping", "id": 1, "padding": "x" * 4_096})
        assert await mine.closed() == 1009


async def test_too_many_messages_close(client: Client) -> None:
    async with stream(client) as mine:
        for number in range(60):
            await mine.say({"op": "ping", "id": number})
        assert await mine.closed() == 4002


async def test_a_foreign_page_is_refused_at_the_handshake(client: Client) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.session.ws_connect(client.ready.ws, headers={"Origin": "https://evil.example"})

    assert refused.value.status == 403


async def test_a_wrong_token_closes(client: Client) -> None:
    async with stream(client) as mine:
        await mine.say({"op": "auth", "id": 1, "token": "wrong"})
        assert await mine.closed() == 4003
