"""What a block changes: its facts as events for policies, pool and transactions, in the chain's order."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.chain import BlockFollowed
from bithedge.domain.events.policy import (
    PolicyCreated,
    PolicyExerciseRequested,
    PolicyExpired,
    PolicyLapsed,
    PolicyPurchaseAborted,
    PolicySettled,
)
from bithedge.domain.events.pool import CapacityReleased
from bithedge.domain.events.transactions import (
    TransactionAborted,
    TransactionConfirmed,
    TransactionFinal,
    TransactionPrepared,
)
from bithedge.domain.facts import (
    CallOfOurs,
    DepositFact,
    ExpiryFact,
    Fact,
    MinedBlock,
    MinedTransaction,
    PurchaseFact,
    ReleaseFact,
    RequestFact,
    SettlementFact,
    WithdrawalFact,
)
from bithedge.domain.ids import OperationId, QuoteId, Txid
from bithedge.domain.money import Height
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.chain_facts import (
    lapses,
    on_deposit,
    on_pool_fact,
    on_purchase,
    on_release,
    on_settlement,
    on_withdrawal,
)

POOL_STREAM = "pool"
CHAIN_STREAM = "chain"


class KnownTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that we sent, relayed or watch."""

    txid: Txid
    stream: str
    operation_id: OperationId | None
    quote_ids: tuple[QuoteId, ...]
    buys: bool
    """Whether it is the purchase of the one policy it names."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An event, the stream it belongs to and the block it comes from."""

    stream: str
    event: Event
    chain: ChainRef


def block_events(
    books: Books,
    block: MinedBlock,
    *,
    known: Mapping[Txid, KnownTransaction],
    now_final: Sequence[KnownTransaction],
    final_blocks: int,
    now_ms: int,
) -> list[Placed]:
    """Return everything a block brings, and take it up into `books` on the way.

    Later facts of a block are judged on the books that the earlier ones left, so the books move while the
    list is made; if it cannot be committed they must be thrown away.
    """
    placed: list[Placed] = []
    if block.burn_height > books.height:
        books.wake(block.burn_height)
    for transaction in block.transactions:
        ref = block.ref(transaction.txid)
        placed += [Placed(stream=s, event=e, chain=ref) for s, e in _outcome(transaction, known)]
        for fact in transaction.facts:
            placed += _taken_up(books, _fact_events(books, fact), ref, now_ms)
    ref = block.ref()
    final = Height(max(0, block.burn_height - final_blocks))
    placed += _taken_up(books, _lapse_events(books, final), ref, now_ms)
    for one in now_final:
        event = TransactionFinal(txid=one.txid, operation_id=one.operation_id, quote_ids=one.quote_ids)
        placed.append(Placed(stream=one.stream, event=event, chain=ref))
    followed = BlockFollowed(
        block_height=block.block_height,
        burn_height=block.burn_height,
        hash=block.hash,
        parent_hash=block.parent_hash,
        block_at_ms=block.at_ms,
        transactions=len(block.transactions),
    )
    return [*placed, Placed(stream=CHAIN_STREAM, event=followed, chain=ref)]


def _taken_up(books: Books, events: Iterator[tuple[str, Event]], ref: ChainRef, now_ms: int) -> list[Placed]:
    placed = [Placed(stream=stream, event=event, chain=ref) for stream, event in events]
    for one in placed:
        books.apply(Recorded(seq=0, stream=one.stream, version=0, event=one.event, at_ms=now_ms, chain=ref))
    return placed


def _fact_events(books: Books, fact: Fact) -> Iterator[tuple[str, Event]]:
    match fact:
        case PurchaseFact():
            yield (
                _policy(fact.terms.quote_id),
                PolicyCreated(
                    policy_id=fact.policy_id,
                    terms=fact.terms,
                    price=fact.price,
                    price_height=fact.price_height,
                    start=fact.start,
                ),
            )
            yield from _pooled(on_purchase(books, fact))
        case SettlementFact():
            yield (
                _policy(fact.quote_id),
                PolicySettled(
                    policy_id=fact.policy_id,
                    rule=fact.rule,
                    price=fact.price,
                    price_height=fact.price_height,
                    payout=fact.payout,
                ),
            )
            yield from _pooled(on_settlement(books, fact))
        case RequestFact():
            yield (
                _policy(fact.quote_id),
                PolicyExerciseRequested(policy_id=fact.policy_id, min_payout=fact.min_payout),
            )
        case ExpiryFact():
            yield _policy(fact.quote_id), PolicyExpired(policy_id=fact.policy_id)
        case ReleaseFact():
            yield from _pooled(on_release(books, fact))
        case DepositFact():
            yield from _pooled(on_deposit(fact))
        case WithdrawalFact():
            yield from _pooled(on_withdrawal(books, fact))
        case _:
            yield from _pooled(on_pool_fact(fact))


def _lapse_events(books: Books, final: Height) -> Iterator[tuple[str, Event]]:
    for event in lapses(books, final):
        yield POOL_STREAM, event
        if isinstance(event, CapacityReleased):
            yield _policy(event.quote_id), PolicyLapsed()


def _outcome(
    transaction: MinedTransaction, known: Mapping[Txid, KnownTransaction]
) -> Iterator[tuple[str, Event]]:
    ours = known.get(transaction.txid)
    if ours is None:
        if transaction.call is None:
            return
        yield _seen_first(transaction, transaction.call)
        ours = _known(transaction)
    if transaction.succeeded:
        yield (
            ours.stream,
            TransactionConfirmed(txid=ours.txid, operation_id=ours.operation_id, quote_ids=ours.quote_ids),
        )
        return
    reason = transaction.reason or "aborted"
    yield (
        ours.stream,
        TransactionAborted(
            txid=ours.txid, reason=reason, operation_id=ours.operation_id, quote_ids=ours.quote_ids
        ),
    )
    if ours.buys:
        for quote_id in ours.quote_ids:
            yield _policy(quote_id), PolicyPurchaseAborted(txid=ours.txid, reason=reason)


def _seen_first(transaction: MinedTransaction, call: CallOfOurs) -> tuple[str, Event]:
    """Take up a call of our contracts that came without us: whatever an address sent to them is listed."""
    found = _known(transaction)
    return found.stream, TransactionPrepared(
        txid=transaction.txid,
        address=call.address,
        nonce=call.nonce,
        fee=call.fee,
        contract_id=call.contract_id,
        function=call.function,
        quote_ids=found.quote_ids,
        policy_ids=call.policy_ids,
        withdrawal_id=call.withdrawal_id,
    )


def _known(transaction: MinedTransaction) -> KnownTransaction:
    named = [fact.quote_id for fact in transaction.facts if isinstance(fact, SettlementFact | RequestFact)]
    named += [fact.terms.quote_id for fact in transaction.facts if isinstance(fact, PurchaseFact)]
    return KnownTransaction(
        txid=transaction.txid,
        stream=f"tx:{transaction.txid}",
        operation_id=None,
        quote_ids=tuple(named),
        buys=False,
    )


def _pooled(events: Sequence[Event]) -> Iterator[tuple[str, Event]]:
    return ((POOL_STREAM, event) for event in events)


def _policy(quote_id: QuoteId) -> str:
    return f"policy:{quote_id}"
