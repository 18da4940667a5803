"""Ports held before all else: a taken one is told at once, and a free one has its number early."""

import socket
from typing import Self

import msgspec

from bithedge.cli.exits import PortTakenError

_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on


class HeldPort:
    """A bound socket that nobody listens on, given up in the moment when its server binds."""

    def __init__(self, bound: socket.socket, host: str) -> None:
        self._bound = bound
        self.host = host
        self.number: int = bound.getsockname()[1]

    @classmethod
    def hold(cls, what: str, host: str, port: int) -> Self:
        """Bind `port` of `host`, 0 for a free one.

        Raises:
            PortTakenError: it is another's, or not ours to open; `what` names its use.
        """
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            bound = socket.socket(family, kind, protocol)
        except OSError as error:
            raise PortTakenError(what, host, port, error.strerror or str(error)) from error
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            bound.close()
            raise PortTakenError(what, host, port, error.strerror or str(error)) from error
        return cls(bound, host)

    def release(self) -> None:
        """Give it up; more than once is no harm."""
        self._bound.close()


class Doors(msgspec.Struct, frozen=True):
    """The daemon's two ports."""

    http: HeldPort
    stream: HeldPort

    @property
    def http_url(self) -> str:
        """Where a client on this machine finds the HTTP interface."""
        return f"http://{_authority(self.http)}"

    @property
    def stream_url(self) -> str:
        """Where a client on this machine finds the stream."""
        return f"ws://{_authority(self.stream)}/v1/stream"

    def own_origins(self) -> tuple[str, ...]:
        """Return the origins of the daemon's own page, whichever way this machine is named."""
        names = ("127.0.0.1", "localhost", "[::1]", _named(self.http.host))
        return tuple(dict.fromkeys(f"http://{name}:{self.http.number}" for name in names))

    def release(self) -> None:
        """Give up both."""
        self.http.release()
        self.stream.release()


def hold_doors(http: tuple[str, int], stream: tuple[str, int]) -> Doors:
    """Hold both ports, each given as host and number, or none of them.

    Raises:
        PortTakenError: one is another's.
    """
    first = HeldPort.hold("http.port", *http)
    try:
        return Doors(first, HeldPort.hold("stream.port", *stream))
    except PortTakenError:
        first.release()
        raise


def _authority(port: HeldPort) -> str:
    return f"{_named(port.host)}:{port.number}"


def _named(host: str) -> str:
    if host in _WILDCARDS:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
