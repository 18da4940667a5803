"""What a Stacks node and its API answer, in the parts we use.

Field names are the API's own; fields we do not know are passed over, since APIs grow. Hashes and ids come out
as `0x` and lower-case hex however they were written, and figures written as decimal strings as integers.
"""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec.structs import force_setattr

from bithedge.stacks.hexes import normal_hex

Natural = Annotated[int, msgspec.Meta(ge=0)]
HASH_BYTES = 32
SUCCESS = "success"
PENDING = "pending"
_ABORT_PREFIX = "abort_"
_DROPPED_PREFIX = "dropped_"


def _normalise(struct: msgspec.Struct, *names: str) -> None:
    # msgspec reports the ValueError of a hash that is none as a validation error of its field.
    for name in names:
        value = getattr(struct, name)
        if value is not None:
            force_setattr(struct, name, normal_hex(value, HASH_BYTES))


class NodeInfo(msgspec.Struct, frozen=True):
    """Where the node stands."""

    network_id: Natural
    burn_block_height: Natural
    stacks_tip_height: Natural
    stacks_tip: str
    stacks_tip_consensus_hash: str
    is_fully_synced: bool
    server_version: str = ""
    tenure_height: Natural | None = None

    def __post_init__(self) -> None:
        _normalise(self, "stacks_tip")


class Account(msgspec.Struct, frozen=True):
    """What the chain tip says of a principal; `nonce` is that of its next transaction to be mined."""

    balance_ustx: Natural
    locked_ustx: Natural
    nonce: Natural
    unlock_height: Natural = 0


class FeeEstimate(msgspec.Struct, frozen=True):
    """What the node thinks a transaction will have to pay, in uSTX."""

    low_ustx: Natural
    middle_ustx: Natural
    high_ustx: Natural


class ValueText(msgspec.Struct, frozen=True):
    """A Clarity value: consensus bytes in hex, and as a person reads it."""

    hex: str
    repr: str = ""


class Sender(msgspec.Struct, frozen=True):
    """An account and the nonce it spent."""

    address: str
    nonce: Natural


class BlockPlace(msgspec.Struct, frozen=True):
    """Where a transaction was mined; `time` in Unix seconds."""

    height: Natural
    hash: str
    index_hash: str
    time: float
    tx_index: Natural

    def __post_init__(self) -> None:
        _normalise(self, "hash", "index_hash")


class BurnPlace(msgspec.Struct, frozen=True):
    """The burn block a transaction fell under; `time` in Unix seconds."""

    height: Natural
    time: float


class CallText(msgspec.Struct, frozen=True):
    """What a contract call named; arguments only where they were asked for."""

    contract_id: str
    function_name: str
    function_args: tuple[ValueText, ...] | None = None


class NodeTransaction(msgspec.Struct, frozen=True):
    """A transaction as the API sees it: mined if it has a `block`, else in the mempool."""

    tx_id: str
    type: str
    status: str
    sender: Sender
    fee_rate: Natural
    sponsor: Sender | None = None
    block: BlockPlace | None = None
    bitcoin_block: BurnPlace | None = None
    event_count: Natural | None = None
    vm_error: str | None = None
    result: ValueText | None = None
    contract_call: CallText | None = None
    receipt_time: Natural | None = None
    receipt_block_height: Natural | None = None
    replaced_by_tx_id: str | None = None

    def __post_init__(self) -> None:
        _normalise(self, "tx_id", "replaced_by_tx_id")

    @property
    def succeeded(self) -> bool:
        """Whether it was mined and did its work."""
        return self.status == SUCCESS

    @property
    def aborted(self) -> bool:
        """Whether it was mined, failed, and paid its fee."""
        return self.status.startswith(_ABORT_PREFIX)


class LegacyStatus(msgspec.Struct, frozen=True):
    """What the old API says of a transaction that the new one no longer shows."""

    tx_status: str
    canonical: bool = True

    @property
    def dropped(self) -> bool:
        """Whether the node forgot it; it may be mined all the same."""
        return self.tx_status.startswith(_DROPPED_PREFIX)


class ContractLog(msgspec.Struct, frozen=True):
    """What a contract printed."""

    contract_id: str
    topic: str
    value: ValueText


class AssetMove(msgspec.Struct, frozen=True):
    """An asset that changed hands (`transfer`), came into being (`mint`) or ceased (`burn`)."""

    type: str
    sender: str | None = None
    recipient: str | None = None
    amount: Natural | None = None
    asset_identifier: str | None = None
    value: ValueText | None = None


class TransactionEvent(msgspec.Struct, frozen=True):
    """One event of a transaction: exactly one of the others is set, or none for kinds we do not follow."""

    event_index: Natural
    contract_log: ContractLog | None = None
    stx_asset: AssetMove | None = None
    ft_asset: AssetMove | None = None
    nft_asset: AssetMove | None = None


class LogEntry(msgspec.Struct, frozen=True):
    """One print of one contract, and the transaction it came from."""

    tx_id: str
    event_index: Natural
    contract_log: ContractLog

    def __post_init__(self) -> None:
        _normalise(self, "tx_id")


class LogPage(msgspec.Struct, frozen=True):
    """Prints of a contract, newest first; `prev_cursor` begins the next older page."""

    total: Natural
    results: tuple[LogEntry, ...]
    next_cursor: str | None = None
    prev_cursor: str | None = None
    cursor: str | None = None


class Block(msgspec.Struct, frozen=True):
    """A Stacks block; only `index_block_hash` names it uniquely. Times in Unix seconds."""

    canonical: bool
    height: Natural
    hash: str
    index_block_hash: str
    parent_block_hash: str
    parent_index_block_hash: str
    block_time: Natural
    burn_block_height: Natural
    burn_block_hash: str
    burn_block_time: Natural
    tx_count: Natural
    tenure_height: Natural | None = None

    def __post_init__(self) -> None:
        _normalise(self, "hash", "index_block_hash", "parent_block_hash", "parent_index_block_hash")
        _normalise(self, "burn_block_hash")


class BlockPage(msgspec.Struct, frozen=True):
    """Blocks, newest first; `prev_cursor` begins the next older page."""

    total: Natural
    results: tuple[Block, ...]
    next_cursor: str | None = None
    prev_cursor: str | None = None
    cursor: str | None = None


class MempoolNonces(msgspec.Struct, frozen=True):
    """The nonces of a principal that wait in the mempool."""

    last_nonce: Natural | None = None
    pending_nonces: tuple[Natural, ...] = ()
    missing_nonces: tuple[Natural, ...] = ()


class PrincipalNonces(msgspec.Struct, frozen=True):
    """The API's view of a principal's nonces; the account's own nonce is the floor."""

    next_nonce: Natural
    last_confirmed_nonce: Natural | None = None
    mempool: MempoolNonces = MempoolNonces()


class Balance(msgspec.Struct, frozen=True):
    """An amount in a token's smallest unit."""

    balance: Natural


class Cursor(msgspec.Struct, frozen=True):
    """Where a page of a list stands among the others."""

    next: str | None = None
    previous: str | None = None
    current: str | None = None


_T = TypeVar("_T")


class Page(msgspec.Struct, Generic[_T], frozen=True):
    """A page of one of the API's newer lists."""

    results: tuple[_T, ...]
    cursor: Cursor = Cursor()
    total: Natural | None = None
