"""What a transaction does: move STX, call a contract, publish one (SIP-005).

The node makes other kinds itself and takes none of them from outside, so neither do we.
"""

from typing import TypeAlias

import msgspec

from bithedge.stacks.clarity import ClarityValue, Principal
from bithedge.stacks.clarity_reader import read_value
from bithedge.stacks.errors import TransactionError
from bithedge.stacks.names import check_clarity_name, check_contract_name
from bithedge.stacks.reader import Reader

MEMO_BYTES = 34
_HASH_BYTES = 20
_AMOUNT_BYTES = 8
_TRANSFER, _DEPLOY, _CALL, _VERSIONED_DEPLOY = 0, 1, 2, 6
_CODE_CHARACTERS = frozenset(map(chr, (0x09, 0x0A, *range(0x20, 0x7F))))


class TokenTransfer(msgspec.Struct, frozen=True):
    """Moves `amount` uSTX; `memo` is at most 34 bytes, without the zeros that fill it up."""

    recipient: Principal
    amount: int
    memo: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.amount < 1 << 64:
            raise TransactionError(f"a transfer moves 0 to 2^64 - 1 uSTX, not {self.amount}")
        if len(self.memo) > MEMO_BYTES or self.memo.endswith(b"\x00"):
            raise TransactionError(f"a memo is at most {MEMO_BYTES} bytes and ends in no zero byte")

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_TRANSFER)
        self.recipient.write(out)
        out += self.amount.to_bytes(_AMOUNT_BYTES, "big")
        out += self.memo.ljust(MEMO_BYTES, b"\x00")


class ContractCall(msgspec.Struct, frozen=True):
    """Calls a public function of a contract."""

    contract: Principal
    function: str
    arguments: tuple[ClarityValue, ...] = ()

    def __post_init__(self) -> None:
        if self.contract.contract_name is None:
            raise TransactionError(f"{self.contract} is no contract: only a contract can be called")
        check_clarity_name(self.function)

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_CALL)
        self.contract.write_address(out)
        name = self.contract.contract_name or ""
        out.append(len(name))
        out += name.encode("ascii")
        out.append(len(self.function))
        out += self.function.encode("ascii")
        out += len(self.arguments).to_bytes(4, "big")
        for argument in self.arguments:
            argument.write(out)


class ContractDeploy(msgspec.Struct, frozen=True):
    """Publishes a contract; `clarity_version` None leaves it to the epoch."""

    name: str
    code: str
    clarity_version: int | None

    def __post_init__(self) -> None:
        check_contract_name(self.name)
        if not _CODE_CHARACTERS.issuperset(self.code):
            raise TransactionError("a contract's source is printable ASCII, tabs and line feeds")
        if self.clarity_version is not None and not 1 <= self.clarity_version <= 0xFF:  # noqa: PLR2004 - one byte
            raise TransactionError(f"{self.clarity_version} is no version of Clarity")

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        if self.clarity_version is None:
            out.append(_DEPLOY)
        else:
            out.append(_VERSIONED_DEPLOY)
            out.append(self.clarity_version)
        out.append(len(self.name))
        out += self.name.encode("ascii")
        out += len(self.code).to_bytes(4, "big")
        out += self.code.encode("ascii")


Payload: TypeAlias = TokenTransfer | ContractCall | ContractDeploy


def serialise_payload(payload: Payload) -> bytes:
    """Return the payload's bytes, as `/v2/fees/transaction` takes them in hex."""
    out = bytearray()
    payload.write(out)
    return bytes(out)


def _read_transfer(reader: Reader) -> TokenTransfer:
    recipient = read_value(reader)
    if not isinstance(recipient, Principal):
        raise reader.fail("the recipient is no principal")
    return TokenTransfer(recipient, reader.unsigned(_AMOUNT_BYTES), reader.take(MEMO_BYTES).rstrip(b"\x00"))


def _read_call(reader: Reader) -> ContractCall:
    contract = Principal(reader.byte(), reader.take(_HASH_BYTES), reader.text(reader.byte()))
    function = reader.text(reader.byte())
    count = reader.count(least=1)
    return ContractCall(contract, function, tuple(read_value(reader) for _ in range(count)))


def _read_deploy(reader: Reader, clarity_version: int | None) -> ContractDeploy:
    name = reader.text(reader.byte())
    return ContractDeploy(name, reader.text(reader.count(least=1)), clarity_version)


def read_payload(reader: Reader) -> Payload:
    """Return the payload at the front of `reader`.

    Raises:
        StacksError: it is none, or one that only the node makes.
    """
    match reader.byte():
        case 0:
            return _read_transfer(reader)
        case 1:
            return _read_deploy(reader, None)
        case 2:
            return _read_call(reader)
        case 6:
            return _read_deploy(reader, reader.byte())
        case other:
            raise reader.fail(f"payload {other} is no transfer, contract call or deploy")
