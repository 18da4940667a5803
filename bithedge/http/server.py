"""The HTTP server: opens the port, drains before it stops."""

from typing import Final

from aiohttp import web

from actors.system import System
from bithedge.http.app import GATE, make_app
from bithedge.http.connection import Runner

BACKLOG: Final = 1_024
"""aiohttp's 128 loses handshakes at a few hundred connections at once."""
DRAIN_S: Final = 8.0


class HttpServer:
    """Serves a system; started and stopped once."""

    def __init__(self, system: System) -> None:
        self._app = make_app(system)
        self._runner = Runner(self._app, system.ids, shutdown_timeout=DRAIN_S)

    async def start(self, host: str, port: int) -> int:
        """Open the port (0: a free one) and return it.

        Raises:
            OSError: it is taken, or not ours to open.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Refuse what is new, let what runs finish for 8 s, close."""
        self._app[GATE].draining = True
        await self._runner.cleanup()
