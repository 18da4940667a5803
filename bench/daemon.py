"""The whole daemon on its devnet: boot, quotes beside a bare handler, exercise to payout, memory.

python bench/daemon.py [--quotes N]
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil
from aiohttp import web
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bithedge.cli.demo.client import Api
from bithedge.cli.demo.steps import Cover, Steps
from bithedge.cli.demo.story import Story
from bithedge.cli.demo.wallet import Wallet
from bithedge.cli.demo.wire import Accounts, ConfigAnswer
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network

RUN = Path(__file__).resolve().parent.parent / "run.py"
QUOTE = {
    "kind": "put",
    "amount_sats": 10_000_000,
    "strike_usd_e8": 6_000_000_000_000,
    "max_payout_sats": 5_000_000,
    "tenor_blocks": 4_320,
}
COVER = Cover(
    amount_sats=10_000_000, strike_usd_e8=6_000_000_000_000, max_payout_sats=10_000_000, tenor_blocks=4_320
)
QUICK = (
    "http.rate_per_s=1000000",
    "http.rate_burst=1000000",
    "http.commit_per_s=1000000",
    "http.commit_burst=1000000",
)


async def start(data: str) -> tuple[asyncio.subprocess.Process, str, float]:
    begun = time.monotonic()
    sets = [word for setting in QUICK for word in ("--set", setting)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, RUN, "serve", "--json", "--data", data, "--http-port", "0", "--ws-port", "0",
        "--node-port", "0", *sets,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    if process.stdout is None:
        raise RuntimeError("no pipe")
    ready = json.loads(await process.stdout.readline())
    return process, ready["http"], time.monotonic() - begun


async def stop(process: asyncio.subprocess.Process) -> float:
    begun = time.monotonic()
    process.terminate()
    await process.wait()
    return time.monotonic() - begun


async def bare() -> tuple[web.AppRunner, str]:
    async def answer(request: web.Request) -> web.Response:
        await request.json()
        return web.json_response(QUOTE, status=201)

    app = web.Application()
    app.router.add_post("/v1/quotes", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def timed(
    session: aiohttp.ClientSession, url: str, count: int, at_once: int
) -> tuple[list[float], float]:
    took: list[float] = []

    async def ask(times: int) -> None:
        for _ in range(times):
            begun = time.monotonic()
            async with session.post(f"{url}/v1/quotes", json=QUOTE) as answer:
                await answer.read()
                if answer.status != 201:
                    raise RuntimeError(await answer.text())
            took.append((time.monotonic() - begun) * 1_000)

    begun = time.monotonic()
    await asyncio.gather(*(ask(count // at_once) for _ in range(at_once)))
    return took, len(took) / (time.monotonic() - begun)


def shown(name: str, took: list[float], rate: float) -> str:
    cuts = statistics.quantiles(took, n=100)
    return f"{name:28} p50 {cuts[49]:6.2f} ms  p99 {cuts[98]:6.2f} ms  {rate:7.0f}/s"


async def life(session: aiohttp.ClientSession, url: str) -> float:
    """Play deposit, sale and exercise; return the seconds from the accepted exercise to the payout."""
    api = Api(session, url)
    steps = Steps(api, Story(Console(quiet=True)))
    config = await api.get("/v1/config", ConfigAnswer)
    accounts = (await api.get("/v1/devnet/accounts", Accounts)).items
    provider, holder = (
        Wallet(name, PrivateKey.from_hex(account.private_key), Network.DEVNET, config.contracts)
        for name, account in (("provider", accounts[1]), ("holder", accounts[2]))
    )
    await steps.deposit(provider, 200_000_000)
    policy = await steps.buy(holder, await steps.quote(holder, COVER))
    await steps.mine(1)
    await steps.set_price(4_800_000_000_000)
    begun = time.monotonic()
    await steps.exercise(holder, policy)
    took = time.monotonic() - begun
    await steps.set_price(6_500_000_000_000)
    return took


def memory(pid: int) -> str:
    process = psutil.Process(pid)
    parts = [("daemon", process), *(("chain", child) for child in process.children())]
    return ", ".join(f"{name} {part.memory_info().rss / 2**20:.0f} MiB" for name, part in parts)


async def measure(quotes: int) -> None:
    with tempfile.TemporaryDirectory() as data:
        process, url, cold = await start(data)
        print(f"boot to ready, new data folder: {cold:.2f} s")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            print(f"accepted exercise to payout (1 s ticks, 1 s blocks): {await life(session, url):.2f} s")
            runner, plain = await bare()
            for at_once in (1, 32):
                ours = await timed(session, url, quotes, at_once)
                rival = await timed(session, plain, quotes, at_once)
                print(shown(f"quotes, {at_once} at once", *ours))
                print(shown("  bare aiohttp handler", *rival) + f"  ratio {ours[1] / rival[1]:.2f}")
            await runner.cleanup()
        print(f"memory: {memory(process.pid)}")
        print(f"orderly stop: {await stop(process):.2f} s")
        again, _, warm = await start(data)
        print(f"boot to ready, same data folder: {warm:.2f} s")
        await stop(again)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quotes", type=int, default=2_000)
    asyncio.run(measure(parser.parse_args().quotes))


if __name__ == "__main__":
    main()
