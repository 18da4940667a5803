"""The devnet as the daemon runs it: a child process, its control paths, and that it never stays behind."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from bithedge.devnet.control import DevnetControl, Fault
from bithedge.devnet.errors import DevnetHeldError, DevnetPortError, DevnetRefusedError
from bithedge.devnet.process import DevnetOptions, DevnetProcess
from bithedge.domain.money import Sats, Ustx
from bithedge.stacks.node import NodeClient

CACHE = Path(tempfile.gettempdir()) / "bithedge-devnet-images"
ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import asyncio, sys
from pathlib import Path
from bithedge.devnet.process import DevnetOptions, DevnetProcess

async def main():
    options = DevnetOptions(data=Path(sys.argv[1]), cache=Path(sys.argv[2]))
    devnet = await DevnetProcess.start(options)
    print(devnet.pid, flush=True)
    await devnet.wait()

asyncio.run(main())
"""


def on_demand(data: Path, **more: object) -> DevnetOptions:
    options = {"data": data, "cache": CACHE, "block_time_s": 0, "burn_time_s": 0} | more
    return DevnetOptions(**options)  # type: ignore[arg-type]


@pytest.fixture
async def devnet(tmp_path: Path) -> AsyncIterator[DevnetProcess]:
    process = await DevnetProcess.start(on_demand(tmp_path))
    yield process
    await process.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def control(devnet: DevnetProcess, session: aiohttp.ClientSession) -> DevnetControl:
    return DevnetControl(session, devnet.url)


async def test_the_chain_answers_its_control_paths(control: DevnetControl) -> None:
    deployer, *users = await control.accounts()
    before = await control.stats()

    mined = await control.mine_burn_blocks(2_000)
    minted = await control.mint(users[0].address, sbtc=Sats(7), stx=Ustx(5))
    floored = await control.floor()
    await control.mine_blocks(3)
    forked = await control.fork(2, salt="another")

    assert deployer.name == "deployer"
    assert len(users) >= 8
    assert mined.burn_height == before.burn_height + 2_000
    assert minted.block_height == mined.block_height + 1
    assert (await control.accounts())[1].sbtc_sats == users[0].sbtc_sats + 7
    assert floored.floor_height == minted.block_height
    assert forked.fork_height == floored.floor_height + 1
    assert forked.block_height == floored.floor_height + 4


async def test_a_fork_that_is_too_deep_tells_the_largest_depth(control: DevnetControl) -> None:
    await control.mine_blocks(2)

    with pytest.raises(DevnetRefusedError) as refused:
        await control.fork(50)

    assert refused.value.status == 422
    assert refused.value.largest_depth == 2


async def test_faults_strike_the_node_paths_and_not_the_control_paths(
    devnet: DevnetProcess, control: DevnetControl, session: aiohttp.ClientSession
) -> None:
    await control.set_faults([Fault(kind="error", status=502, count=1)])

    async with session.get(f"{devnet.url}/v2/info") as struck:
        assert struck.status == 502
    async with session.get(f"{devnet.url}/v2/info") as spared:
        assert spared.status == 200


async def test_our_own_client_reads_it(devnet: DevnetProcess, session: aiohttp.ClientSession) -> None:
    node = NodeClient(session, devnet.url)

    info = await node.info()
    tip = await node.block("latest")

    assert tip is not None
    assert (tip.height, tip.hash) == (info.stacks_tip_height, info.stacks_tip)


async def test_a_stopped_chain_goes_on_where_it_was(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    first = await DevnetProcess.start(on_demand(tmp_path))
    mined = await DevnetControl(session, first.url).mine_blocks(2)
    await first.stop()

    second = await DevnetProcess.start(on_demand(tmp_path))
    stats = await DevnetControl(session, second.url).stats()
    await second.stop()

    assert stats.block_hash == mined.block_hash
    assert not psutil.pid_exists(first.pid)


async def test_a_killed_parent_leaves_no_server_behind(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        tmp_path,
        CACHE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    server = psutil.Process(int(await parent.stdout.readline()))

    parent.send_signal(signal.SIGKILL)
    await parent.wait()

    # Not our child, so its end cannot be awaited on the loop; psutil polls it, with a limit.
    assert server.wait(timeout=5) is None or not server.is_running()


async def test_a_folder_in_use_is_told(devnet: DevnetProcess, tmp_path: Path) -> None:
    with pytest.raises(DevnetHeldError, match=str(devnet.pid)):
        await DevnetProcess.start(on_demand(tmp_path))


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(DevnetPortError, match="EADDRINUSE"):
            await DevnetProcess.start(on_demand(tmp_path, port=taken.getsockname()[1]))
