"""`serve`, `doctor` and `demo` as processes: their one line, their exit codes, how they end."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.integration.serving import GONE_S, ROOT, Daemon

FREE_PORTS = ("--http-port", "0", "--ws-port", "0", "--node-port", "0")
ENDS_S = 30.0
DEMO_S = 60.0


def run(*words: str, within_s: float = ENDS_S) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "run.py", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=within_s,
    )


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


def process_of(daemon: Daemon) -> subprocess.Popen[bytes]:
    assert daemon._process is not None
    return daemon._process


def node_of(daemon: Daemon) -> psutil.Process:
    (node,) = psutil.Process(daemon.ready.pid).children()
    return node


@contextlib.contextmanager
def a_request_that_does_not_end(daemon: Daemon) -> Iterator[None]:
    """Keep the daemon waiting for the rest of a body."""
    head = "POST /v1/quotes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", int(port_of(daemon.ready.http)))) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 100\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # from now on a handler waits for it
        yield


def test_when_it_says_that_it_is_ready_it_is(fresh_daemon: Callable[..., Daemon]) -> None:
    ready = fresh_daemon().ready

    with urllib.request.urlopen(f"{ready.http}/readyz") as answer:  # noqa: S310 - our own daemon
        assert msgspec.json.decode(answer.read()) == {"ready": True, "reasons": []}
    with urllib.request.urlopen(f"{ready.http}/v1/config") as answer:  # noqa: S310 - likewise
        assert msgspec.json.decode(answer.read())["stream_url"] == ready.ws
    assert ready.network == "devnet"


def test_a_signal_ends_it_in_time_and_takes_its_chain_along(fresh_daemon: Callable[..., Daemon]) -> None:
    daemon = fresh_daemon()
    process, node = process_of(daemon), node_of(daemon)

    with a_request_that_does_not_end(daemon):
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=11)

    assert time.monotonic() - begun <= 10
    assert code == 0
    assert not psutil.wait_procs([node], timeout=GONE_S)[1]
    assert process.stdout is not None
    assert process.stdout.read() == b""  # the ready line was the only one


def test_a_second_signal_ends_it_at_once(fresh_daemon: Callable[..., Daemon]) -> None:
    daemon = fresh_daemon()
    process, node = process_of(daemon), node_of(daemon)

    with a_request_that_does_not_end(daemon):
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 1

    assert not psutil.wait_procs([node], timeout=GONE_S)[1]
    assert "daemon.stopped_at_once" in daemon.told()


def test_a_daemon_whose_chain_has_died_ends_and_says_so(fresh_daemon: Callable[..., Daemon]) -> None:
    daemon = fresh_daemon()

    node_of(daemon).kill()

    assert process_of(daemon).wait(timeout=12) == 1
    assert "devnet.process_ended" in daemon.told()


def test_a_second_daemon_on_a_folder_touches_nothing(fresh_daemon: Callable[..., Daemon]) -> None:
    daemon = fresh_daemon()
    before = sorted(path.name for path in daemon.data.iterdir())

    done = run("serve", "--json", "--data", str(daemon.data), *FREE_PORTS)

    assert (done.returncode, done.stdout) == (5, "")
    assert "held by another daemon" in done.stderr
    assert sorted(path.name for path in daemon.data.iterdir()) == before


@pytest.mark.parametrize("option", ["--http-port", "--ws-port", "--node-port"])
def test_a_taken_port_is_a_fault_of_the_settings(tmp_path: Path, option: str) -> None:
    ports = dict(zip(FREE_PORTS[::2], FREE_PORTS[1::2], strict=True))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports[option] = str(taken.getsockname()[1])
        done = run("serve", "--data", str(tmp_path), *(word for pair in ports.items() for word in pair))

    assert (done.returncode, done.stdout) == (3, "")
    assert ports[option] in done.stderr


def test_a_node_that_does_not_answer_has_its_own_exit_code(tmp_path: Path) -> None:
    done = run("serve", "--data", str(tmp_path), *FREE_PORTS[:4], "--node-url", "http://127.0.0.1:1")

    assert (done.returncode, done.stdout) == (4, "")
    assert "Traceback" not in done.stderr


def test_every_fault_of_the_settings_is_told_at_once(tmp_path: Path) -> None:
    done = run("serve", "--data", str(tmp_path), "--set", "http.prt=1", "--set", "oracle.tick_ms=1")

    assert (done.returncode, done.stdout) == (3, "")
    assert "http.prt" in done.stderr
    assert "oracle.tick_ms" in done.stderr


def test_a_service_manager_hears_of_its_whole_life(
    fresh_daemon: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(heard))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(heard))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        daemon = fresh_daemon()
        assert [manager.recv(100) for _ in range(4)] == [b"READY=1\n", *[b"WATCHDOG=1\n"] * 3]

        daemon.stop()

        manager.settimeout(0)
        said = list(iter(lambda: _last_of(manager), b""))
    assert said[-1] == b"STOPPING=1\n"


def _last_of(manager: socket.socket) -> bytes:
    try:
        return manager.recv(100)
    except BlockingIOError:
        return b""


def test_the_doctor_finds_a_running_daemon_well(living_daemon: Daemon) -> None:
    ready = living_daemon.ready
    ports = ("--http-port", port_of(ready.http), "--node-port", port_of(ready.node))

    done = run("doctor", "--data", str(living_daemon.data), *ports)

    assert done.returncode == 0, done.stdout
    assert "one runs and is ready" in done.stdout
    assert "the registry is sealed to the pool" in done.stdout
    assert ", 0 fail" in done.stdout


def test_the_doctor_sees_a_lane_key_that_has_no_money(living_daemon: Daemon, tmp_path: Path) -> None:
    made = run("keys", "new", "lane-1", "--data", str(tmp_path))

    done = run("doctor", "--data", str(tmp_path), "--node-url", living_daemon.ready.node, *FREE_PORTS[:4])

    assert made.returncode == 0
    assert done.returncode == 1
    assert "fail fees" in done.stdout


def test_the_demo_plays_both_lives_on_a_running_daemon(living_daemon: Daemon) -> None:
    done = run("demo", "--url", living_daemon.ready.http, within_s=DEMO_S)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "payout = amount x (strike - price) / price: 2,500,000 sats" in done.stdout
    assert "all figures are right" in done.stdout


def test_the_demo_starts_and_stops_a_daemon_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    done = run("demo", within_s=DEMO_S)

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(one.info["cmdline"])]


def test_the_chain_alone_serves_a_daemon_of_another_process(tmp_path: Path) -> None:
    chain = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "run.py", "devnet", "--json", "--port", "0", "--data", str(tmp_path / "chain")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert chain.stdout is not None
        ready = msgspec.json.decode(chain.stdout.readline())
        assert (ready["event"], ready["network"], ready["pid"]) == ("ready", "devnet", chain.pid)
        for _ in range(2):  # the second finds the contracts there
            _serve_once(tmp_path / "data", ready["node"])
    finally:
        chain.terminate()
        assert chain.wait(timeout=12) == 0
        chain.stdout.close()


def _serve_once(data: Path, node_url: str) -> None:
    daemon = subprocess.Popen(  # noqa: S603 - our own program
        [
            sys.executable,
            "run.py",
            "serve",
            "--json",
            "--data",
            str(data),
            *FREE_PORTS[:4],
            "--node-url",
            node_url,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert daemon.stdout is not None
    ready = msgspec.json.decode(daemon.stdout.readline())
    daemon.terminate()
    assert daemon.wait(timeout=12) == 0
    daemon.stdout.close()
    assert ready["node"] == node_url
