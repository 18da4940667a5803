"""Every refusal of the Stacks wire.

StacksError
├── AddressError               no address or contract name
├── ClarityError               no Clarity value, or not of the kind asked for
├── TransactionError           no transaction, or one that cannot be built
├── SignatureError             not signed, or not by this key
├── PrivateKeyError            no private key, or a key file others can read
└── NodeError                  the node did not answer as it should; `retryable` says whether to ask again
    ├── TransactionRejectedError   it refused a transaction, and said why
    ├── ReadRefusedError           a read-only call ended in an error
    └── CursorGoneError            a page's place is no longer on the canonical chain
"""

from typing import ClassVar


class StacksError(Exception):
    """What the bytes or the node said cannot be used."""

    code: ClassVar[str] = "stacks_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AddressError(StacksError):
    """The text or bytes name no principal."""

    code = "malformed_address"


class ClarityError(StacksError):
    """The bytes are no Clarity value, or the value is not what was asked for."""

    code = "malformed_clarity_value"


class TransactionError(StacksError):
    """The bytes are no transaction, or the facts make none."""

    code = "malformed_transaction"


class SignatureError(StacksError):
    """The signature is not one over this digest by this key."""

    code = "invalid_signature"


class PrivateKeyError(StacksError):
    """The secret is none, or lies where others can read it. The message never holds the secret."""

    code = "malformed_key"


class NodeError(StacksError):
    """The node did not answer, or not in a way to believe.

    Args:
        message: what was asked and what came.
        retryable: whether the same question may get an answer later.
        retry_after_s: how long the node asked us to wait, if it did.
        status: the HTTP status, if there was one.
    """

    code = "node_failed"

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status


class TransactionRejectedError(NodeError):
    """The node looked at a transaction and refused it; retryable only where the fault was its own.

    Args:
        reason: the node's own name, such as `BadNonce`; `Undecodable` where it gave plain text.
        reason_data: its figures, empty where it gave none.
        txid: of what was sent, `0x` and 64 hex digits, if the node named it.
        status: the HTTP status.
    """

    code = "transaction_rejected"

    def __init__(
        self, reason: str, *, reason_data: dict[str, object], txid: str | None, status: int = 400
    ) -> None:
        own_fault = reason.startswith("ServerFailure")
        super().__init__(f"the node rejected the transaction: {reason}", retryable=own_fault, status=status)
        self.reason = reason
        self.reason_data = reason_data
        self.txid = txid


class ReadRefusedError(NodeError):
    """The node ran a read-only call and it failed; `cause` is the node's word."""

    code = "read_refused"

    def __init__(self, cause: str, *, function: str) -> None:
        super().__init__(f"the read-only call {function} failed: {cause}", retryable=False, status=200)
        self.cause = cause


class CursorGoneError(NodeError):
    """The cursor names a place that a fork removed: start again from the tip."""

    code = "cursor_gone"

    def __init__(self, cursor: str) -> None:
        super().__init__(f"the cursor {cursor} is not on the canonical chain", retryable=False, status=404)
        self.cursor = cursor
