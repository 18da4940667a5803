"""Transactions and the backend's operations."""

from collections.abc import Sequence

from bithedge.domain.events.transactions import OperationKind
from bithedge.domain.ids import Address, OperationId, PolicyNumber, QuoteId, Txid
from bithedge.domain.money import Height, Ustx
from bithedge.storage.queries.transactions import Operation, OperationStatus, Transaction, TransactionStatus
from bithedge.views.base import View
from bithedge.views.context import ViewContext
from bithedge.views.times import rfc3339


class TransactionView(View, frozen=True, kw_only=True):
    """A signed transaction and its life so far."""

    txid: Txid
    status: TransactionStatus
    reason: str | None
    address: Address
    nonce: int
    contract_id: str | None
    function: str | None
    fee_ustx: Ustx
    block_height: int | None
    burn_height: Height | None
    confirmations: int
    policy_id: PolicyNumber | None
    quote_id: QuoteId | None
    operation_id: OperationId | None
    replaced_by: Txid | None
    seen_at: str


class AttemptView(View, frozen=True, kw_only=True):
    """One signed transaction of an operation; `sent_at` is None until a node took it."""

    txid: Txid
    nonce: int
    fee_ustx: Ustx
    sent_at: str | None
    status: TransactionStatus
    reason: str | None


class OperationView(View, frozen=True, kw_only=True):
    """One intent of the backend, with every attempt at it, oldest first."""

    operation_id: OperationId
    kind: OperationKind
    status: OperationStatus
    policy_ids: tuple[PolicyNumber, ...]
    reason: str | None
    attempts: tuple[AttemptView, ...]
    created_at: str


def transaction_view(transaction: Transaction, context: ViewContext) -> TransactionView:
    """Return a transaction as the interface shows it; one of several policies names none."""
    return TransactionView(
        txid=transaction.txid,
        status=transaction.status,
        reason=transaction.reason,
        address=transaction.address,
        nonce=transaction.nonce,
        contract_id=transaction.contract_id,
        function=transaction.function,
        fee_ustx=transaction.fee,
        block_height=transaction.block_height,
        burn_height=transaction.burn_height,
        confirmations=context.confirmations(transaction.block_height),
        policy_id=transaction.policy_ids[0] if len(transaction.policy_ids) == 1 else None,
        quote_id=transaction.quote_ids[0] if len(transaction.quote_ids) == 1 else None,
        operation_id=transaction.operation_id,
        replaced_by=transaction.replaced_by,
        seen_at=rfc3339(transaction.seen_at_ms),
    )


def operation_view(operation: Operation, attempts: Sequence[Transaction]) -> OperationView:
    """Return an operation as the interface shows it."""
    return OperationView(
        operation_id=operation.operation_id,
        kind=operation.kind,
        status=operation.status,
        policy_ids=operation.policy_ids,
        reason=operation.reason,
        attempts=tuple(
            AttemptView(
                txid=attempt.txid,
                nonce=attempt.nonce,
                fee_ustx=attempt.fee,
                sent_at=rfc3339(attempt.sent_at_ms),
                status=attempt.status,
                reason=attempt.reason,
            )
            for attempt in attempts
        ),
        created_at=rfc3339(operation.created_at_ms),
    )
