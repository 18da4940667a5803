"""The daemon for the tests of this folder: one a worker for all that can share it, more on request."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import aiohttp
import pytest

from tests.integration.client import BTC, SPOT, Client
from tests.integration.serving import Daemon

TIERS = ("conservative", "balanced", "aggressive")
CAPITAL = 20 * BTC
CLIENT_S = 60

_clients = itertools.count(1)


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The worker's daemon: no test may stop it or want it for itself."""
    daemon = Daemon(tmp_path_factory.mktemp("shared") / "data")
    daemon.start()
    yield daemon
    daemon.discard()


@pytest.fixture(scope="session")
def living_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose chain mines by itself, for those who only wait; they leave its pool empty."""
    daemon = Daemon(tmp_path_factory.mktemp("living") / "data", settings=["devnet.block_time_s=0.2"])
    daemon.start()
    yield daemon
    daemon.discard()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[Daemon], Awaitable[Client]]]:
    """Connects to daemons; its clients' accounts are nobody else's."""
    async with AsyncExitStack() as stack:

        async def open_client(daemon: Daemon) -> Client:
            session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CLIENT_S))
            await stack.enter_async_context(session)
            return Client(session, daemon.ready, name=f"{daemon.data} {next(_clients)}")

        yield open_client


@pytest.fixture
async def client(shared_daemon: Daemon, connect: Callable[[Daemon], Awaitable[Client]]) -> Client:
    """The shared daemon with spot at 65,000 USD, money in every tier and nothing in the mempool."""
    client = await connect(shared_daemon)
    await client.price(SPOT)
    while await client.waiting():  # what the tests before this one have left to be done
        await client.block()
        await client.caught_up()
    if (await client.get("/v1/pool"))["providers"] == 0:
        await stock(client)
    await client.caught_up()
    return client


@pytest.fixture
def fresh_daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons that are a test's own; each call takes settings beside the usual."""
    with _Daemons(tmp_path) as daemons:
        yield daemons.start


@pytest.fixture
async def alone(
    fresh_daemon: Callable[..., Daemon], connect: Callable[[Daemon], Awaitable[Client]]
) -> Client:
    """A daemon of the test's own, its pool empty."""
    return await connect(fresh_daemon())


async def stock(client: Client) -> None:
    """Put money into every tier."""
    provider = await client.wallet(sbtc=len(TIERS) * CAPITAL)
    for tier in TIERS:
        await client.deposit(provider, CAPITAL, tier)


class _Daemons:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Daemon] = []

    def start(self, *settings: str) -> Daemon:
        daemon = Daemon(self._folder / f"daemon-{len(self._started)}", settings=settings)
        self._started.append(daemon)
        daemon.start()
        return daemon

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self._started:
            daemon.discard()
