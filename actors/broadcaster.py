"""The broadcaster: one lane, the only holder of one backend key's nonces."""

import asyncio
from typing import assert_never

import msgspec
import structlog

from actors.board import Board
from actors.messages.transactions import (
    BlockApplied,
    GetLane,
    IntentsCommitted,
    LaneMessage,
    LaneState,
    Waiting,
)
from actors.runtime import AsyncioActor, MailboxFullError
from actors.seams import Clock
from actors.sending import Sender, Step, change, replaced
from bithedge.config import Fees
from bithedge.domain.events.base import Event
from bithedge.domain.events.transactions import Intent, TransactionAborted
from bithedge.domain.ids import Txid
from bithedge.domain.lanes import Job, LaneAttempt, Nonces, is_stuck, uselessness
from bithedge.domain.market import Tip
from bithedge.domain.money import Ustx
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.in_step import in_step
from bithedge.protocol.lane_signing import LaneSigner
from bithedge.stacks.errors import NodeError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.node_types import Account
from bithedge.stacks.ports import Node
from bithedge.storage.ports import Journal
from bithedge.storage.queries.lanes import fees_since, lane_attempts, unsent_intents
from bithedge.storage.queries.policies import policies_of_quotes
from bithedge.storage.queries.transactions import attempts_of
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

RETRY_S = 2.0
"""After this a lane tries again where no block has told it to."""
DAY_MS = 86_400_000
NO_TXID = Txid("0x" + "00" * 32)
"""Stands for the transaction of an operation that never had one."""
SPENT_ELSEWHERE = "its nonce was mined by another transaction"


class BroadcasterTools(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane works with."""

    key: PrivateKey
    lane: int
    """From 0."""
    lanes: int
    """How many share the operations; each has its part of the day's fees."""
    node: Node
    journal: Journal
    reader: Reader
    deployment: Deployment
    fees: Fees
    clock: Clock
    board: Board


class BroadcasterActor(AsyncioActor):
    """Sends the operations of its lane, and sees each through to a block.

    Owns its key's nonces, which stand in the journal before anything is sent; every turn begins with them and
    with the node's word, so that a lane started anew goes on where the former one was cut off. Hears that
    intents or blocks were committed; says transactions' facts through the journal. A node that does not
    answer only makes it wait; a journal that fails ends it.
    """

    def __init__(self, tools: BroadcasterTools) -> None:
        super().__init__()
        self._tools = tools
        signer = LaneSigner(tools.deployment, tools.key)
        self._address = signer.address
        self._sender = Sender(
            signer=signer,
            deployment=tools.deployment,
            node=tools.node,
            journal=tools.journal,
            reader=tools.reader,
            fees=tools.fees,
        )
        self._account: Account | None = None
        self._nonces: Nonces | None = None
        self._waiting_for: Waiting | None = "first_block"
        self._due = False
        self._retry: asyncio.TimerHandle | None = None

    async def on_start(self) -> None:
        await self._work()

    def on_stop(self) -> None:
        self._cancel_retry()

    async def on_receive(self, message: LaneMessage) -> LaneState | None:
        match message:
            case IntentsCommitted() | BlockApplied():
                self._due = True
            case GetLane():
                pass
            case _:
                assert_never(message)
        # Whoever waits behind this one mostly asks for the same: one turn does for all of them.
        if self._due and self.actor_inbox.empty():
            await self._work()
        return self._state() if isinstance(message, GetLane) else None

    def _state(self) -> LaneState:
        return LaneState(
            name=f"lane-{self._tools.lane}",
            address=self._address,
            status="running" if self._waiting_for is None else "waiting",
            waiting_for=self._waiting_for,
            mined_nonce=None if self._account is None else self._account.nonce,
            next_nonce=None if self._nonces is None else self._nonces.next,
            in_flight=0 if self._nonces is None else len(self._nonces.in_flight),
            limit=self._tools.fees.in_flight,
            balance=None if self._account is None else Ustx(self._account.balance_ustx),
        )

    async def _work(self) -> None:
        self._due = False
        self._cancel_retry()
        try:
            step = await self._act()
        except NodeError as error:
            log.warning("broadcaster.node_failed", error=str(error), retryable=error.retryable)
            self._wait("node", error.retry_after_s)
            return
        if step is Step.AGAIN:
            self._wait("node")
        elif step is Step.STOP:
            self._waiting_for = "next_block"

    async def _act(self) -> Step:
        tip = self._tools.board.tip
        if tip is None:
            return Step.ON
        account = await self._tools.node.account(self._address)
        if not await in_step(self._tools.node, tip):
            return Step.AGAIN
        self._account, self._waiting_for = account, None
        await self._settle_lost(account.nonce)
        step = await self._resend(account.nonce)
        if step is Step.ON:
            step = await self._hasten(account.nonce, tip)
        if step is Step.ON:
            step = await self._fill(account.nonce, tip)
        await self._read(account.nonce)
        return step

    async def _read(self, mined: int) -> Nonces:
        attempts = await self._tools.reader.read(lane_attempts, self._address, mined)
        self._nonces = Nonces(mined=mined, attempts=attempts)
        return self._nonces

    async def _settle_lost(self, mined: int) -> None:
        """Say of each attempt whose nonce is gone what took it: another attempt, or a stranger."""
        nonces = await self._read(mined)
        changes = [change(one.operation_id, self._ended(one, nonces)) for one in nonces.lost]
        if changes:
            await self._tools.journal.append(changes)

    def _ended(self, one: LaneAttempt, nonces: Nonces) -> Event:
        winner = nonces.winner(one.nonce)
        if winner is not None and winner.operation_id == one.operation_id:
            log.info("TransactionReplaced", txid=one.txid, by=winner.txid, nonce=one.nonce)
            return replaced(one, by=winner.txid)
        by = None if winner is None else winner.txid
        log.error("broadcaster.nonce_spent_elsewhere", txid=one.txid, nonce=one.nonce, by=by)
        if one.kind == "filler":
            return _aborted(one, SPENT_ELSEWHERE)
        return replaced(one, by=None)  # the operation waits again, for a nonce of its own

    async def _resend(self, mined: int) -> Step:
        """Send in the order of nonces what the node has not taken or has forgotten."""
        in_flight = (await self._read(mined)).in_flight
        if not in_flight:
            return Step.ON
        mempool = (await self._tools.node.principal_nonces(self._address)).mempool
        there = {*mempool.pending_nonces, mempool.last_nonce}
        for one in in_flight:
            if one.sent and one.nonce in there:
                continue
            log.warning("broadcaster.sent_again", txid=one.txid, nonce=one.nonce, forgotten=one.sent)
            step = await self._sender.resend(one)
            if step is not Step.ON:
                return step
        return Step.ON

    async def _hasten(self, mined: int, tip: Tip) -> Step:
        """Replace the lowest unmined nonce by a dearer attempt when it has waited too long."""
        nonces = await self._read(mined)
        if not is_stuck(nonces, tip.burn_height, self._tools.fees.stuck_blocks):
            return Step.ON
        lowest = nonces.in_flight[0]
        fee = self._sender.raised_fee(lowest.fee)
        job = await self._sender.job_of(lowest)
        if fee is None or job is None:
            log.error(
                "broadcaster.fee_cap_reached", txid=lowest.txid, nonce=lowest.nonce, fee_ustx=lowest.fee
            )
            return Step.ON
        if not await self._affordable(Ustx(fee - lowest.fee)):
            return Step.ON
        log.warning("broadcaster.fee_raised", nonce=lowest.nonce, fee_ustx=fee, before_ustx=lowest.fee)
        return await self._sender.launch(job, nonce=lowest.nonce, fee=fee, replaces=lowest)

    async def _fill(self, mined: int, tip: Tip) -> Step:
        """Give free nonces to what waits, the lowest first; a gap that nothing waits for gets a filler."""
        while True:
            nonces = await self._read(mined)
            nonce = nonces.free(self._tools.fees.in_flight)
            if nonce is None:
                return Step.ON
            intent = await self._next_intent(tip)
            if intent is not None:
                job = Job.of(intent)
            elif nonces.is_gap(nonce):
                job = Job.filler(self._address, nonce)
                log.warning("broadcaster.gap_found", nonce=nonce)
            else:
                return Step.ON
            fee = await self._sender.first_fee(job)
            if not await self._affordable(fee):
                return Step.STOP
            step = await self._sender.launch(job, nonce=nonce, fee=fee)
            if step is not Step.ON:
                return step

    async def _next_intent(self, tip: Tip) -> Intent | None:
        """Return the oldest operation that is worth sending; those before it that are not, end here."""
        while True:
            found = await self._tools.reader.read(
                unsent_intents, lane=self._tools.lane, lanes=self._tools.lanes, limit=1
            )
            if not found:
                return None
            policies = await self._tools.reader.read(policies_of_quotes, found[0].quote_ids)
            reason = uselessness(found[0], policies, tip.burn_height)
            if reason is None:
                return found[0]
            await self._give_up(found[0], reason)

    async def _give_up(self, intent: Intent, reason: str) -> None:
        attempts = await self._tools.reader.read(attempts_of, intent.operation_id)
        event = TransactionAborted(
            txid=attempts[-1].txid if attempts else NO_TXID,
            reason=reason,
            mined=False,
            operation_id=intent.operation_id,
            quote_ids=intent.quote_ids,
        )
        await self._tools.journal.append([change(intent.operation_id, event)])
        log.warning("TransactionAborted", operation_id=intent.operation_id, reason=reason, mined=False)

    async def _affordable(self, more: Ustx) -> bool:
        """Return whether the lane's part of the day's fees leaves room."""
        now_ms = self._tools.clock.now_ms()
        spent = await self._tools.reader.read(fees_since, self._address, now_ms - now_ms % DAY_MS)
        cap = self._tools.fees.day_cap_ustx // self._tools.lanes
        if spent + more <= cap:
            return True
        log.error("broadcaster.day_cap_reached", spent_ustx=spent, wanted_ustx=more, cap_ustx=cap)
        return False

    def _wait(self, what: Waiting, seconds: float | None = None) -> None:
        self._waiting_for = what
        delay = max(RETRY_S, seconds or 0)
        self._retry = asyncio.get_running_loop().call_later(delay, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        if self.actor_ref.is_alive():
            try:
                self.actor_ref.tell(IntentsCommitted())
            except MailboxFullError:  # then it has enough to be woken by
                log.info("broadcaster.retry_skipped")

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None


def _aborted(one: LaneAttempt, reason: str) -> TransactionAborted:
    return TransactionAborted(
        txid=one.txid, reason=reason, mined=False, operation_id=one.operation_id, quote_ids=one.quote_ids
    )
