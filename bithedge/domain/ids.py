"""Names of things: each a string of its own type, so that no two can be mixed up."""

from typing import NewType

QuoteId = NewType("QuoteId", str)
"""`q_` + 32 hex digits: the 128 bits that the contract knows as the quote's id. It outlives a reorg."""
PolicyNumber = NewType("PolicyNumber", int)
"""A policy's number on chain; after a reorg it may name another policy."""
Address = NewType("Address", str)
"""A principal in c32, of the daemon's network."""
Txid = NewType("Txid", str)
"""`0x` + 64 hex digits."""
OperationId = NewType("OperationId", str)
"""`o_` + 32 hex digits: one intent of the backend, with all its attempts."""
WithdrawalId = NewType("WithdrawalId", str)
"""`w_` + 32 hex digits: the 128 bits are the voucher's serial."""
Hex = NewType("Hex", str)
"""`0x` + lower-case hex digits."""


def to_bytes(name: str) -> bytes:
    """Return the bytes behind a prefixed id (`q_..`, `w_..`, `o_..`, `m_..`) or `0x..`."""
    return bytes.fromhex(name[2:])


def quote_id(raw: bytes) -> QuoteId:
    """Return the quote id of 16 bytes."""
    return QuoteId("q_" + raw.hex())


def withdrawal_id(raw: bytes) -> WithdrawalId:
    """Return the withdrawal id of 16 bytes."""
    return WithdrawalId("w_" + raw.hex())


def operation_id(raw: bytes) -> OperationId:
    """Return the operation id of 16 bytes."""
    return OperationId("o_" + raw.hex())


def hexed(raw: bytes) -> Hex:
    """Return bytes as the interface shows them."""
    return Hex("0x" + raw.hex())
