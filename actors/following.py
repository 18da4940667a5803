"""Following, a part of the pool's actor: each block's facts in one commit, and what a reorg takes back."""

from collections.abc import Callable, Sequence

import msgspec
import structlog

from actors.seams import Clock
from bithedge.domain.blocks import CHAIN_STREAM, POOL_STREAM, block_events
from bithedge.domain.events.base import Event
from bithedge.domain.events.chain import AlertCleared, AlertRaised, ChainReorganised
from bithedge.domain.events.policy import PolicyActivationFailed, PolicyReverted
from bithedge.domain.events.pool import ProviderReverted, WithdrawalReverted
from bithedge.domain.events.transactions import TransactionReverted
from bithedge.domain.facts import MinedBlock
from bithedge.domain.money import Height
from bithedge.domain.policy.state import Status
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.chain_facts import compensations
from bithedge.domain.pool.invariants import breaks
from bithedge.domain.sale_window import SaleWindow
from bithedge.storage.ports import Change, Journal, Revert, policy_stream
from bithedge.storage.queries.chain import open_alerts
from bithedge.storage.queries.events import stream_events
from bithedge.storage.queries.following import known_transactions, transactions_final_at
from bithedge.storage.queries.policies import policies_of_quotes
from bithedge.storage.reader import Reader
from bithedge.storage.revert import UndoneTransaction, undone_subjects

log = structlog.stdlib.get_logger()

RECONCILIATION = "reconciliation_break"
TAKEN_BACK = "the chain took back the purchase before the exercise was settled"


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """What following works with."""

    journal: Journal
    reader: Reader
    clock: Clock
    window: SaleWindow
    empty_books: Callable[[], Books]
    final_blocks: int

    async def load(self, *, up_to: int | None = None) -> Books:
        """Return the books that the journal makes, with `up_to` without what higher blocks brought."""
        books = self.empty_books()
        self.window.reset()
        for recorded in await self.reader.read(stream_events, POOL_STREAM):
            above = up_to is not None and recorded.chain is not None and recorded.chain.block_height > up_to
            if recorded.undone or above:
                continue
            books.apply(recorded)
            self.window.observe(recorded)
        books.wake(books.height)
        return books

    async def apply(self, books: Books, block: MinedBlock) -> None:
        """Commit all that a block brings; `books` have taken it up.

        Raises:
            StorageError: nothing was committed, and `books` must be thrown away.
        """
        txids = [transaction.txid for transaction in block.transactions]
        known = await self.reader.read(known_transactions, txids) if txids else {}
        final = Height(max(0, block.burn_height - self.final_blocks))
        now_final = await self.reader.read(transactions_final_at, final)
        sound = not breaks(books)
        now_ms = self.clock.now_ms()
        placed = block_events(
            books,
            block,
            known=known,
            now_final=now_final,
            final_blocks=self.final_blocks,
            now_ms=now_ms,
        )
        changes = [Change(stream=one.stream, events=(one.event,), chain=one.chain) for one in placed]
        alerts = self._alerts(books, was_sound=sound)
        committed = await self.journal.append([*changes, *alerts], at_ms=now_ms)
        for one in committed:
            self.window.observe(one.recorded)
            if one.recorded.name != "BlockFollowed":
                log.info(
                    one.recorded.name,
                    stream=one.recorded.stream,
                    height=block.burn_height,
                    txid=None if one.recorded.chain is None else one.recorded.chain.txid,
                )

    def _alerts(self, books: Books, *, was_sound: bool) -> list[Change]:
        """Say it once when the books and the chain part, and once when they agree again."""
        broken = breaks(books)
        if was_sound == (not broken):
            return []
        event: Event = AlertCleared(code=RECONCILIATION)
        if broken:
            figures = ", ".join(f"{one.name}: {one.left} and {one.right}" for one in broken)
            event = AlertRaised(code=RECONCILIATION, severity="critical", message=figures)
            log.error("pool.invariant_broken", figures=figures)
        return [Change(stream="alerts", events=(event,))]

    def broken(self, books: Books) -> str | None:
        """Return the first invariant that does not hold, in words; None in sound books."""
        found = breaks(books)
        return f"{found[0].name} ({found[0].left}, {found[0].right})" if found else None

    async def revert(self, fork_height: int, orphaned: Sequence[str]) -> Books:
        """Undo what the orphaned blocks brought, say so for each thing it changed; return the new books.

        Own decisions that rested on what is gone are taken back in the same commit.
        """
        undone = await self.reader.read(undone_subjects, fork_height)
        before = await self.reader.read(policies_of_quotes, undone.quote_ids)
        settling = [policy.quote_id for policy in before.values() if policy.status is Status.SETTLING]
        changes = [
            _change(
                CHAIN_STREAM,
                ChainReorganised(fork_height=fork_height, depth=len(orphaned), orphaned=tuple(orphaned)),
            )
        ]
        changes += [
            _change(policy_stream(quote_id), PolicyReverted(fork_height=fork_height))
            for quote_id in undone.quote_ids
        ]
        changes += [
            _change(
                POOL_STREAM,
                WithdrawalReverted(
                    withdrawal_id=named.withdrawal_id, address=named.address, fork_height=fork_height
                ),
            )
            for named in undone.withdrawals
        ]
        changes += [
            _change(POOL_STREAM, ProviderReverted(address=address, fork_height=fork_height))
            for address in undone.addresses
        ]
        changes += [_change(one.stream, _reverted(one, fork_height)) for one in undone.transactions]
        books = await self.load(up_to=fork_height)
        changes += [_change(POOL_STREAM, event) for event in compensations(books)]
        changes += [
            _change(policy_stream(quote_id), PolicyActivationFailed(command_id=None, reason=TAKEN_BACK))
            for quote_id in settling
            if books.backing(quote_id) is None
        ]
        committed = await self.journal.append(changes, revert=Revert(fork_height=fork_height))
        for one in committed:
            books.apply(one.recorded)
        await self.review(books)
        return books

    async def review(self, books: Books) -> None:
        """Let the alert say what holds now that books and chain stand elsewhere."""
        alerts = await self.reader.read(open_alerts)
        changes = self._alerts(books, was_sound=all(alert.code != RECONCILIATION for alert in alerts))
        if changes:
            await self.journal.append(changes)


def _change(stream: str, event: Event) -> Change:
    return Change(stream=stream, events=(event,))


def _reverted(one: UndoneTransaction, fork_height: int) -> TransactionReverted:
    return TransactionReverted(
        txid=one.txid,
        fork_height=fork_height,
        operation_id=one.operation_id,
        quote_ids=one.quote_ids,
    )
