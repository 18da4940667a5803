"""Sending, a part of a lane's actor: sign, store, and only then hand to the node and hear what it says."""

from enum import Enum, auto
from itertools import chain

import msgspec
import structlog

from bithedge.config import Fees
from bithedge.domain.events.base import Event
from bithedge.domain.events.chain import AlertCleared, AlertRaised
from bithedge.domain.events.transactions import (
    Call,
    NonceGapFilled,
    TransactionAborted,
    TransactionPrepared,
    TransactionReplaced,
    TransactionSent,
)
from bithedge.domain.ids import Address, OperationId, Txid
from bithedge.domain.lanes import Job, LaneAttempt, first_fee, raised_fee
from bithedge.domain.money import Bps, Ustx
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.lane_signing import LaneSigner
from bithedge.protocol.refusals import Refusal, in_words, refusal_of, wanted_fee
from bithedge.stacks.errors import NodeError, TransactionRejectedError
from bithedge.stacks.ports import Node
from bithedge.stacks.signing import SignedTransaction
from bithedge.storage.ports import Attempt, Change, Journal
from bithedge.storage.queries.chain import open_alerts
from bithedge.storage.queries.transactions import attempt, intent, transaction
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

ALERTS_STREAM = "alerts"
LOW_STX = "low_stx"


class Step(Enum):
    """How a lane's turn goes on."""

    ON = auto()
    """With the next."""
    STOP = auto()
    """Nothing more until a block changes something."""
    AGAIN = auto()
    """Nothing more now, and once more soon."""


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt and its bytes, ready to be sent."""

    attempt: LaneAttempt
    raw: bytes


class Sender:
    """Owns what goes out under one key: no bytes leave before they are stored with their nonce."""

    def __init__(
        self,
        *,
        signer: LaneSigner,
        deployment: Deployment,
        node: Node,
        journal: Journal,
        reader: Reader,
        fees: Fees,
    ) -> None:
        self._signer = signer
        self._deployment = deployment
        self._node = node
        self._journal = journal
        self._reader = reader
        self._fees = fees
        self._short: bool | None = None

    @property
    def address(self) -> Address:
        """Whose nonces these are."""
        return self._signer.address

    async def first_fee(self, job: Job) -> Ustx:
        """Return what the first attempt of a job pays; without an answer of the node it is the floor."""
        payload, size = self._signer.measure(job.call)
        try:
            estimate = await self._node.fee_estimate(payload, size)
        except NodeError as error:
            log.warning("broadcaster.fee_unknown", error=str(error))
            estimate = None
        return first_fee(
            None if estimate is None else Ustx(estimate.middle_ustx),
            size=size,
            floor=Ustx(self._fees.floor_ustx),
            cap=Ustx(self._fees.cap_ustx),
        )

    def raised_fee(self, fee: Ustx, *, least: int = 0) -> Ustx | None:
        """Return what a replacement pays; None at the cap."""
        return raised_fee(fee, bump=Bps(self._fees.bump_bps), cap=Ustx(self._fees.cap_ustx), least=least)

    async def job_of(self, one: LaneAttempt) -> Job | None:
        """Return what an attempt does, to be signed again; None if its intent is not known here."""
        if one.kind == "filler":
            return Job.filler(self.address, one.nonce)
        found = await self._reader.read(intent, one.operation_id)
        return None if found is None else Job.of(found)

    async def launch(self, job: Job, *, nonce: int, fee: Ustx, replaces: LaneAttempt | None = None) -> Step:
        """Sign a job with this nonce, store it, send it."""
        return await self._send(await self._sign(job, nonce=nonce, fee=fee, replaces=replaces))

    async def resend(self, one: LaneAttempt) -> Step:
        """Send an attempt's stored bytes once more."""
        stored = await self._reader.read(attempt, one.txid)
        if stored is None:
            log.error("broadcaster.bytes_missing", txid=one.txid, nonce=one.nonce)
            return Step.ON
        return await self._send(Unsettled(attempt=one, raw=stored.raw))

    async def _sign(self, job: Job, *, nonce: int, fee: Ustx, replaces: LaneAttempt | None) -> Unsettled:
        signed = await self._fresh(job, nonce, fee)
        one = LaneAttempt(
            txid=Txid(signed.txid),
            nonce=nonce,
            fee=Ustx(signed.transaction.fee),
            operation_id=job.operation_id,
            kind=job.kind,
            quote_ids=job.quote_ids,
            status="pending",
            sent=False,
            signed_at=None,
            mined_at=None,
        )
        events: list[Event] = [self._prepared(job, one, replaces)]
        if replaces is not None:
            events.append(replaced(replaces, by=one.txid))
        stored = Attempt(
            txid=one.txid,
            raw=signed.raw,
            address=self.address,
            nonce=nonce,
            fee=one.fee,
            operation_id=job.operation_id,
        )
        await self._journal.append([change(job.operation_id, *events)], attempts=[stored])
        log.info("TransactionPrepared", txid=one.txid, nonce=nonce, fee_ustx=one.fee, kind=job.kind)
        return Unsettled(attempt=one, raw=signed.raw)

    async def _fresh(self, job: Job, nonce: int, fee: Ustx) -> SignedTransaction:
        """Sign so that the id is new: the same call may have been signed for this nonce in another story."""
        for candidate in chain(range(fee, self._fees.cap_ustx + 1), range(fee - 1, 0, -1)):
            signed = self._signer.sign(job.call, nonce=nonce, fee=Ustx(candidate))
            if await self._reader.read(transaction, Txid(signed.txid)) is None:
                return signed
        raise AssertionError("every fee below the cap was signed for one nonce")

    def _prepared(self, job: Job, one: LaneAttempt, replaces: LaneAttempt | None) -> TransactionPrepared:
        return TransactionPrepared(
            txid=one.txid,
            address=self.address,
            nonce=one.nonce,
            fee=one.fee,
            contract_id=None if job.call is None else self._deployment.contract_id(job.call.contract),
            function=_function(job.call),
            operation_id=job.operation_id,
            kind=job.kind,
            quote_ids=job.quote_ids,
            policy_ids=job.policy_ids,
            replaces=None if replaces is None else replaces.txid,
        )

    async def _send(self, ready: Unsettled) -> Step:
        try:
            await self._node.broadcast(ready.raw)
        except TransactionRejectedError as error:
            return await self._refused(ready.attempt, error)
        await self._accepted(ready.attempt)
        await self._paid()
        return Step.ON

    async def _accepted(self, one: LaneAttempt) -> None:
        if one.sent:
            return
        events: list[Event] = [
            TransactionSent(txid=one.txid, operation_id=one.operation_id, quote_ids=one.quote_ids)
        ]
        if one.kind == "filler":
            events.append(NonceGapFilled(address=self.address, nonce=one.nonce, txid=one.txid))
        await self._journal.append([change(one.operation_id, *events)])
        log.info(type(events[-1]).__name__, txid=one.txid, nonce=one.nonce)

    async def _refused(self, one: LaneAttempt, error: TransactionRejectedError) -> Step:
        log.warning("broadcaster.refused", txid=one.txid, nonce=one.nonce, reason=error.reason)
        match refusal_of(error):
            case Refusal.CONFLICT:
                return await self._conflict(one)
            case Refusal.FEE:
                return await self._pay_more(one, wanted_fee(error))
            case Refusal.FUNDS:
                await self._short_of_funds()
                return Step.STOP
            case Refusal.CHAINED:
                return Step.STOP
            case Refusal.RESYNC | Refusal.LATER:
                return Step.AGAIN
            case Refusal.NEVER:
                return await self._abort(one, in_words(error))

    async def _conflict(self, one: LaneAttempt) -> Step:
        """Look for our own first; another's keeps the nonce until it is mined or outbid."""
        if await self._node.transaction(one.txid) is not None:
            await self._accepted(one)
        else:
            log.warning("broadcaster.nonce_conflict", txid=one.txid, nonce=one.nonce)
        return Step.ON

    async def _pay_more(self, one: LaneAttempt, least: int) -> Step:
        fee = self.raised_fee(one.fee, least=least)
        job = await self.job_of(one)
        if fee is None or job is None:
            log.error("broadcaster.fee_cap_reached", txid=one.txid, fee_ustx=one.fee, wanted_ustx=least)
            return Step.STOP
        log.info("broadcaster.fee_raised", nonce=one.nonce, fee_ustx=fee)
        ready = await self._sign(job, nonce=one.nonce, fee=fee, replaces=one)
        try:
            await self._node.broadcast(ready.raw)
        except TransactionRejectedError as error:
            # Once a turn: what was said is heard again, in full, at the next.
            log.warning("broadcaster.refused", txid=ready.attempt.txid, reason=error.reason)
            return Step.AGAIN
        await self._accepted(ready.attempt)
        return Step.ON

    async def _abort(self, one: LaneAttempt, reason: str) -> Step:
        event = TransactionAborted(
            txid=one.txid,
            reason=reason,
            mined=False,
            operation_id=one.operation_id,
            quote_ids=one.quote_ids,
        )
        await self._journal.append([change(one.operation_id, event)])
        log.error("TransactionAborted", txid=one.txid, nonce=one.nonce, reason=reason, mined=False)
        # A filler that is refused would only be signed again for the same gap.
        return Step.STOP if one.kind == "filler" else Step.ON

    async def _short_of_funds(self) -> None:
        self._short = True
        alerts = await self._reader.read(open_alerts)
        if any(alert.code == LOW_STX for alert in alerts):
            return
        event = AlertRaised(
            code=LOW_STX,
            severity="critical",
            message=f"{self.address} cannot pay its fees: send it STX",
            public=False,
        )
        await self._journal.append([Change(stream=ALERTS_STREAM, events=(event,))])
        log.error("AlertRaised", code=LOW_STX, address=self.address)

    async def _paid(self) -> None:
        """Clear the alert if it is ours; other lanes raise and clear the same code for theirs."""
        if self._short is False:
            return
        self._short = False
        alerts = await self._reader.read(open_alerts)
        if any(alert.code == LOW_STX and self.address in alert.message for alert in alerts):
            await self._journal.append([Change(stream=ALERTS_STREAM, events=(AlertCleared(code=LOW_STX),))])
            log.info("AlertCleared", code=LOW_STX, address=self.address)


def replaced(one: LaneAttempt, *, by: Txid | None) -> TransactionReplaced:
    return TransactionReplaced(txid=one.txid, by=by, operation_id=one.operation_id, quote_ids=one.quote_ids)


def change(operation_id: OperationId, *events: Event) -> Change:
    return Change(stream=f"tx:{operation_id}", events=events)


def _function(call: Call | None) -> str | None:
    return None if call is None else call.function
