"""The node as the rest of the system knows it: the HTTP client and the simulated chain both stand here."""

from collections.abc import Sequence
from typing import Protocol

from bithedge.stacks.clarity import ClarityValue
from bithedge.stacks.node_types import (
    Account,
    Block,
    BlockPage,
    FeeEstimate,
    LegacyStatus,
    LogPage,
    NodeInfo,
    NodeTransaction,
    PrincipalNonces,
    TransactionEvent,
)


class Node(Protocol):
    """A Stacks node with its API. Each method may raise `NodeError`, whose `retryable` says what to do."""

    async def info(self) -> NodeInfo:
        """Return where the node stands."""
        ...

    async def account(self, principal: str) -> Account:
        """Return balance and mined nonce of a principal, by the chain tip."""
        ...

    async def call_read(
        self, contract_id: str, function: str, arguments: Sequence[ClarityValue], sender: str
    ) -> ClarityValue:
        """Return what a read-only function gives.

        Raises:
            ReadRefusedError: the call failed.
        """
        ...

    async def contract_source(self, contract_id: str) -> str | None:
        """Return a contract's source, or None if there is no such contract."""
        ...

    async def broadcast(self, raw: bytes) -> str:
        """Hand in a signed transaction and return its id; the same bytes again are accepted again.

        Raises:
            TransactionRejectedError: the node refused it, and said why.
        """
        ...

    async def fee_estimate(self, payload: bytes, length: int) -> FeeEstimate | None:
        """Return the fees of a transaction of this payload and length, or None if the node has no idea."""
        ...

    async def transaction(self, txid: str) -> NodeTransaction | None:
        """Return a mined or waiting transaction. None says nothing by itself: ask nonce and own records."""
        ...

    async def legacy_status(self, txid: str) -> LegacyStatus | None:
        """Return the old API's word on a transaction that the new one no longer shows, if it still speaks."""
        ...

    async def transaction_events(self, txid: str) -> tuple[TransactionEvent, ...]:
        """Return all events of a mined transaction, in order."""
        ...

    async def contract_logs(self, contract_id: str, cursor: str | None = None) -> LogPage:
        """Return a page of a contract's prints, newest first, beginning at `cursor`.

        Raises:
            CursorGoneError: a fork removed the cursor's place.
        """
        ...

    async def blocks(self, limit: int = 20, cursor: str | None = None) -> BlockPage:
        """Return a page of the canonical chain, newest first, beginning at `cursor`.

        Raises:
            CursorGoneError: a fork removed the cursor's block.
        """
        ...

    async def block(self, which: int | str) -> Block | None:
        """Return a block by height, hash, or `latest`; None if there is none."""
        ...

    async def block_transactions(self, which: int | str) -> tuple[NodeTransaction, ...] | None:
        """Return all transactions of a block, in its order; None if there is no such block."""
        ...

    async def mempool_transactions(self, at_most: int = 1_000) -> tuple[NodeTransaction, ...]:
        """Return the newest transactions that wait to be mined."""
        ...

    async def principal_nonces(self, principal: str) -> PrincipalNonces:
        """Return the API's view of a principal's nonces, its mempool included."""
        ...

    async def stx_balance(self, principal: str) -> int:
        """Return a principal's uSTX."""
        ...

    async def ft_balance(self, principal: str, asset: str) -> int:
        """Return how much a principal holds of `ADDRESS.contract::asset`, in its smallest unit."""
        ...
