"""Post-conditions: what a transaction may move, in the words that a wallet shows (SIP-005).

A `principal` of None stands for the transaction's origin, whoever that is.
"""

from enum import IntEnum
from typing import TypeAlias, TypeVar

import msgspec

from bithedge.stacks.clarity import ClarityValue, Principal
from bithedge.stacks.clarity_reader import read_value
from bithedge.stacks.errors import TransactionError
from bithedge.stacks.names import check_clarity_name
from bithedge.stacks.reader import Reader

_HASH_BYTES = 20
_AMOUNT_BYTES = 8
_ORIGIN, _ACCOUNT, _CONTRACT = 1, 2, 3
_STX, _FT, _NFT, _STAKING, _POX = 0, 1, 2, 3, 4


class PostConditionMode(IntEnum):
    """What becomes of assets that no condition names."""

    ALLOW = 1
    DENY = 2
    ORIGINATOR = 3
    """Denied to the origin, allowed to all others (since epoch 3.4)."""


class FungibleCode(IntEnum):
    """How the amount sent must compare."""

    EQUAL = 1
    GREATER = 2
    GREATER_EQUAL = 3
    LESS = 4
    LESS_EQUAL = 5


class NonFungibleCode(IntEnum):
    """Whether the asset must, must not or may (since epoch 3.4) be sent."""

    SENDS = 0x10
    DOES_NOT_SEND = 0x11
    MAY_SEND = 0x12


class PoxCode(IntEnum):
    """Whether the principal must not, may or must stack (since epoch 4.0)."""

    WILL_NOT_PERFORM = 0x30
    MAY_PERFORM = 0x31
    WILL_PERFORM = 0x32


class Asset(msgspec.Struct, frozen=True):
    """A token: the contract that defines it, and its name there."""

    contract: Principal
    name: str

    def __post_init__(self) -> None:
        if self.contract.contract_name is None:
            raise TransactionError(f"{self.contract} defines no asset: only a contract does")
        check_clarity_name(self.name)

    @staticmethod
    def parse(text: str) -> "Asset":
        """Return the asset of `ADDRESS.contract::name`.

        Raises:
            AddressError: the contract is none.
            ClarityError: the name is none.
        """
        contract, _, name = text.partition("::")
        return Asset(Principal.parse_contract(contract), name)

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        self.contract.write_address(out)
        _write_text(out, self.contract.contract_name or "")
        _write_text(out, self.name)

    def __str__(self) -> str:
        return f"{self.contract}::{self.name}"


class StxCondition(msgspec.Struct, frozen=True):
    """On the uSTX that a principal sends."""

    principal: Principal | None
    code: FungibleCode
    amount: int

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_STX)
        _write_principal(out, self.principal)
        out.append(self.code)
        out += _amount(self.amount)


class FungibleCondition(msgspec.Struct, frozen=True):
    """On how much of a fungible token a principal sends."""

    principal: Principal | None
    asset: Asset
    code: FungibleCode
    amount: int

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_FT)
        _write_principal(out, self.principal)
        self.asset.write(out)
        out.append(self.code)
        out += _amount(self.amount)


class NonFungibleCondition(msgspec.Struct, frozen=True):
    """On whether a principal sends one non-fungible token."""

    principal: Principal | None
    asset: Asset
    value: ClarityValue
    code: NonFungibleCode

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_NFT)
        _write_principal(out, self.principal)
        self.asset.write(out)
        self.value.write(out)
        out.append(self.code)


class StakingCondition(msgspec.Struct, frozen=True):
    """On the uSTX that a principal locks."""

    principal: Principal | None
    code: FungibleCode
    amount: int

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_STAKING)
        _write_principal(out, self.principal)
        out.append(self.code)
        out += _amount(self.amount)


class PoxCondition(msgspec.Struct, frozen=True):
    """On whether a principal stacks."""

    principal: Principal | None
    code: PoxCode

    def write(self, out: bytearray) -> None:
        """Append the bytes."""
        out.append(_POX)
        _write_principal(out, self.principal)
        out.append(self.code)


PostCondition: TypeAlias = (
    StxCondition | FungibleCondition | NonFungibleCondition | StakingCondition | PoxCondition
)


def _amount(amount: int) -> bytes:
    if not 0 <= amount < 1 << 64:
        raise TransactionError(f"a post-condition's amount is 0 to 2^64 - 1, not {amount}")
    return amount.to_bytes(_AMOUNT_BYTES, "big")


def _write_text(out: bytearray, text: str) -> None:
    out.append(len(text))
    out += text.encode("ascii")


def _write_principal(out: bytearray, principal: Principal | None) -> None:
    if principal is None:
        out.append(_ORIGIN)
        return
    out.append(_ACCOUNT if principal.contract_name is None else _CONTRACT)
    principal.write_address(out)
    if principal.contract_name is not None:
        _write_text(out, principal.contract_name)


def serialise_post_condition(condition: PostCondition) -> bytes:
    """Return the bytes of one post-condition, as wallets take them in hex."""
    out = bytearray()
    condition.write(out)
    return bytes(out)


_Code = TypeVar("_Code", bound=IntEnum)


def _read_code(reader: Reader, codes: type[_Code]) -> _Code:
    code = reader.byte()
    try:
        return codes(code)
    except ValueError:
        raise reader.fail(f"0x{code:02x} is no {codes.__name__}") from None


def _read_principal(reader: Reader) -> Principal | None:
    match reader.byte():
        case 1:
            return None
        case 2:
            return Principal(reader.byte(), reader.take(_HASH_BYTES))
        case 3:
            return Principal(reader.byte(), reader.take(_HASH_BYTES), reader.text(reader.byte()))
        case other:
            raise reader.fail(f"{other} is no kind of a post-condition's principal")


def _read_asset(reader: Reader) -> Asset:
    contract = Principal(reader.byte(), reader.take(_HASH_BYTES), reader.text(reader.byte()))
    return Asset(contract, reader.text(reader.byte()))


def read_post_condition(reader: Reader) -> PostCondition:
    """Return the post-condition at the front of `reader`.

    Raises:
        StacksError: it is none.
    """
    kind = reader.byte()
    if kind > _POX:
        raise reader.fail(f"{kind} is no kind of post-condition")
    principal = _read_principal(reader)
    match kind:
        case 0:
            return StxCondition(principal, _read_code(reader, FungibleCode), reader.unsigned(_AMOUNT_BYTES))
        case 1:
            asset = _read_asset(reader)
            code = _read_code(reader, FungibleCode)
            return FungibleCondition(principal, asset, code, reader.unsigned(_AMOUNT_BYTES))
        case 2:
            asset = _read_asset(reader)
            value = read_value(reader)
            return NonFungibleCondition(principal, asset, value, _read_code(reader, NonFungibleCode))
        case 3:
            code = _read_code(reader, FungibleCode)
            return StakingCondition(principal, code, reader.unsigned(_AMOUNT_BYTES))
        case _:
            return PoxCondition(principal, _read_code(reader, PoxCode))
