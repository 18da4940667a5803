"""What this machine has to offer: key files, disk, ports, a Node.js for the embedded chain."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bithedge.cli.doctor.findings import Finding, Level
from bithedge.cli.exits import PortTakenError
from bithedge.cli.ports import HeldPort
from bithedge.config import Config
from bithedge.data_folder import KEY_NAMES
from bithedge.devnet.binary import find_node
from bithedge.devnet.errors import NodeMissingError
from bithedge.stacks.errors import PrivateKeyError
from bithedge.stacks.keys import read_key_file

_MIB: Final = 1 << 20
_FAIL_MIB: Final = 256
_WARN_MIB: Final = 2_048
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


async def local_findings(config: Config, *, running: bool) -> list[Finding]:
    """Return what was found on this machine; a running daemon holds its ports itself."""
    data = Path(config.data)
    findings = [*key_findings(data), disk_finding(data)]
    if not running:
        findings += port_findings(config)
    if config.network == "devnet" and not config.node.url:
        findings.append(await _node_js())
    return findings


def key_findings(data: Path) -> Iterator[Finding]:
    """Yield a finding for each secret of a data folder: there, sound, and its owner's alone."""
    folder = data / "keys"
    missing = [name for name in KEY_NAMES if not (folder / name).exists()]
    for name in KEY_NAMES:
        if name not in missing:
            yield _key(folder / name)
    if missing:
        names = ", ".join(missing)
        yield Finding(
            Level.WARN, "keys", f"not there yet: {names}", "`serve` makes them, or `keys import` them"
        )
    token = data / "operator-token"
    if token.exists():
        yield _mode(token, "operator-token")


def disk_finding(data: Path) -> Finding:
    """Return how much room the disk of a data folder has."""
    folder = next(path for path in (data.absolute(), *data.absolute().parents) if path.exists())
    free_mib = shutil.disk_usage(folder).free // _MIB
    message = f"{free_mib:,} MiB free under {folder}"
    if free_mib < _FAIL_MIB:
        return Finding(Level.FAIL, "disk", message, f"make room: a daemon wants {_WARN_MIB:,} MiB")
    if free_mib < _WARN_MIB:
        return Finding(Level.WARN, "disk", message, f"make room: {_WARN_MIB:,} MiB keep the journal safe")
    return Finding(Level.OK, "disk", message)


def port_findings(config: Config) -> Iterator[Finding]:
    """Yield whether the ports that `serve` would open are free."""
    wanted = [
        ("http", config.http.host, config.http.port, "--http-port"),
        ("stream", config.stream.host, config.stream.port, "--ws-port"),
    ]
    if config.network == "devnet" and not config.node.url:
        wanted.append(("devnet", "127.0.0.1", config.node.port, "--node-port"))
    for name, host, port, option in wanted:
        try:
            HeldPort.hold(name, host, port).release()
        except PortTakenError as error:
            advice = f"stop what holds it, or give {option}"
            yield Finding(Level.FAIL, "port", f"{name}: {error}", advice)
        else:
            shown = f"{host}:{port} is free" if port else "any free one"
            yield Finding(Level.OK, "port", f"{name}: {shown}")


def _key(path: Path) -> Finding:
    try:
        read_key_file(path)
    except (PrivateKeyError, OSError) as error:
        return Finding(Level.FAIL, "keys", str(error), f"chmod 600 {path}, or put the sound key there")
    return Finding(Level.OK, "keys", f"{path.name}: sound, and its owner's alone")


def _mode(path: Path, name: str) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        return Finding(
            Level.FAIL, "keys", f"{name} has mode {mode:04o}: others can read it", f"chmod 600 {path}"
        )
    return Finding(Level.OK, "keys", f"{name}: its owner's alone")


async def _node_js() -> Finding:
    try:
        found = await find_node()
    except NodeMissingError as error:
        return Finding(Level.FAIL, "node.js", str(error), "make setup")
    return Finding(Level.OK, "node.js", f"{found} runs the embedded chain")
