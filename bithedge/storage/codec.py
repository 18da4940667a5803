"""Events as rows of the journal, and the crc32 chain that shows a missing or changed one."""

import zlib
from functools import cache
from typing import Final

import msgspec

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.registry import EVENT_TYPES
from bithedge.domain.ids import Txid
from bithedge.domain.money import Height
from bithedge.domain.policy.state import Policy
from bithedge.storage.errors import CorruptJournalError

SCHEMA_VERSION: Final = 1
"""The shape of payloads written now; a changed event raises it and brings a reader for the old shape."""

COLUMNS: Final = (
    "seq, stream, version, name, schema_version, payload, block_height, block_hash, burn_height, txid, "
    "at_ms, correlation_id, undone_by, checksum"
)
INSERT_EVENT: Final = f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)"  # noqa: S608 - constant

EventRow = tuple[
    int,
    str,
    int,
    str,
    int,
    str,
    int | None,
    str | None,
    int | None,
    str | None,
    int,
    str,
    int | None,
    int,
]
NewRow = tuple[int, str, int, str, int, str, int | None, str | None, int | None, str | None, int, str, int]

_encoder = msgspec.json.Encoder()
_policy_encoder = msgspec.msgpack.Encoder()
_policy_decoder = msgspec.msgpack.Decoder(Policy)


def encode_row(recorded: Recorded, previous: int) -> NewRow:
    """Return the row of an event, its checksum (the last column) chained with the `previous` one."""
    chain = recorded.chain
    name, payload = recorded.name, _encoder.encode(recorded.event).decode()
    facts = (
        recorded.seq,
        recorded.stream,
        recorded.version,
        name,
        SCHEMA_VERSION,
        payload,
        None if chain is None else chain.block_height,
        None if chain is None else chain.block_hash,
        None if chain is None else chain.burn_height,
        None if chain is None else chain.txid,
        recorded.at_ms,
        recorded.correlation_id,
    )
    return (*facts, checksum(facts, previous))


def checksum(facts: tuple[int | str | None, ...], previous: int) -> int:
    """Return the crc32 over a row's facts (all but `undone_by`), chained with the row before."""
    return zlib.crc32(repr(facts).encode(), previous)


def row_checksum(row: EventRow, previous: int) -> int:
    """Return what a stored row's checksum has to be."""
    return checksum(row[:12], previous)


def decode_row(row: EventRow) -> Recorded:
    """Return the event of a stored row.

    Raises:
        CorruptJournalError: a name, schema or payload that this program does not know.
    """
    seq, stream, version, name, schema, payload, block, block_hash, burn, txid, at_ms, correlation, *rest = (
        row
    )
    if schema > SCHEMA_VERSION or name not in EVENT_TYPES:
        raise CorruptJournalError(f"event {seq} is a {name} of schema {schema}, unknown to this program")
    try:
        event = _decoder(name).decode(payload)
    except msgspec.MsgspecError as error:
        raise CorruptJournalError(f"event {seq} ({name}) cannot be read: {error}") from error
    chain = None
    if block is not None and block_hash is not None and burn is not None:
        chain = ChainRef(
            block_height=block,
            block_hash=block_hash,
            burn_height=Height(burn),
            txid=None if txid is None else Txid(txid),
        )
    return Recorded(
        seq=seq,
        stream=stream,
        version=version,
        event=event,
        at_ms=at_ms,
        correlation_id=correlation,
        chain=chain,
        undone=rest[0] is not None,
    )


def encode_policy(policy: Policy) -> bytes:
    """Return a policy's head as msgpack."""
    return _policy_encoder.encode(policy)


def decode_policy(head: bytes) -> Policy:
    """Return the policy of a stored head."""
    return _policy_decoder.decode(head)


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(EVENT_TYPES[name])
