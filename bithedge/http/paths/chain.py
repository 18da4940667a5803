"""Accounts, transactions, operations, blocks."""

from typing import Final

from bithedge.http import answers, requests
from bithedge.http.handlers import transactions
from bithedge.http.routes import Route, get, post
from bithedge.views.base import ListView
from bithedge.views.chain import AccountView, BlockView
from bithedge.views.transactions import OperationView, TransactionView

CHAIN: Final[tuple[Route, ...]] = (
    get(
        "/v1/accounts/{address}",
        transactions.get_account,
        summary="What an address holds, by the chain's word",
        tag="chain",
        answer=AccountView,
        refusals=("node_unreachable",),
    ),
    post(
        "/v1/transactions",
        transactions.post_transaction,
        summary="Relays a signed transaction, or watches one that a wallet has sent",
        tag="chain",
        body=requests.TransactionBody,
        answer=answers.RelayedAnswer,
        status=202,
        refusals=(
            "malformed_transaction",
            "foreign_transaction",
            "transaction_rejected",
            "node_unreachable",
        ),
        commits=True,
    ),
    get(
        "/v1/transactions",
        transactions.get_transactions,
        summary="What was sent through the daemon, newest first",
        tag="chain",
        query=requests.TransactionsQuery,
        answer=ListView[TransactionView],
        item=TransactionView,
    ),
    get(
        "/v1/transactions/{txid}",
        transactions.get_transaction,
        summary="A transaction's life so far",
        tag="chain",
        answer=TransactionView,
    ),
    get(
        "/v1/operations/{id}",
        transactions.get_operation,
        summary="An operation of the backend, with every attempt",
        tag="chain",
        answer=OperationView,
    ),
    get(
        "/v1/blocks",
        transactions.get_blocks,
        summary="The blocks followed last, orphans included",
        tag="chain",
        query=requests.BlocksQuery,
        answer=ListView[BlockView],
    ),
)
