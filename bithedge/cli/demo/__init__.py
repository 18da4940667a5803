"""`demo`: two policies' whole lives on a devnet, by the public HTTP interface and nothing else."""

import argparse
import asyncio
import signal
import time
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from bithedge.cli.demo.client import Api, RefusedError
from bithedge.cli.demo.lives import Cast, calm, crash
from bithedge.cli.demo.own_daemon import own_daemon
from bithedge.cli.demo.steps import Steps
from bithedge.cli.demo.story import Story
from bithedge.cli.demo.wallet import Wallet
from bithedge.cli.demo.wire import Accounts, ConfigAnswer, DevnetAccount, Provider
from bithedge.cli.exits import CommandError, Exit
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network

NAME: Final = "demo"
HELP: Final = "play the whole life of two policies, printing each step, on a running or its own devnet"
_NAMES: Final = (("Petra", "Hans"), ("Paula", "Hilde"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the demo's option."""
    parser.add_argument("--url", help="of a running daemon on a devnet; without it the demo starts its own")


def run(options: argparse.Namespace) -> Exit:
    """Play both lives.

    Raises:
        CommandError: something was refused, took too long, or a figure is wrong.
    """
    return asyncio.run(_play(options.url))


async def _play(url: str | None) -> Exit:
    task = asyncio.current_task()
    if task is not None:  # SIGTERM stops the demo's own daemon as Ctrl-C does
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    story = Story()
    begun = time.monotonic()
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession())
        if url is None:
            story.tell("Starting a daemon and a local chain in a temporary folder ...")
            url = await opened.enter_async_context(own_daemon())
        story.tell(f"The daemon answers at {url}.")
        steps = Steps(Api(session, url), story)
        first, second = await _casts(steps)
        await crash(steps, first)
        await calm(steps, second)
    story.chapter(f"Both lives are over, all figures are right; it took {time.monotonic() - begun:.0f} s.")
    return Exit.DONE


async def _casts(steps: Steps) -> tuple[Cast, Cast]:
    """Return the players of both lives: accounts of the devnet that have not provided yet come first."""
    config = await steps.api.get("/v1/config", ConfigAnswer)
    if config.network != Network.DEVNET:
        raise CommandError(f"the demo plays on a devnet, and this daemon is on {config.network}")
    _deployer, *users = (await steps.api.get("/v1/devnet/accounts", Accounts)).items
    fresh = [user for user in users if not await _has_provided(steps, user)]
    chosen = [*fresh, *(user for user in users if user not in fresh)][:4]

    def wallet(account: DevnetAccount, name: str) -> Wallet:
        key = PrivateKey.from_hex(account.private_key)
        return Wallet(name, key, Network.DEVNET, config.contracts)

    providers, holders = chosen[:2], chosen[2:]
    first, second = (
        Cast(wallet(provider, names[0]), wallet(holder, names[1]))
        for provider, holder, names in zip(providers, holders, _NAMES, strict=True)
    )
    return first, second


async def _has_provided(steps: Steps, user: DevnetAccount) -> bool:
    try:
        await steps.api.get(f"/v1/providers/{user.address}", Provider)
    except RefusedError as error:
        if error.code == "unknown_provider":
            return False
        raise
    return True
