"""Frames a second from an event to many sockets, beside the library's bare `broadcast`, and their delay.

The gateway is the real one: its actor hears a commit, shows the policy, encodes, fans out. The rival sends
bytes made beforehand to as many sockets of its own, in turn within a round, so that a ratio compares
neighbours. The readers are a process of their own and time some of the gateway's frames on the same clock.
Usage: python bench/fanout.py [--sockets 1000] [--events 50] [--rounds 3] [--loop uvloop]
"""

import argparse
import asyncio
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import uvloop
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve

ROOT: Final = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # so that it runs from a checkout, installed or not

from actors.board import Board  # noqa: E402  # after the path is set
from actors.gateway.actor import GatewayActor, GatewayTools  # noqa: E402  # likewise
from actors.gateway.frames import Frames, data_of  # noqa: E402  # likewise
from actors.gateway.objects import Objects  # noqa: E402  # likewise
from actors.gateway.server import SEND_BUFFER, GatewayServer  # noqa: E402  # likewise
from actors.gateway.states import States  # noqa: E402  # likewise
from actors.messages.gateway import GatewayStatus, Publish  # noqa: E402  # likewise
from actors.runtime import Address, stop  # noqa: E402  # likewise
from actors.seams import SystemClock, TaskKeeper  # noqa: E402  # likewise
from bithedge.config import Depth, Stream  # noqa: E402  # likewise
from bithedge.domain.events.base import Recorded  # noqa: E402  # likewise
from bithedge.domain.events.policy import PolicyPending, QuoteIssued  # noqa: E402  # likewise
from bithedge.domain.ids import Address as Holder  # noqa: E402  # likewise
from bithedge.domain.ids import Txid, quote_id  # noqa: E402  # likewise
from bithedge.domain.money import Height, Sats, UsdE8  # noqa: E402  # likewise
from bithedge.domain.payout import Kind  # noqa: E402  # likewise
from bithedge.domain.policy.fold import fold  # noqa: E402  # likewise
from bithedge.domain.policy.state import Policy  # noqa: E402  # likewise
from bithedge.domain.premium import PremiumRule  # noqa: E402  # likewise
from bithedge.domain.quote_limits import AmountLimits  # noqa: E402  # likewise
from bithedge.domain.quotes import Pricing  # noqa: E402  # likewise
from bithedge.domain.terms import Terms  # noqa: E402  # likewise
from bithedge.domain.tiers import DEFAULT_TIERS, Tier  # noqa: E402  # likewise
from bithedge.domain.volatility import VolatilityRule  # noqa: E402  # likewise
from bithedge.storage.connections import connect_writer  # noqa: E402  # likewise
from bithedge.storage.journal import SqliteJournal  # noqa: E402  # likewise
from bithedge.storage.ports import Committed  # noqa: E402  # likewise
from bithedge.storage.reader import Reader  # noqa: E402  # likewise
from bithedge.views.context import ViewContext, context_of  # noqa: E402  # likewise

NOW_MS: Final = 1_700_000_000_000
SAMPLED: Final = 50
"""Sockets whose frames are timed, spread over all."""
STAMP: Final = b'"txid":"'
STAMP_DIGITS: Final = 20
SPARE_FILES: Final = 200
CONNECTING: Final = 100
"""Sockets opened at a time."""


# ------------------------------------------------------------ the readers' process


class Listener(asyncio.Protocol):
    """A client in the fewest lines: shakes hands, subscribes, and then only counts, or times, what comes."""

    def __init__(self, port: int, op: bytes, latencies: list[int] | None) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port = port
        self._op = op
        self._latencies = latencies
        self._transport: asyncio.Transport
        self._shaken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if not self._shaken:
            self._shaken = True
            if self._op:  # masked with zeros, which leaves it as it is
                self._transport.write(bytes((0x81, 0x80 | len(self._op), 0, 0, 0, 0)) + self._op)
        if not self.ready.done() and (not self._op or b'"snapshot"' in data):
            self.ready.set_result(None)
        if self._latencies is not None:
            self._time(data, time.monotonic_ns())

    def _time(self, data: bytes, now: int) -> None:
        at = data.find(STAMP)
        while at >= 0:
            stamp = data[at + len(STAMP) : at + len(STAMP) + STAMP_DIGITS]
            if len(stamp) == STAMP_DIGITS and stamp.isdigit() and self._latencies is not None:
                self._latencies.append(now - int(stamp))
            at = data.find(STAMP, at + 1)


async def listen(gateway_port: int, bare_port: int, sockets: int) -> list[int]:
    """Connect as many clients to each server, say so, and return latencies in ns once stdin has ended."""
    loop = asyncio.get_running_loop()
    latencies: list[int] = []
    every = max(1, sockets // SAMPLED)
    op = b'{"op":"subscribe","id":1,"channels":["policies"]}'
    plans = [(gateway_port, op, latencies if number % every == 0 else None) for number in range(sockets)]
    plans += [(bare_port, b"", None)] * sockets
    for start in range(0, len(plans), CONNECTING):
        listeners = [Listener(*plan) for plan in plans[start : start + CONNECTING]]
        for listener, (port, _, _) in zip(listeners, plans[start:], strict=False):
            await loop.create_connection(lambda listener=listener: listener, "127.0.0.1", port)
        await asyncio.gather(*(listener.ready for listener in listeners))
    print("connected", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    return latencies


# ------------------------------------------------------------ the two servers


class Bare:
    """As many sockets as the gateway has, and `broadcast`."""

    def __init__(self) -> None:
        self.connections: list[ServerConnection] = []
        self._server: Server

    async def start(self) -> int:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=1024
        )
        return self._server.sockets[0].getsockname()[1]

    async def send(self, payload: bytes) -> None:
        """Send a frame to all and return when the kernel has taken them."""
        broadcast(self.connections, payload, text=True)
        while any(each.transport.get_write_buffer_size() for each in self.connections):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)

    async def stop(self) -> None:
        for connection in self.connections:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        await connection.wait_closed()


class Ours:
    """The gateway over an empty journal, hearing of events that the bench makes up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tasks = TaskKeeper()
        self._board = Board()
        self._policy = a_policy()
        self._seq = 0
        self._address = Address("gateway")
        self._journal: SqliteJournal
        self._reader: Reader
        self._server: GatewayServer

    async def start(self, sockets: int) -> int:
        path = self._folder / "journal.sqlite3"
        self._journal = await SqliteJournal.open(
            await connect_writer(path), epoch="bench", now_ms=lambda: NOW_MS, spawn=self._tasks
        )
        self._reader = await Reader.open(path)
        config = Stream(host="127.0.0.1", port=0, max_connections_per_address=sockets)
        self._address.open(GatewayActor.start(self._tools(config)))
        self._server = GatewayServer(
            self._address, config, origins=(), clock=SystemClock(), spawn=self._tasks
        )
        return await self._server.start()

    async def send(self) -> None:
        """Let the gateway hear of an event and return when the kernel has taken its frames."""
        self._address.post(Publish(batch=(self._event(),)))
        while (await self._address.ask(GatewayStatus(), deadline=60.0))["queued_bytes"]:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0)

    async def clients(self) -> int:
        status = await self._address.ask(GatewayStatus(), deadline=60.0)
        return int(status["clients"])

    async def stop(self) -> None:
        if self._address.ref is not None:
            await stop(self._address.ref, deadline=10.0)
        await self._server.stop()
        await self._reader.close()
        await self._journal.close()
        await self._tasks.close()

    async def payload(self) -> bytes:
        """Return the bytes of an event's frame, for the rival."""
        one = self._event()
        self._seq -= 1
        data = await self._objects().beside("policies", one.recorded, one.policy, {})
        frames = Frames(self._journal.epoch)
        return frames.event("policies", one.recorded, previous=0, data=data_of(data)).payload

    def _event(self) -> Committed:
        stamp = Txid(f"{time.monotonic_ns():0{STAMP_DIGITS}}")
        self._seq += 1
        recorded = Recorded(
            seq=self._seq,
            stream=f"policy:{self._policy.quote_id}",
            version=self._seq,
            event=PolicyPending(txid=stamp),
            at_ms=NOW_MS,
        )
        return Committed(recorded=recorded, policy=self._policy, channels=(("policies", self._seq - 1),))

    def _tools(self, config: Stream) -> GatewayTools:
        return GatewayTools(
            config=config,
            epoch=self._journal.epoch,
            reader=self._reader,
            objects=self._objects(),
            states=States(board=self._board, context=self._context),
            clock=SystemClock(),
            operator_token="nobody's",  # noqa: S106 - a bench's
            last_seq=lambda: self._journal.seq,
        )

    def _objects(self) -> Objects:
        return Objects(reader=self._reader, board=self._board, pool=self._address, context=self._context)

    def _context(self) -> ViewContext:
        pricing = Pricing(
            volatility=VolatilityRule(),
            premium=PremiumRule(),
            tiers=DEFAULT_TIERS,
            amounts=AmountLimits(),
            valid_blocks=2,
            valid_s=600,
        )
        return context_of(self._board, depth=Depth(), pricing=pricing, now_ms=NOW_MS)


def a_policy() -> Policy:
    terms = Terms(
        quote_id=quote_id(bytes(16)),
        owner=Holder("ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"),
        kind=Kind.PUT,
        strike=UsdE8(6_000_000_000_000),
        amount=Sats(10_000_000),
        max_payout=Sats(10_000_000),
        premium=Sats(200_000),
        fee=Sats(10_000),
        tier=Tier.BALANCED,
        expiry=Height(5_000),
        valid_until=Height(1_010),
        valid_until_s=2_000_000_000,
    )
    issued = QuoteIssued(
        terms=terms,
        spot=UsdE8(6_500_000_000_000),
        volatility=0.55,
        price=UsdE8(6_500_000_000_000),
        price_height=Height(1_000),
        quote_signatures=(),
        reading_signatures=(),
    )
    recorded = Recorded(seq=1, stream=f"policy:{terms.quote_id}", version=1, event=issued, at_ms=NOW_MS)
    policy = fold([recorded])
    if policy is None:
        raise TypeError("an issued quote is a policy")
    return policy


# ------------------------------------------------------------ the run


class Pace(msgspec.Struct, frozen=True):
    """Frames a second by the wall clock, and by what this process had of the processors."""

    by_clock: float
    by_cpu: float


async def pace(send: Callable[[], Coroutine[Any, Any, None]], *, events: int, sockets: int) -> Pace:
    """Return how fast events go to all sockets."""
    clock, cpu = time.perf_counter(), time.process_time()
    for _ in range(events):
        await send()
    frames = events * sockets
    return Pace(frames / (time.perf_counter() - clock), frames / (time.process_time() - cpu))


async def measure(sockets: int, events: int, rounds: int, folder: Path, loop_name: str) -> None:
    ours, bare = Ours(folder), Bare()
    ports = (await ours.start(sockets), await bare.start())
    arguments = ["--listen", *map(str, ports), "--sockets", str(sockets), "--loop", loop_name]
    readers = await asyncio.create_subprocess_exec(
        sys.executable, __file__, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**28
    )
    if readers.stdout is None or await readers.stdout.readline() != b"connected\n":
        raise SystemExit("the readers could not connect")
    payload = await ours.payload()
    for connection in bare.connections:
        raw: socket.socket = connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # as the gateway's have
    found: list[tuple[Pace, Pace]] = []
    for _ in range(rounds):
        mine = await pace(ours.send, events=events, sockets=sockets)
        rival = await pace(lambda: bare.send(payload), events=events, sockets=sockets)
        found.append((mine, rival))
    clients = await ours.clients()
    told, _ = await readers.communicate(b"")  # which closes its stdin
    await ours.stop()
    await bare.stop()
    report(
        found,
        json.loads(told),
        sockets=sockets,
        clients=clients,
        expected=events * rounds,
        size=len(payload),
    )


def report(
    found: Sequence[tuple[Pace, Pace]],
    latencies: Sequence[int],
    *,
    sockets: int,
    clients: int,
    expected: int,
    size: int,
) -> None:
    times = sorted(one / 1e6 for one in latencies)
    sampled = len(range(0, sockets, max(1, sockets // SAMPLED)))
    print(f"sockets   {sockets:10} of each (still open: {clients}), frames of {size} bytes")
    print(f"gateway   {statistics.median(mine.by_clock for mine, _ in found):10.0f} frames/s")
    print(f"broadcast {statistics.median(rival.by_clock for _, rival in found):10.0f} frames/s")
    for name, ratios in (
        ("clock", [mine.by_clock / rival.by_clock for mine, rival in found]),
        ("cpu", [mine.by_cpu / rival.by_cpu for mine, rival in found]),
    ):
        middle = statistics.median(ratios)
        print(f"ratio     {middle:10.2f} ({min(ratios):.2f} - {max(ratios):.2f}) by {name}")
    print(f"event to frame  p50 {times[len(times) // 2]:.1f} ms  p99 {times[len(times) * 99 // 100]:.1f} ms")
    print(f"timed     {len(times)} frames of {expected * sampled}")


def allow_files(wanted: int) -> None:
    """Raise the limit of open files.

    Raises:
        SystemExit: the machine does not allow so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"{wanted} open files are needed, {hard} allowed: fewer --sockets")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sockets", type=int, default=1_000, help="of each of the two")
    parser.add_argument("--events", type=int, default=50, help="a round, for each of the two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--listen", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    allow_files(2 * given.sockets + SPARE_FILES)
    factory = uvloop.new_event_loop if given.loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner, tempfile.TemporaryDirectory() as folder:
        if given.listen is None:
            runner.run(measure(given.sockets, given.events, given.rounds, Path(folder), given.loop))
        else:
            gateway_port, bare_port = given.listen
            print(json.dumps(runner.run(listen(gateway_port, bare_port, given.sockets))))


if __name__ == "__main__":
    main()
