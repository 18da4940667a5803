"""A client of the stream: reads frames one at a time, each within a deadline."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
import msgspec

from tests.integration.client import Client

Frame = dict[str, Any]
WITHIN_S = 10.0


class ClosedError(AssertionError):
    """The server closed the connection."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Stream:
    """One connection, its hello read."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.hello: Frame = {}

    async def begin(self) -> Self:
        self.hello = await self.any_frame()
        return self

    async def any_frame(self, *, within: float = WITHIN_S) -> Frame:
        """Return the next frame, heartbeats too."""
        async with asyncio.timeout(within):
            message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ClosedError(self._socket.close_code)
        return msgspec.json.decode(message.data)

    async def frame(self, *, within: float = WITHIN_S) -> Frame:
        """Return the next frame that is no heartbeat."""
        async with asyncio.timeout(within):
            while (frame := await self.any_frame())["type"] == "heartbeat":
                pass
        return frame

    async def until(self, name: str, *, channel: str | None = None) -> list[Frame]:
        """Return the event frames up to the first of this name, of one channel or of any."""
        found: list[Frame] = []
        while True:
            frame = await self.frame()
            if frame["type"] in ("event", "notice") and channel in (None, frame["channel"]):
                found.append(frame)
                if frame["name"] == name:
                    return found

    async def say(self, op: object) -> None:
        await self.say_text(msgspec.json.encode(op).decode())

    async def say_text(self, text: str) -> None:
        await self._socket.send_str(text)

    async def say_bytes(self, data: bytes) -> None:
        await self._socket.send_bytes(data)

    async def subscribe(self, *channels: str, since: Frame | None = None) -> tuple[Frame, list[Frame]]:
        """Subscribe; return the answer and the snapshots after it."""
        number = next(self._ids)
        op: Frame = {"op": "subscribe", "id": number, "channels": list(channels)}
        if since is not None:
            op["since"] = {"epoch": since["epoch"], "seq": since["seq"]}
        await self.say(op)
        while (answer := await self.frame())["type"] not in ("subscribed", "error"):
            pass
        assert answer["type"] == "subscribed", answer
        assert answer["id"] == number
        wanted = [name for name in channels if not answer["resumed"] or is_state(name)]
        return answer, [await self.frame() for _ in wanted]

    async def refusal(self, op: object) -> Frame:
        """Say what is to be refused; return the error."""
        await self.say(op)
        frame = await self.frame()
        assert frame["type"] == "error", frame
        return frame

    async def closed(self) -> int | None:
        """Read until the server closes; return the code."""
        async with asyncio.timeout(WITHIN_S):
            while (await self._socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self._socket.close_code


def is_state(channel: str) -> bool:
    return channel in ("oracle", "pool", "tiers") or channel.startswith("tier:")


@asynccontextmanager
async def stream(client: Client) -> AsyncIterator[Stream]:
    """Connect to the stream of the client's daemon."""
    async with client.session.ws_connect(client.ready.ws) as socket:
        yield await Stream(socket).begin()
