"""Signed transactions relayed and followed; the backend's operations; blocks; accounts."""

from actors.messages.transactions import RelayTransaction, WatchTransaction
from bithedge.domain.errors import ForeignTransactionError, MalformedTransactionError
from bithedge.domain.ids import OperationId, Txid
from bithedge.http.answers import RelayedAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply, list_reply
from bithedge.http.handlers.common import ASK_S, span_of
from bithedge.http.node_reads import account_view
from bithedge.http.owners import check_address
from bithedge.http.problems import invalid, not_found
from bithedge.http.requests import BlocksQuery, TransactionBody, TransactionsQuery
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.errors import TransactionError
from bithedge.stacks.hexes import from_hex, normal_hex
from bithedge.stacks.payloads import ContractCall
from bithedge.stacks.transactions import deserialise_transaction, txid_of
from bithedge.storage.queries import transactions as queries
from bithedge.storage.queries.chain import Block, newest_blocks
from bithedge.storage.queries.paging import Page
from bithedge.views.chain import BlockView, block_view
from bithedge.views.transactions import TransactionView, operation_view, transaction_view

_FOLLOWED = ("pending", "confirmed", "final", "aborted")
"""What is known in these states is not sent again."""
_HEX_DIGITS = 64


async def post_transaction(call: Call[Nothing, TransactionBody]) -> Reply:
    """Relay a signed transaction, or watch one that a wallet has sent."""
    body, system = call.body, call.system
    if (body.tx is None) == (body.txid is None):
        raise invalid("tx", "give either tx or txid")
    raw = None if body.tx is None else from_hex(body.tx)
    if raw is not None:
        check_relayable(raw, system.deployment)
    txid = Txid(txid_of(raw) if raw is not None else normal_hex(body.txid or ""))
    known = await system.reader.read(queries.transaction, txid)
    if known is not None and known.status in _FOLLOWED:
        return await call.kept(_followed(txid, known.status))
    reply = _followed(txid, "pending")
    if raw is not None:
        message = RelayTransaction(raw=raw, keep=lambda _committed: call.keep(reply))
    else:
        message = WatchTransaction(txid=txid, keep=lambda _committed: call.keep(reply))
    await system.relay.ask(message, deadline=ASK_S)
    return reply


def check_relayable(raw: bytes, deployment: Deployment) -> None:
    """Check that bytes are a call of our contracts; nothing else is judged.

    Raises:
        MalformedTransactionError: no transaction, or of another network.
        ForeignTransactionError: it does something else.
    """
    try:
        transaction = deserialise_transaction(raw)
    except TransactionError as error:
        raise MalformedTransactionError(error.message, field="tx") from None
    if not transaction.is_of(deployment.network):
        raise MalformedTransactionError(f"the transaction is not of {deployment.network}", field="tx")
    payload = transaction.payload
    ours = (deployment.registry, deployment.pool)
    if not isinstance(payload, ContractCall) or str(payload.contract) not in ours:
        raise ForeignTransactionError(
            "only calls of policy-registry and liquidity-pool are relayed", field="tx"
        )


async def get_transactions(call: Call[TransactionsQuery, Nothing]) -> Reply:
    """Return what was sent through us or to our contracts, newest first."""
    query, network = call.query, call.system.deployment.network
    from_ms, to_ms = span_of(query)
    filters = queries.TransactionFilters(
        address=None if query.address is None else check_address(query.address, network, field="address"),
        statuses=tuple(dict.fromkeys(query.status or ())),
        from_ms=from_ms,
        to_ms=to_ms,
    )
    seq, page = await call.system.reader.read_at(
        queries.transactions_page, filters, limit=query.limit, cursor=query.cursor
    )

    def show(found: queries.Transaction) -> TransactionView:
        return transaction_view(found, call.context)

    return list_reply(page, show, seq=seq)


async def get_transaction(call: Call[Nothing, Nothing]) -> Reply:
    """Return a transaction's life so far."""
    seq, found = await call.system.reader.read_at(queries.transaction, _txid(call.path["txid"]))
    if found is None:
        raise not_found("no transaction of this id was sent through here")
    return json_reply(transaction_view(found, call.context), seq=seq)


async def get_operation(call: Call[Nothing, Nothing]) -> Reply:
    """Return an operation of the backend with every attempt."""
    named = OperationId(call.path["id"])
    seq, operation = await call.system.reader.read_at(queries.operation, named)
    if operation is None:
        raise not_found("no operation has this id")
    attempts = await call.system.reader.read(queries.attempts_of, named)
    return json_reply(operation_view(operation, attempts), seq=seq)


async def get_blocks(call: Call[BlocksQuery, Nothing]) -> Reply:
    """Return the blocks followed last, orphans included."""
    seq, found = await call.system.reader.read_at(newest_blocks, limit=call.query.limit)

    def show(block: Block) -> BlockView:
        return block_view(block, call.context)

    return list_reply(Page(items=found, next_cursor=None), show, seq=seq)


async def get_account(call: Call[Nothing, Nothing]) -> Reply:
    """Return what an address holds, by the chain's word."""
    network = call.system.deployment.network
    address = check_address(call.path["address"], network, field="address")
    return json_reply(await account_view(call.system, address))


def _followed(txid: Txid, status: str) -> Reply:
    answer = RelayedAnswer(txid=txid, status=status)
    return json_reply(answer, status=202, location=f"/v1/transactions/{txid}")


def _txid(text: str) -> Txid:
    try:
        return Txid(normal_hex(text, _HEX_DIGITS // 2))
    except ValueError:
        raise not_found("this is no transaction's id") from None
