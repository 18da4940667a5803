"""The daemon in one process: opened from the node up, closed from the doors down."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import structlog

from actors.bootstrap import Daemon
from actors.connecting import Connected, connect
from actors.gateway.server import GatewayServer
from actors.runtime import tune_collector
from actors.seams import SystemClock, SystemIds, TaskKeeper, system_random
from actors.starters import Seams
from bithedge import __version__
from bithedge.cli.ending import Ending
from bithedge.cli.exits import Exit
from bithedge.cli.notify import Systemd
from bithedge.cli.ports import Doors
from bithedge.config import Config
from bithedge.data_folder import DataFolder
from bithedge.devnet.process import DevnetProcess
from bithedge.http.server import HttpServer

log = structlog.stdlib.get_logger()

Announce = Callable[[str], None]
"""Hears the node's URL once requests are taken."""


class Serving:
    """A daemon's life: boot, run until something ends it, stop in order."""

    def __init__(self, config: Config, folder: DataFolder, doors: Doors, ending: Ending) -> None:
        self._config = _bound(config, doors)
        self._folder = folder
        self._doors = doors
        self._ending = ending
        self._keeper = TaskKeeper()
        self._systemd = Systemd()

    async def run(self, announce: Announce) -> Exit:
        """Serve until asked to end; return how it ended.

        Raises:
            NodeError: the node does not answer.
            DeploymentError: the contracts are not as they should be.
            StorageError: the journal cannot be opened.
            DevnetError: the embedded chain cannot be started.
        """
        async with AsyncExitStack() as opened:
            try:
                await self._boot_or_end(opened, announce)
                exit_code = await self._ending.asked
            finally:
                self._ending.begin()
                self._systemd.stopping()
        log.info("daemon.stopped", exit=int(exit_code))
        return exit_code

    async def _boot_or_end(self, opened: AsyncExitStack, announce: Announce) -> None:
        boot = asyncio.get_running_loop().create_task(self._boot(opened, announce), name="boot")
        self._ending.asked.add_done_callback(lambda _: boot.cancel())
        try:
            await boot
        except asyncio.CancelledError:
            if not self._ending.asked.done():
                raise

    async def _boot(self, opened: AsyncExitStack, announce: Announce) -> None:
        connected = await connect(self._config, self._folder)
        opened.push_async_callback(connected.close)
        opened.push_async_callback(self._keeper.close)
        if connected.process is not None:
            self._keeper(self._watch_devnet(connected.process), "devnet-watch")
        with tune_collector():
            await self._start(opened, connected)
        announce(connected.node_url)
        self._systemd.ready()
        self._keeper(self._systemd.keep_alive(), "systemd-watchdog")

    async def _start(self, opened: AsyncExitStack, connected: Connected) -> None:
        seams = Seams(clock=SystemClock(), ids=SystemIds(), random=system_random(), spawn=self._keeper)
        daemon = await Daemon.open(self._config, self._folder, connected, seams)
        system = daemon.system(version=__version__, stream_url=self._doors.stream_url)
        gateway = GatewayServer(
            system.gateway,
            self._config.stream,
            origins=(*self._doors.own_origins(), *self._config.http.allowed_origins),
            clock=seams.clock,
            spawn=self._keeper,
        )
        # Closed in the opposite order: first the requests, then the actors, who tell the clients, then these.
        opened.push_async_callback(gateway.stop)
        opened.push_async_callback(daemon.stop)
        daemon.supervisor.failed.add_done_callback(self._supervisor_failed)
        await daemon.start()
        http = HttpServer(system)
        opened.push_async_callback(http.stop)
        self._doors.release()
        await gateway.start()
        await http.start(self._config.http.host, self._config.http.port)

    def _supervisor_failed(self, failed: asyncio.Future[Any]) -> None:
        if not failed.cancelled():
            log.error("daemon.failed", error=repr(failed.result()))
            self._ending.ask(Exit.FAILED)

    async def _watch_devnet(self, process: DevnetProcess) -> None:
        code = await process.wait()
        if not self._ending.asked.done():
            log.error("devnet.process_ended", exit=code, pid=process.pid)
            self._ending.ask(Exit.FAILED)


def _bound(config: Config, doors: Doors) -> Config:
    """Return the settings with the ports' numbers in the place of 0."""
    return msgspec.structs.replace(
        config,
        http=msgspec.structs.replace(config.http, port=doors.http.number),
        stream=msgspec.structs.replace(config.stream, port=doors.stream.number),
    )
