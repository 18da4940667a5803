"""What systemd wants to hear of a service: ready, alive, stopping. Elsewhere it is told nothing."""

import asyncio
import contextlib

from systemd_watchdog.systemd_watchdog import WatchDog

_BEATS_A_TIMEOUT = 3


class Systemd(WatchDog):
    """The service manager, if one started us; a message that it does not take is lost."""

    def ready(self) -> None:
        """Say that requests are taken."""
        with contextlib.suppress(OSError):
            super().ready()

    def stopping(self) -> None:
        """Say that the end has begun."""
        with contextlib.suppress(OSError):
            self._send("STOPPING=1\n")

    async def keep_alive(self) -> None:
        """Say that the loop turns, several times a timeout, as long as this runs on it."""
        while self.is_enabled:
            with contextlib.suppress(OSError):
                self.notify()
            await asyncio.sleep(self.timeout_td.total_seconds() / _BEATS_A_TIMEOUT)
