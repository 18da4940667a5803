"""What the gateway says, frame by frame."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.gateway.connection import Prepared, prepare
from bithedge.domain.events.base import Recorded
from bithedge.views.times import rfc3339

PROTOCOL: Final = 1
SHUTDOWN: Final[dict[str, object]] = {"type": "shutdown", "reconnect_after_ms": 1_000}

Frame = dict[str, object]


def framed(frame: Frame) -> Prepared:
    """Return a frame ready for any number of clients."""
    return prepare(msgspec.json.encode(frame))


def data_of(value: object) -> msgspec.Raw:
    """Return a frame's `data`, encoded once for all the names it goes out under."""
    return msgspec.Raw(msgspec.json.encode(value))


class Frames(msgspec.Struct, frozen=True):
    """The frames that name a place in the stream."""

    epoch: str

    def hello(self, *, seq: int, heartbeat_ms: int, max_channels: int) -> Prepared:
        """Return the greeting, the first frame of every connection."""
        return framed(
            {
                "type": "hello",
                "protocol": PROTOCOL,
                "epoch": self.epoch,
                "seq": seq,
                "heartbeat_ms": heartbeat_ms,
                "max_channels": max_channels,
            }
        )

    def snapshot(self, name: str, *, seq: int, data: msgspec.Raw) -> Prepared:
        """Return how a channel begins."""
        return framed({"type": "snapshot", "channel": name, "epoch": self.epoch, "seq": seq, "data": data})

    def event(self, name: str, recorded: Recorded, *, previous: int, data: msgspec.Raw) -> Prepared:
        """Return an event as a channel carries it."""
        return framed(
            {
                "type": "event",
                "channel": name,
                "epoch": self.epoch,
                "seq": recorded.seq,
                "prev": previous,
                "name": recorded.name,
                "at": rfc3339(recorded.at_ms),
                "data": data,
            }
        )

    def state(self, channel: str, *, name: str, seq: int, at_ms: int, data: msgspec.Raw) -> Prepared:
        """Return the latest of a state channel."""
        return framed(
            {
                "type": "event",
                "channel": channel,
                "epoch": self.epoch,
                "seq": seq,
                "prev": seq,
                "name": name,
                "at": rfc3339(at_ms),
                "data": data,
            }
        )


def subscribed(op_id: int, names: Sequence[str], *, resumed: bool) -> Prepared:
    """Return the answer to a subscription."""
    return framed({"type": "subscribed", "id": op_id, "channels": names, "resumed": resumed})


def heartbeat(*, seq: int, at_ms: int) -> Prepared:
    """Return the sign of life; all events up to `seq` were sent."""
    return framed({"type": "heartbeat", "seq": seq, "at": rfc3339(at_ms)})


def notice(name: str, what: str, *, at_ms: int, data: msgspec.Raw) -> Prepared:
    """Return something derived, outside the sequence."""
    return framed({"type": "notice", "channel": name, "name": what, "at": rfc3339(at_ms), "data": data})
