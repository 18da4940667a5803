"""Takes the pictures of the README: `python -m tests.browser.pictures docs/screenshots`.

It plays a pool with some providers and policies on a daemon of its own; nothing on the pictures is drawn in.
"""

import asyncio
import itertools
import os
import shutil
import sys
import tempfile
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, async_playwright

from tests.browser.building import built_dashboard
from tests.browser.conftest import ARGUMENTS, CHROMIUMS, TIERS
from tests.browser.dashboard import Dashboard
from tests.integration.client import BTC, Client, usd
from tests.integration.serving import Daemon
from tests.integration.wallet import Wallet

SPOT = usd(64_812.4)
STRIKES = (44, 48, 50, 52, 55, 57, 58, 60, 62, 63, 64)
AMOUNTS = (10, 20, 25, 50, 80, 120)
TENORS = (1_008, 2_016, 3_024, 4_320)
SOLD = 40

Picture = tuple[str, str, Wallet, tuple[int, int], str]


async def play(client: Client) -> tuple[Wallet, Wallet, str]:
    """Fill the pool; return its first provider, a holder, and a policy of hers that pays."""
    await client.price(SPOT)
    provider, holder = await client.wallet(sbtc=40 * BTC), await client.wallet()
    for who, size in ((provider, 3), (await client.wallet(sbtc=90 * BTC), 9)):
        for tier in TIERS:
            await client.deposit(who, size * BTC, tier)
    buyers = [await client.wallet(sbtc=20 * BTC) for _ in range(4)]
    wishes = zip(
        itertools.cycle(STRIKES), itertools.cycle(AMOUNTS), itertools.cycle(TENORS), range(SOLD), strict=False
    )
    for strike, amount, tenor, turn in wishes:
        sats = amount * 1_000_000
        await client.buy(
            buyers[turn % len(buyers)],
            strike_usd_e8=usd(strike * 1_000),
            amount_sats=sats,
            max_payout_sats=sats // 2,
            tenor_blocks=tenor,
            tier=None,
        )
    own = [
        await client.buy(
            holder,
            strike_usd_e8=usd(strike),
            amount_sats=amount,
            max_payout_sats=amount // 2,
            tenor_blocks=4_320,
        )
        for strike, amount in ((64_500, 50_000_000), (60_000, 25_000_000), (58_500, 10_000_000))
    ]
    await client.price(usd(62_300))
    await client.caught_up()
    return provider, holder, own[0]["quote_id"]


async def take(browser: Browser, client: Client, picture: Picture, folder: Path) -> None:
    name, path, wallet, (width, height), scheme = picture
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        timezone_id="UTC",
    )
    dashboard = Dashboard(await context.new_page(), client, wallet)
    await dashboard.open(path)
    await dashboard.page.wait_for_load_state("networkidle")
    await dashboard.page.screenshot(path=folder / f"{name}.png")
    await context.close()
    assert dashboard.complaints == [], dashboard.complaints


async def main(folder: Path) -> None:
    built_dashboard()
    found = next(filter(None, map(shutil.which, CHROMIUMS)))
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    daemon = Daemon(Path(tempfile.mkdtemp()) / "data", settings=["devnet.burn_time_s=600"])
    daemon.start()
    try:
        async with aiohttp.ClientSession() as session, async_playwright() as playwright:
            client = Client(session, daemon.ready, name="pictures")
            provider, holder, policy = await play(client)
            browser = await playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS, *sandbox])
            pictures: list[Picture] = [
                ("protect", "protect", holder, (1_440, 1_000), "light"),
                ("policy", f"policies/{policy}", holder, (1_440, 1_000), "light"),
                ("earn", "earn/balanced/withdraw?amount_sats=100000000", provider, (1_440, 1_100), "dark"),
                ("phone", "protect", holder, (390, 844), "light"),
                ("pool", "pool", holder, (1_440, 1_000), "dark"),
            ]
            for picture in pictures:
                await take(browser, client, picture, folder)
            await browser.close()
    finally:
        daemon.kill()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
