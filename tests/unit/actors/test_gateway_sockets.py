"""Over real sockets: what the library does for us, and what it must not do."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from actors.gateway import connection as adapter
from actors.gateway.connection import SocketConnection, prepare
from actors.gateway.server import MAX_FRAME, GatewayServer
from actors.seams import SystemClock
from bithedge.config import Stream
from tests.unit.actors.gateway_parts import Json
from tests.unit.actors.gateway_world import CONFIG, GatewayWorld, a_gateway, builders, of

OURS = "http://127.0.0.1:8480"
WITHIN_S = 20.0


class Served:
    """A world whose gateway listens."""

    def __init__(self, world: GatewayWorld, server: GatewayServer, port: int) -> None:
        self.world = world
        self.server = server
        self.url = f"ws://127.0.0.1:{port}/v1/stream"
        self.port = port

    def connect(self, **options: Any) -> connect:
        return connect(self.url, compression=None, ping_interval=None, proxy=None, **options)

    async def closed(self, code: int) -> bool:
        """Wait until the gateway has counted a close."""
        async with asyncio.timeout(WITHIN_S):
            while str(code) not in (await self.world.status())["closed"]:
                await self.world.settle()
        return True


@asynccontextmanager
async def served(folder: Path, **changed: Any) -> AsyncIterator[Served]:
    config: Stream = msgspec.structs.replace(CONFIG, **changed)
    async with a_gateway(folder, config=config) as world:
        server = GatewayServer(world.address, config, origins=[OURS], clock=SystemClock(), spawn=world.tasks)
        try:
            yield Served(world, server, await server.start())
        finally:
            await world.supervisor.stop()
            await server.stop()


async def said(client: ClientConnection, op: object) -> None:
    await client.send(json.dumps(op))


async def frames_until(client: ClientConnection, kind: str) -> list[Json]:
    found: list[Json] = []
    async with asyncio.timeout(WITHIN_S):
        while not found or found[-1]["type"] != kind:
            found.append(json.loads(await client.recv()))
    return found


async def ended(client: ClientConnection) -> tuple[int, list[Json]]:
    """Read to the end; return the close code and what came before it."""
    found: list[Json] = []
    async with asyncio.timeout(WITHIN_S):
        try:
            while True:
                found.append(json.loads(await client.recv()))
        except ConnectionClosed as end:
            return (1006 if end.rcvd is None else end.rcvd.code), found


async def test_a_program_and_our_own_page_may_connect_a_foreign_page_may_not(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway:
        for options in ({}, {"origin": OURS}):
            async with gateway.connect(**options) as client:
                assert (await frames_until(client, "hello"))[0]["epoch"] == "e1"
        for origin in ("https://elsewhere.example", "null", "http://127.0.0.1:8480.elsewhere.example"):
            with pytest.raises(InvalidStatus) as refused:
                await gateway.connect(origin=origin)
            assert refused.value.response.status_code == 403


async def test_the_stream_is_at_its_path_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway:
        gateway.url = gateway.url.replace("/v1/stream", "/v1/other")
        with pytest.raises(InvalidStatus) as refused:
            await gateway.connect()
        assert refused.value.response.status_code == 404


async def test_a_client_hears_what_is_committed_while_it_listens(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway, gateway.connect() as client:
        await said(client, {"op": "subscribe", "id": 1, "channels": ["blocks"]})
        await frames_until(client, "snapshot")
        await gateway.world.append(builders.followed(1), builders.followed(2))
        events = [(await frames_until(client, "event"))[-1] for _ in range(2)]

    assert [(event["seq"], event["prev"]) for event in events] == [(1, 0), (2, 1)]


async def test_a_silent_client_gets_heartbeats(tmp_path: Path) -> None:
    async with served(tmp_path, heartbeat_ms=100) as gateway, gateway.connect() as client:
        beats = [(await frames_until(client, "heartbeat"))[-1] for _ in range(2)]

    assert [beat["seq"] for beat in beats] == [0, 0]


async def test_a_frame_of_4_kib_is_heard_a_larger_one_closes_with_1009(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway, gateway.connect() as client:
        op = json.dumps({"op": "ping", "id": 1})
        await client.send(op + " " * (MAX_FRAME - len(op)))
        await frames_until(client, "pong")
        await client.send(op + " " * (MAX_FRAME + 1 - len(op)))

        assert (await ended(client))[0] == 1009


async def test_a_binary_frame_closes_with_4001(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway, gateway.connect() as client:
        await client.send(b'{"op":"ping","id":1}')

        assert (await ended(client))[0] == 4001
        assert await gateway.closed(4001)


async def test_a_flood_closes_with_4002_after_its_burst(tmp_path: Path) -> None:
    async with served(tmp_path, messages_burst=5, messages_per_s=1) as gateway:
        async with gateway.connect() as client:
            for number in range(20):
                await said(client, {"op": "ping", "id": number})
            code, frames = await ended(client)

        assert code == 4002
        assert len(of(frames, "pong")) == 5
        assert await gateway.closed(4002)


async def test_connections_above_the_limit_of_an_address_close_with_4004(tmp_path: Path) -> None:
    async with served(tmp_path, max_connections_per_address=2) as gateway:
        async with gateway.connect() as first, gateway.connect() as second:
            await frames_until(first, "hello")
            await frames_until(second, "hello")
            async with gateway.connect() as third:
                assert await ended(third) == (4004, [])
        async with gateway.connect() as again:
            await frames_until(again, "hello")


async def test_a_planned_stop_is_announced_before_it_closes_with_1001(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway, gateway.connect() as client:
        await frames_until(client, "hello")
        await gateway.world.supervisor.stop()
        code, frames = await ended(client)
        async with gateway.connect() as late:
            too_late = await ended(late)

    assert (code, frames) == (1001, [{"type": "shutdown", "reconnect_after_ms": 1_000}])
    assert too_late == (1001, [])


async def test_a_failing_gateway_leaves_no_socket_behind_and_its_clients_resume(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway:
        async with gateway.connect() as client:
            await said(client, {"op": "subscribe", "id": 1, "channels": ["blocks"]})
            await frames_until(client, "snapshot")
            await gateway.world.crash()
            assert (await ended(client))[0] == 1011
        await gateway.world.append(builders.followed(1))
        async with gateway.connect() as back:
            since = {"epoch": "e1", "seq": 0}
            await said(back, {"op": "subscribe", "id": 1, "channels": ["blocks"], "since": since})
            assert (await frames_until(back, "event"))[-1]["seq"] == 1


async def test_a_reader_that_stalls_is_closed_while_twenty_others_miss_nothing(tmp_path: Path) -> None:
    async with served(tmp_path, queue_bytes=131_072) as gateway:
        stalled = await a_stalled_reader(gateway.port)
        others = [await gateway.connect() for _ in range(20)]
        for client in others:
            await said(client, {"op": "subscribe", "id": 1, "channels": ["blocks"]})
            await frames_until(client, "snapshot")

        async def read_all(client: ClientConnection, upto: int) -> list[int]:
            seqs: list[int] = []
            while not seqs or seqs[-1] < upto:
                seqs.append((await frames_until(client, "event"))[-1]["seq"])
            return seqs

        count = 0
        async with asyncio.timeout(60):
            while "4000" not in (await gateway.world.status())["closed"]:
                await gateway.world.append(*(builders.followed(count + n) for n in range(1, 41)))
                count += 40
                read = await asyncio.gather(*(read_all(client, count) for client in others))
                assert all(seqs == list(range(count - 39, count + 1)) for seqs in read)
        for client in others:
            await client.close()
        stalled.close()

    assert count > 100


async def a_stalled_reader(port: int) -> socket.socket:
    """A client that subscribes and then reads nothing more; its kernel takes as little as it can."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)  # noqa: FBT003 - the standard library's own argument
    await loop.sock_connect(raw, ("127.0.0.1", port))
    await loop.sock_sendall(raw, handshake(port))
    await loop.sock_recv(raw, 4_096)
    op = b'{"op":"subscribe","id":1,"channels":["blocks"]}'
    await loop.sock_sendall(raw, bytes((0x81, 0x80 | len(op), 0, 0, 0, 0)) + op)
    return raw


def handshake(port: int) -> bytes:
    return (
        f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


# ------------------------------------------------------------ the adapter


def test_the_adapter_is_proven_with_the_release_that_is_installed() -> None:
    assert websockets.__version__ == adapter.PROVEN


@pytest.mark.parametrize("release", [adapter.PROVEN, "another"])
async def test_our_frames_are_the_bytes_of_the_librarys_own_broadcast(release: str) -> None:
    payloads = [b'"' + b"x" * size + b'"' for size in (0, 123, 124, 300, 65_533, 65_534, 100_000)]
    open_sockets: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def handler(connection: ServerConnection) -> None:
        open_sockets.put_nowait(connection)
        await connection.wait_closed()

    async with serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]

        async def received(write: Any) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(handshake(port))
            await reader.readuntil(b"\r\n\r\n")
            connection = await open_sockets.get()
            write(connection)
            connection.transport.close()
            got = await reader.read()
            writer.close()
            await writer.wait_closed()
            return got

        def by_broadcast(connection: ServerConnection) -> None:
            for payload in payloads:
                broadcast([connection], payload, text=True)

        def by_us(connection: ServerConnection) -> None:
            later = asyncio.get_running_loop().call_later
            ours = SocketConnection(connection, later, release=release)
            ours.write([prepare(payload) for payload in payloads])

        assert await received(by_us) == await received(by_broadcast) != b""


async def test_nothing_is_written_to_a_socket_that_is_closing(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway, gateway.connect() as client:
        await frames_until(client, "hello")
        (session,) = gateway.server._sessions
        session.connection.close(adapter.CloseCode.INTERNAL, "a fault", grace_s=2.0)
        session.connection.write([prepare(b'{"type":"late"}')])

        assert await ended(client) == (1011, [])
