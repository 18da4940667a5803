import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bithedge.cli.notify import Systemd


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end of the notification socket."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(path)
        end.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield end


@contextlib.contextmanager
def systemd() -> Iterator[Systemd]:
    made = Systemd()
    yield made
    made._socket.close()


async def test_the_service_manager_hears_that_we_are_ready_alive_and_stopping(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    loop = asyncio.get_running_loop()
    with systemd() as told:
        told.ready()
        beating = loop.create_task(told.keep_alive())
        heard = [await loop.sock_recv(manager, 100) for _ in range(4)]
        beating.cancel()
        told.stopping()

        assert heard == [b"READY=1\n", *[b"WATCHDOG=1\n"] * 3]
        assert await loop.sock_recv(manager, 100) == b"STOPPING=1\n"


async def test_without_a_service_manager_nobody_is_told_and_nothing_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    with systemd() as told:
        told.ready()
        await told.keep_alive()
        told.stopping()


async def test_a_service_manager_that_has_gone_is_no_reason_to_fail(
    manager: socket.socket, tmp_path: Path
) -> None:
    manager.close()
    (tmp_path / "notify").unlink()

    with systemd() as told:
        told.ready()
        told.stopping()
