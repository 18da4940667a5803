"""The node as one life of the daemon meets it: late, forgetful, behind, and sometimes wrong."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from bithedge.sim.chain.blocks import Mined, SimBlock, SimChain
from bithedge.sim.chain.calls import read_only
from bithedge.sim.chain.mempool import Waiting
from bithedge.stacks.clarity import ClarityValue, serialise_hex
from bithedge.stacks.errors import CursorGoneError, NodeError, ReadRefusedError, TransactionRejectedError
from bithedge.stacks.node_types import (
    Account,
    Block,
    BlockPage,
    BlockPlace,
    BurnPlace,
    CallText,
    FeeEstimate,
    LegacyStatus,
    LogEntry,
    LogPage,
    MempoolNonces,
    NodeInfo,
    NodeTransaction,
    PrincipalNonces,
    Sender,
    TransactionEvent,
    ValueText,
)
from bithedge.stacks.payloads import ContractCall
from bithedge.stacks.ports import Node

PAGE: Final = 20
REJECTIONS: Final = (
    "ServerFailureOther",
    "ServerFailureDatabase",
    "EstimatorError",
    "TemporarilyBlacklisted",
    "TooMuchChaining",
    "NotEnoughFunds",
)
"""What a node says at times without a reason in the transaction."""


class NodeFaults(msgspec.Struct, kw_only=True):
    """How often a question meets which fate, out of 1,000; the times in seconds."""

    fails: int = 0
    """No answer, and nothing done."""
    lost: int = 0
    """Done, and the answer lost."""
    delayed: int = 0
    """The answer lost at once, the work done later."""
    slow: int = 0
    slow_s: float = 12.0
    garbage: int = 0
    """An answer that makes no sense: not to be asked again."""
    rejects: int = 0
    """A transaction refused for no reason of its own."""
    forgets: int = 0
    """A transaction accepted and dropped."""
    repeats: int = 0
    """A transaction handed in a second time, later."""
    usual_s: float = 0.05


class Api:
    """The API over the node: it may stand behind, or on a branch that was left."""

    def __init__(self, chain: SimChain) -> None:
        self._chain = chain
        self._held: tuple[SimBlock, ...] | None = None

    def hold(self, back: int = 0) -> None:
        """Stay at the chain of now, less some blocks, until let go."""
        blocks = self._chain.blocks
        self._held = tuple(blocks[: max(1, len(blocks) - back)])

    def let_go(self) -> None:
        """Show the node's chain again."""
        self._held = None

    @property
    def blocks(self) -> Sequence[SimBlock]:
        """The chain that it shows."""
        return self._chain.blocks if self._held is None else self._held

    def at(self, height: int) -> SimBlock | None:
        """Return the block at a height."""
        index = height - self.blocks[0].height
        return self.blocks[index] if 0 <= index < len(self.blocks) else None


class SimNode(Node):
    """Implements the port over a chain that outlives it.

    Args:
        chain: the chain.
        api: what the API shows of it.
        chance: draws delays and faults.
        faults: how often what goes wrong.
    """

    def __init__(self, chain: SimChain, api: Api, chance: random.Random, faults: NodeFaults) -> None:
        self._chain = chain
        self._api = api
        self._chance = chance
        self.faults = faults

    # ------------------------------------------------------------ the node

    async def info(self) -> NodeInfo:
        """Return where the node stands."""
        await self._ask("info")
        tip = self._chain.tip
        return NodeInfo(
            network_id=self._chain.deployment.network.chain_id,
            burn_block_height=tip.burn,
            stacks_tip_height=tip.height,
            stacks_tip=tip.block.hash,
            stacks_tip_consensus_hash="",
            is_fully_synced=True,
        )

    async def account(self, principal: str) -> Account:
        """Return balance and mined nonce."""
        await self._ask("account")
        state = self._chain.state
        return Account(state.ustx.get(principal, 0), 0, state.nonces.get(principal, 0))

    async def call_read(
        self, contract_id: str, function: str, arguments: Sequence[ClarityValue], sender: str
    ) -> ClarityValue:
        """Return what a read-only function gives."""
        await self._ask("call_read")
        try:
            return read_only(self._chain.frame(sender), contract_id, function, arguments)
        except KeyError as error:
            raise ReadRefusedError("NoSuchPublicFunction", function=function) from error

    async def contract_source(self, contract_id: str) -> str | None:
        """Return None: the contracts of this chain have no source."""
        await self._ask(f"contract_source {contract_id}")
        return None

    async def broadcast(self, raw: bytes) -> str:
        """Hand in a signed transaction."""
        strike = self._strike()
        await self._delay()
        if strike < self.faults.rejects:
            reason = self._chance.choice(REJECTIONS)
            raise TransactionRejectedError(reason, reason_data={"message": "a fault"}, txid=None)
        await self._ask("broadcast", later=lambda: self._submit_quietly(raw))
        txid = self._chain.submit(raw)
        self._afterwards(raw, txid)
        await self._answer_late("broadcast")
        return txid

    async def fee_estimate(self, payload: bytes, length: int) -> FeeEstimate | None:
        """Return a guess: the floor, three times it, ten times it."""
        await self._ask("fee_estimate")
        if self._chance.random() < 0.1:  # noqa: PLR2004 - now and then it has no idea
            return None
        size = max(length, len(payload))
        return FeeEstimate(size, 3 * size, 10 * size)

    # ------------------------------------------------------------ the API

    async def transaction(self, txid: str) -> NodeTransaction | None:
        """Return a mined or waiting transaction."""
        await self._ask("transaction")
        place = self._chain.place(txid, self._api.blocks)
        if place is not None:
            block, index = place
            return mined_view(block, index)
        waiting = self._chain.mempool.get(txid)
        return None if waiting is None else waiting_view(waiting)

    async def legacy_status(self, txid: str) -> LegacyStatus | None:
        """Return None: the old paths are gone."""
        await self._ask(f"legacy_status {txid}")
        return None

    async def transaction_events(self, txid: str) -> tuple[TransactionEvent, ...]:
        """Return a mined transaction's events."""
        await self._ask("transaction_events")
        place = self._chain.place(txid, self._api.blocks)
        return () if place is None else place[0].mined[place[1]].events

    async def contract_logs(self, contract_id: str, cursor: str | None = None) -> LogPage:
        """Return a page of a contract's prints, newest first."""
        await self._ask("contract_logs")
        return log_page(self._api.blocks, contract_id, cursor)

    async def blocks(self, limit: int = 20, cursor: str | None = None) -> BlockPage:
        """Return the newest blocks."""
        await self._ask(f"blocks {cursor}")
        newest = tuple(one.block for one in reversed(self._api.blocks[-limit:]))
        return BlockPage(len(self._api.blocks), newest)

    async def block(self, which: int | str) -> Block | None:
        """Return a block."""
        await self._ask("block")
        found = self._block(which)
        return None if found is None else found.block

    async def block_transactions(self, which: int | str) -> tuple[NodeTransaction, ...] | None:
        """Return a block's transactions."""
        await self._ask("block_transactions")
        found = self._block(which)
        return None if found is None else tuple(mined_view(found, at) for at in range(len(found.mined)))

    async def mempool_transactions(self, at_most: int = 1_000) -> tuple[NodeTransaction, ...]:
        """Return what waits."""
        await self._ask("mempool_transactions")
        return tuple(waiting_view(one) for one in self._chain.mempool)[:at_most]

    async def principal_nonces(self, principal: str) -> PrincipalNonces:
        """Return the API's view of a principal's nonces: the last one is not among the pending."""
        await self._ask("principal_nonces")
        following = self._api.blocks[-1].state.nonces.get(principal, 0)
        waiting = [nonce for nonce in self._chain.mempool.nonces(principal) if nonce >= following]
        last = waiting[-1] if waiting else None
        return PrincipalNonces(
            next_nonce=following if last is None else max(following, last + 1),
            last_confirmed_nonce=following - 1 if following else None,
            mempool=MempoolNonces(
                last_nonce=last,
                pending_nonces=tuple(waiting[:-1]),
                missing_nonces=tuple(
                    nonce for nonce in range(following, last or following) if nonce not in waiting
                ),
            ),
        )

    async def stx_balance(self, principal: str) -> int:
        """Return a principal's uSTX."""
        await self._ask("stx_balance")
        return self._api.blocks[-1].state.ustx.get(principal, 0)

    async def ft_balance(self, principal: str, asset: str) -> int:
        """Return a principal's sBTC; it has no other token."""
        await self._ask("ft_balance")
        is_sbtc = asset == self._chain.deployment.sbtc_asset
        return self._api.blocks[-1].state.sbtc.get(principal, 0) if is_sbtc else 0

    # ------------------------------------------------------------ what befalls a question

    def _block(self, which: int | str) -> SimBlock | None:
        if which == "latest":
            return self._api.blocks[-1]
        if isinstance(which, int):
            return self._api.at(which)
        return next((one for one in self._api.blocks if one.block.index_block_hash == which), None)

    def _strike(self) -> int:
        return self._chance.randrange(1_000)

    async def _delay(self) -> None:
        slow = self._strike() < self.faults.slow
        longest = self.faults.slow_s if slow else self.faults.usual_s
        await asyncio.sleep(self._chance.uniform(0, longest))

    async def _ask(self, what: str, *, later: Callable[[], None] | None = None) -> None:
        """Wait as long as the way takes, and fail if it is to fail."""
        await self._delay()
        strike, faults = self._strike(), self.faults
        if strike < faults.fails:
            wait = self._chance.choice((None, 1.0, 5.0))
            raise NodeError(f"{what}: no answer", retryable=True, retry_after_s=wait, status=503)
        if strike < faults.fails + faults.garbage:
            raise NodeError(f"{what}: an answer nobody understands", retryable=False, status=200)
        if later is not None and strike < faults.fails + faults.garbage + faults.delayed:
            asyncio.get_running_loop().call_later(self._chance.uniform(0, faults.slow_s), later)
            raise NodeError(f"{what}: no answer in time", retryable=True)

    async def _answer_late(self, what: str) -> None:
        await self._delay()
        if self._strike() < self.faults.lost:
            raise NodeError(f"{what}: the answer was lost", retryable=True)

    def _submit_quietly(self, raw: bytes) -> None:
        try:
            self._chain.submit(raw)
        except TransactionRejectedError:
            return

    def _afterwards(self, raw: bytes, txid: str) -> None:
        loop = asyncio.get_running_loop()
        if self._strike() < self.faults.forgets:
            loop.call_later(self._chance.uniform(0, self.faults.slow_s), self._forget, txid)
        if self._strike() < self.faults.repeats:
            loop.call_later(self._chance.uniform(0, 4 * self.faults.slow_s), self._submit_quietly, raw)

    def _forget(self, txid: str) -> None:
        waiting = self._chain.mempool.get(txid)
        if waiting is not None:
            self._chain.mempool.remove(waiting)


def log_page(blocks: Sequence[SimBlock], contract_id: str, cursor: str | None) -> LogPage:
    """Return a page of prints, newest first, beginning at a cursor `height:0:transaction:event`.

    Raises:
        CursorGoneError: no print stands at the cursor.
    """
    found: list[tuple[str, LogEntry]] = []
    begun = cursor is None
    newest = blocks[-1].height if cursor is None else int(cursor.partition(":")[0])
    if newest > blocks[-1].height and cursor is not None:
        raise CursorGoneError(cursor)
    for block in reversed(blocks[: newest - blocks[0].height + 1]):
        for index in reversed(range(len(block.mined))):
            for place, entry in _prints(block, block.mined[index], index, contract_id):
                begun = begun or place == cursor
                if begun:
                    found.append((place, entry))
        if len(found) > PAGE or (not begun and block.height < newest):
            break
    if not begun and cursor is not None:
        raise CursorGoneError(cursor)
    older = found[PAGE][0] if len(found) > PAGE else None
    return LogPage(
        total=len(found),
        results=tuple(entry for _, entry in found[:PAGE]),
        prev_cursor=older,
        cursor=found[0][0] if found else None,
    )


def _prints(block: SimBlock, mined: Mined, index: int, contract_id: str) -> list[tuple[str, LogEntry]]:
    return [
        (
            f"{block.height}:0:{index}:{event.event_index}",
            LogEntry(mined.waiting.txid, event.event_index, event.contract_log),
        )
        for event in reversed(mined.events)
        if event.contract_log is not None and event.contract_log.contract_id == contract_id
    ]


def mined_view(block: SimBlock, index: int) -> NodeTransaction:
    """Return a mined transaction as the API shows it."""
    mined, header = block.mined[index], block.block
    return msgspec.structs.replace(
        waiting_view(mined.waiting),
        status=mined.status,
        block=BlockPlace(
            header.height, header.hash, header.index_block_hash, float(header.block_time), index
        ),
        bitcoin_block=BurnPlace(header.burn_block_height, float(header.burn_block_time)),
        event_count=len(mined.events),
        result=ValueText(serialise_hex(mined.result)),
    )


def waiting_view(one: Waiting) -> NodeTransaction:
    """Return a waiting transaction as the API shows it."""
    payload = one.transaction.payload
    call: CallText | None = None
    if isinstance(payload, ContractCall):
        arguments = tuple(ValueText(serialise_hex(argument)) for argument in payload.arguments)
        call = CallText(str(payload.contract), payload.function, arguments)
    return NodeTransaction(
        tx_id=one.txid,
        type="token_transfer" if call is None else "contract_call",
        status="pending",
        sender=Sender(one.sender, one.nonce),
        fee_rate=one.fee,
        contract_call=call,
    )
