"""A daemon and a Chromium for the tests of this folder, one of each a worker; each test has its own page."""

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.building import built_dashboard
from tests.browser.dashboard import Dashboard, OpenDashboard
from tests.integration.client import BTC, SPOT, STX, Client
from tests.integration.serving import Daemon
from tests.integration.wallet import Wallet

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
TIERS = ("conservative", "balanced", "aggressive")
CAPITAL = 20 * BTC
CLIENT_S = 60
DESKTOP = (1_440, 960)

_tests = itertools.count(1)


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The worker's daemon, which serves the dashboard as it is built from the sources."""
    built_dashboard()
    daemon = Daemon(tmp_path_factory.mktemp("browser") / "data")
    daemon.start()
    yield daemon
    daemon.kill()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(CHROMIUMS)} is on the path")
    # Chromium has no sandbox for root, which containers run tests as.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS, *sandbox])
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def provider(daemon: Daemon) -> Wallet:
    """Who put the first money into every tier, and is alone in the conservative one."""
    return Wallet.named(f"browser provider {daemon.data}")


@pytest_asyncio.fixture(loop_scope="session")
async def client(daemon: Daemon, provider: Wallet) -> AsyncIterator[Client]:
    """The daemon's interface, with spot at 65,000 USD, money in every tier and nothing in the mempool."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CLIENT_S)) as session:
        client = Client(session, daemon.ready, name=f"browser {daemon.data} {next(_tests)}")
        if await client.waiting():
            await client.block()
        await client.price(SPOT)
        if (await client.get("/v1/pool"))["providers"] == 0:
            await _stock(client, provider)
        await client.caught_up()
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def open_dashboard(browser: Browser, client: Client) -> AsyncIterator[OpenDashboard]:
    """Opens the dashboard in contexts of its own; afterwards nobody may have complained in a console."""
    async with AsyncExitStack() as stack:
        opened: list[Dashboard] = []

        async def open_at(
            path: str = "protect",
            *,
            wallet: Wallet | None = None,
            size: tuple[int, int] = DESKTOP,
        ) -> Dashboard:
            context = await browser.new_context(
                viewport={"width": size[0], "height": size[1]}, locale="en-GB", timezone_id="UTC"
            )
            stack.push_async_callback(context.close)
            dashboard = Dashboard(await context.new_page(), client, wallet)
            opened.append(dashboard)
            await dashboard.open(path)
            return dashboard

        yield open_at
        complaints = [complaint for dashboard in opened for complaint in dashboard.complaints]
    assert complaints == []


async def _stock(client: Client, provider: Wallet) -> None:
    funds = {"stx_ustx": 1_000 * STX, "sbtc_sats": len(TIERS) * CAPITAL}
    await client.node("POST", "/devnet/mint", {"address": provider.address, **funds})
    for tier in TIERS:
        await client.deposit(provider, CAPITAL, tier)
