"""The relay: users' signed transactions, sent, stored, and sent again until they are mined or cannot be."""

from collections.abc import Sequence
from typing import assert_never

import msgspec
import structlog

from actors.board import Board
from actors.messages.transactions import (
    BlockApplied,
    CheckNext,
    RelayMessage,
    RelayTransaction,
    WatchTransaction,
)
from actors.runtime import AsyncioActor, MailboxFullError
from bithedge.domain.blocks import POOL_STREAM
from bithedge.domain.errors import (
    ForeignTransactionError,
    MalformedTransactionError,
    NodeUnreachableError,
    NotReadyError,
    TransactionRejectedError,
)
from bithedge.domain.events.base import ChainRef, Event
from bithedge.domain.events.policy import PolicyPending, PolicyPurchaseAborted
from bithedge.domain.events.pool import WithdrawalPending
from bithedge.domain.events.transactions import (
    TransactionAborted,
    TransactionConfirmed,
    TransactionPrepared,
    TransactionReplaced,
    TransactionSent,
)
from bithedge.domain.ids import Address, QuoteId, Txid
from bithedge.domain.policy.state import Policy, Status
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.in_step import in_step
from bithedge.protocol.relayed import BUY, SeenCall, seen_at_node, seen_in_bytes
from bithedge.stacks import errors as wire
from bithedge.stacks.node_types import NodeTransaction
from bithedge.stacks.ports import Node
from bithedge.storage.ports import Attempt, Change, Journal, Keep, policy_stream
from bithedge.storage.queries.chain import canonical_block
from bithedge.storage.queries.lanes import Relayed, mined_of_nonce, open_relayed
from bithedge.storage.queries.policies import policies_of_quotes
from bithedge.storage.queries.providers import withdrawal
from bithedge.storage.queries.transactions import attempt, transaction
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

SPENT_ELSEWHERE = "its nonce went to another transaction"
_MAYBE_OURS = ("BadNonce", "ConflictingNonceInMempool")
_UNPAID = (Status.PENDING_SIGNATURE, Status.PENDING_CONFIRMATION)
_LIVE_VOUCHER = ("pending_signature", "pending_confirmation")


class RelayTools(msgspec.Struct, frozen=True, kw_only=True):
    """What the relay works with."""

    node: Node
    journal: Journal
    reader: Reader
    deployment: Deployment
    board: Board


class RelayActor(AsyncioActor):
    """Hands users' transactions to the node and stores those that it took.

    Owns nothing but what it still has to look at since the last block; hears requests and blocks, says
    transactions' facts through the journal. A refusal goes to the asker and leaves no trace; a node that
    does not answer is a refusal too.
    """

    def __init__(self, tools: RelayTools) -> None:
        super().__init__()
        self._tools = tools
        self._unchecked: dict[Address, list[Relayed]] = {}

    async def on_receive(self, message: RelayMessage) -> Txid | None:
        match message:
            case RelayTransaction():
                return await self._relay(message)
            case WatchTransaction():
                return await self._watch(message)
            case BlockApplied():
                await self._plan(message)
            case CheckNext():
                await self._check_next()
            case _:
                assert_never(message)
        return None

    async def _relay(self, message: RelayTransaction) -> Txid:
        try:
            call = seen_in_bytes(self._tools.deployment, message.raw)
        except wire.StacksError as error:
            raise MalformedTransactionError(error.message, field="tx") from error
        if call is None:
            raise ForeignTransactionError("only calls of our two contracts are relayed", field="tx")
        known = await self._tools.reader.read(transaction, call.txid)
        if known is None:
            await self._hand_in(call.txid, message.raw)
            await self._store(call, keep=message.keep)
        else:
            await self._store_again(call, keep=message.keep)
        return call.txid

    async def _hand_in(self, txid: Txid, raw: bytes) -> None:
        try:
            await self._tools.node.broadcast(raw)
        except wire.TransactionRejectedError as error:
            if error.retryable:
                raise NodeUnreachableError("the node is in trouble", retry_after_s=1) from error
            if error.reason in _MAYBE_OURS and await self._look_up(txid) is not None:
                return
            raise TransactionRejectedError(
                f"the node refused it: {error.reason}",
                field="tx",
                reason=error.reason,
                reason_data=error.reason_data,
            ) from error
        except wire.NodeError as error:
            raise NodeUnreachableError("the node does not answer", retry_after_s=1) from error

    async def _watch(self, message: WatchTransaction) -> Txid:
        if await self._tools.reader.read(transaction, message.txid) is not None:
            await self._tools.journal.append([], keep=message.keep)
            return message.txid
        found = await self._look_up(message.txid)
        if found is None:
            raise NotReadyError(
                "the node does not know this transaction yet",
                field="txid",
                actual=message.txid,
                retry_after_s=2,
            )
        call = seen_at_node(self._tools.deployment, found)
        if call is None:
            raise ForeignTransactionError("only calls of our two contracts are watched", field="txid")
        await self._store(call, keep=message.keep, found=found)
        return call.txid

    async def _look_up(self, txid: Txid) -> NodeTransaction | None:
        try:
            return await self._tools.node.transaction(txid)
        except wire.NodeError as error:
            raise NodeUnreachableError("the node does not answer", retry_after_s=1) from error

    async def _store(self, call: SeenCall, *, keep: Keep, found: NodeTransaction | None = None) -> None:
        policy = await self._bought(call)
        prepared = TransactionPrepared(
            txid=call.txid,
            address=call.address,
            nonce=call.nonce,
            fee=call.fee,
            contract_id=call.contract_id,
            function=call.function,
            quote_ids=() if policy is None else (policy.quote_id,),
            policy_ids=call.policy_ids,
            withdrawal_id=call.withdrawal_id,
        )
        sent = TransactionSent(txid=call.txid, quote_ids=prepared.quote_ids)
        changes = [_change(call.txid, prepared, sent), *await self._promised(call, policy)]
        if found is not None:
            changes += await self._outcome(found, call.function, prepared.quote_ids)
        await self._tools.journal.append(changes, attempts=_attempts(call), keep=keep)
        log.info("TransactionSent", txid=call.txid, nonce=call.nonce, function=call.function)

    async def _store_again(self, call: SeenCall, *, keep: Keep) -> None:
        """Give the same answer; of one that was only watched until now, the bytes are new."""
        stored = await self._tools.reader.read(attempt, call.txid)
        attempts = _attempts(call) if stored is None else ()
        await self._tools.journal.append([], attempts=attempts, keep=keep)

    async def _bought(self, call: SeenCall) -> Policy | None:
        """Return the policy that a call pays for; whoever else calls, or on other terms, pays for nothing."""
        if call.quote_id is None:
            return None
        policies = await self._tools.reader.read(policies_of_quotes, (call.quote_id,))
        policy = policies.get(call.quote_id)
        return policy if policy is not None and call.buys(policy.terms) else None

    async def _promised(self, call: SeenCall, policy: Policy | None) -> Sequence[Change]:
        if policy is not None and policy.status in _UNPAID:
            event = PolicyPending(txid=call.txid)
            return (Change(stream=policy_stream(policy.quote_id), events=(event,)),)
        if call.withdrawal_id is None:
            return ()
        voucher = await self._tools.reader.read(withdrawal, call.withdrawal_id)
        if voucher is None or voucher.address != call.address or voucher.status not in _LIVE_VOUCHER:
            return ()
        pending = WithdrawalPending(withdrawal_id=call.withdrawal_id, address=call.address, txid=call.txid)
        return (Change(stream=POOL_STREAM, events=(pending,)),)

    async def _plan(self, message: BlockApplied) -> None:
        tip = self._tools.board.tip
        if tip is None or message.block_height < tip.block_height:
            return  # a newer block has been applied, and is told behind this one
        idle = not self._unchecked
        self._unchecked = {}
        for one in await self._tools.reader.read(open_relayed):
            self._unchecked.setdefault(one.address, []).append(one)
        if idle:
            self._go_on()

    def _go_on(self) -> None:
        if not self._unchecked:
            return
        try:
            self.actor_ref.tell(CheckNext())
        except MailboxFullError:
            self._unchecked = {}  # the next block brings it up again

    async def _check_next(self) -> None:
        if not self._unchecked:
            return
        address = next(iter(self._unchecked))
        relayed = self._unchecked.pop(address)
        try:
            await self._check(address, relayed)
        except wire.NodeError as error:
            log.warning("relay.node_failed", error=str(error), retryable=error.retryable)
            self._unchecked = {}
        self._go_on()

    async def _check(self, address: Address, relayed: Sequence[Relayed]) -> None:
        tip = self._tools.board.tip
        mined = (await self._tools.node.account(address)).nonce
        if tip is None or not await in_step(self._tools.node, tip):
            self._unchecked = {}
            return
        for one in relayed:
            now = await self._tools.reader.read(transaction, one.txid)
            if now is None or now.status != "pending":
                continue
            found = await self._tools.node.transaction(one.txid)
            if one.nonce < mined:
                await self._end(one, found)
            elif found is None:
                await self._send_again(one)

    async def _send_again(self, one: Relayed) -> None:
        stored = await self._tools.reader.read(attempt, one.txid)
        if stored is None:
            return  # a wallet's own, of which we have no bytes
        try:
            await self._tools.node.broadcast(stored.raw)
        except wire.TransactionRejectedError as error:
            log.warning("relay.refused_again", txid=one.txid, nonce=one.nonce, reason=error.reason)
        else:
            log.info("relay.sent_again", txid=one.txid, nonce=one.nonce)

    async def _end(self, one: Relayed, found: NodeTransaction | None) -> None:
        """Say what became of a transaction whose nonce is mined."""
        if found is not None and found.block is not None:
            # Mined, and not noted with its block: it was not stored yet when the block was applied.
            changes = await self._outcome(found, one.function, one.quote_ids)
        else:
            by = await self._tools.reader.read(mined_of_nonce, one.address, one.nonce)
            event = TransactionReplaced(txid=one.txid, by=by, quote_ids=one.quote_ids)
            changes = [_change(one.txid, event)]
            changes += await self._unpaid(one.txid, one.function, one.quote_ids, SPENT_ELSEWHERE)
            log.info("TransactionReplaced", txid=one.txid, by=by, nonce=one.nonce)
        if changes:
            await self._tools.journal.append(changes)

    async def _outcome(
        self, found: NodeTransaction, function: str | None, quote_ids: tuple[QuoteId, ...]
    ) -> list[Change]:
        """Return what a block that was applied already made of a transaction; nothing before that.

        A block that is yet to be applied brings it by itself.
        """
        if found.block is None:
            return []
        block = await self._tools.reader.read(canonical_block, found.block.height)
        if block is None or block.hash != found.block.index_hash:
            return []
        txid = Txid(found.tx_id)
        ref = ChainRef(
            block_height=block.block_height,
            block_hash=block.hash,
            burn_height=block.burn_height,
            txid=txid,
        )
        if found.succeeded:
            confirmed = TransactionConfirmed(txid=txid, quote_ids=quote_ids)
            return [Change(stream=_stream(txid), events=(confirmed,), chain=ref)]
        reason = f"{found.status}: {found.vm_error or _result(found) or found.status}"
        aborted = TransactionAborted(txid=txid, reason=reason, quote_ids=quote_ids)
        unpaid = await self._unpaid(txid, function, quote_ids, reason)
        return [
            msgspec.structs.replace(change, chain=ref)
            for change in (Change(stream=_stream(txid), events=(aborted,)), *unpaid)
        ]

    async def _unpaid(
        self, txid: Txid, function: str | None, quote_ids: tuple[QuoteId, ...], reason: str
    ) -> list[Change]:
        """Return that a purchase came to nothing, where no other one has taken its place."""
        if function != BUY:
            return []
        policies = await self._tools.reader.read(policies_of_quotes, quote_ids)
        event = PolicyPurchaseAborted(txid=txid, reason=reason)
        return [
            Change(stream=policy_stream(policy.quote_id), events=(event,))
            for policy in policies.values()
            if policy.status in _UNPAID and policy.created_txid in (None, txid)
        ]


def _attempts(call: SeenCall) -> tuple[Attempt, ...]:
    if call.raw is None:
        return ()
    return (Attempt(txid=call.txid, raw=call.raw, address=call.address, nonce=call.nonce, fee=call.fee),)


def _stream(txid: Txid) -> str:
    return f"tx:{txid}"


def _change(txid: Txid, *events: Event) -> Change:
    return Change(stream=_stream(txid), events=events)


def _result(found: NodeTransaction) -> str | None:
    return None if found.result is None else found.result.repr
