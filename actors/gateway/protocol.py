"""What clients say to the gateway: ops and channel names, the refusals of both, the codes that close."""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, cast

import msgspec

from bithedge.domain.errors import DomainError
from bithedge.domain.tiers import Tier
from bithedge.stacks.c32 import decode_address
from bithedge.stacks.errors import AddressError
from bithedge.stacks.networks import Network

STATE_CHANNELS: Final = frozenset({"oracle", "pool", "tiers", *(f"tier:{tier.value}" for tier in Tier)})
PLAIN_CHANNELS: Final = frozenset({"blocks", "policies", "transactions", "alerts", "operator"})
BEAT_MS: Final = 250
BEATS_A_HEARTBEAT: Final = 8
_POLICY_ID: Final = re.compile(r"q_[0-9a-f]{32}|[1-9][0-9]{0,15}")


class CloseCode(IntEnum):
    """Why a connection ends, and with it what the client does next."""

    SHUTDOWN = 1001
    INTERNAL = 1011
    SLOW_CONSUMER = 4000
    PROTOCOL_ERRORS = 4001
    TOO_MANY_MESSAGES = 4002
    WRONG_TOKEN = 4003
    TOO_MANY_CHANNELS = 4004


class OpError(DomainError):
    """An op that is refused: it changed nothing, and the connection lives."""

    code = "validation_failed"


class MalformedOpError(OpError):
    """Not JSON."""

    code = "malformed_json"


class UnknownOpError(OpError):
    """No such op."""

    code = "unknown_op"


class UnknownChannelError(OpError):
    """No such channel."""

    code = "unknown_channel"


class TooManyChannelsError(OpError):
    """More channels than one connection may have."""

    code = "too_many_channels"


class UnauthorisedOpError(OpError):
    """It wants a token."""

    code = "unauthorised"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client stood last."""

    epoch: str
    seq: int


class Op(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any op; which fields belong to which is checked apart."""

    op: str
    id: int
    channels: tuple[str, ...] | None = None
    since: Place | None = None
    token: str | None = None


_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "subscribe": frozenset({"channels"}),
    "unsubscribe": frozenset({"channels"}),
    "ping": frozenset(),
    "auth": frozenset({"token"}),
}


def read_op(text: str) -> Op:
    """Return a client's op.

    Raises:
        MalformedOpError: it is no JSON.
        UnknownOpError: JSON, but no op of ours.
        UnauthorisedOpError: `auth` without a token.
        OpError: an op with fields missing, too many or of a wrong type.
    """
    raw = _decoded(text)
    if not isinstance(raw, dict):
        raise OpError("an op is a JSON object")
    given = cast("dict[str, object]", raw)
    name = given.get("op")
    if not isinstance(name, str) or name not in _FIELDS:
        raise UnknownOpError(f"unknown op {str(name)[:40]!r}: subscribe, unsubscribe, ping or auth")
    if name == "auth" and given.get("token") is None:
        raise UnauthorisedOpError("auth wants a token")
    try:
        op = msgspec.convert(given, Op, strict=True)
    except msgspec.ValidationError as error:
        raise OpError(str(error)) from error
    _check_fields(op)
    return op


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedOpError(f"not JSON: {error}") from error


def _check_fields(op: Op) -> None:
    given = frozenset(key for key in ("channels", "token") if getattr(op, key) is not None)
    if given != _FIELDS[op.op] or (op.since is not None and op.op != "subscribe"):
        wanted = ", ".join(sorted(_FIELDS[op.op])) or "nothing else"
        raise OpError(f"{op.op} takes id and {wanted}")
    if op.since is not None and op.since.seq < 0:
        raise OpError("since.seq is 0 or more")


def id_of(text: str) -> int | None:
    """Return the id of an op that could not be read as a whole, if it can be made out."""
    try:
        raw = _decoded(text)
    except MalformedOpError:
        return None
    found = cast("dict[str, object]", raw).get("id") if isinstance(raw, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def check_channel(channel: str, network: Network | None) -> str:
    """Return a channel that may be subscribed to; a policy's may name its number.

    Args:
        channel: as the client wrote it.
        network: whose addresses there are; None for any.

    Raises:
        UnknownChannelError: there is none of that name.
    """
    if channel in STATE_CHANNELS or channel in PLAIN_CHANNELS:
        return channel
    kind, _, name = channel.partition(":")
    if kind == "policy" and _POLICY_ID.fullmatch(name) is not None:
        return channel
    if kind in ("owner", "provider") and _is_address(name, network):
        return channel
    raise UnknownChannelError(f"unknown channel {channel[:80]!r}")


def beats_of(heartbeat_ms: int) -> int:
    """Return into how many beats a heartbeat's silence is divided: so late, at most, it comes."""
    return max(BEATS_A_HEARTBEAT, -(-heartbeat_ms // BEAT_MS))


def number_of(channel: str) -> int | None:
    """Return the number by which a channel names its policy, None where it does not."""
    kind, _, name = channel.partition(":")
    return int(name) if kind == "policy" and name.isdigit() else None


def _is_address(text: str, network: Network | None) -> bool:
    try:
        version = decode_address(text).version
    except AddressError:
        return False
    return network is None or network.owns_version(version)
