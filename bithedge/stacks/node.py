"""The typed client of a Stacks node and its API."""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from bithedge.stacks.clarity import ClarityValue, Principal, serialise_hex
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.errors import (
    CursorGoneError,
    NodeError,
    ReadRefusedError,
    StacksError,
    TransactionError,
    TransactionRejectedError,
)
from bithedge.stacks.hexes import normal_hex
from bithedge.stacks.names import check_clarity_name
from bithedge.stacks.node_http import Answer, NodeHttp
from bithedge.stacks.node_types import (
    HASH_BYTES,
    Account,
    Balance,
    Block,
    BlockPage,
    FeeEstimate,
    LegacyStatus,
    LogPage,
    Natural,
    NodeInfo,
    NodeTransaction,
    Page,
    PrincipalNonces,
    TransactionEvent,
)
from bithedge.stacks.ports import Node
from bithedge.stacks.post_conditions import Asset
from bithedge.stacks.transactions import txid_of

DEADLINE_S = 10.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
LATEST = "latest"
UNDECODABLE = "Undecodable"
"""Our name for a refusal that the node gives in plain text: it could not read the bytes."""
_BLOCKS_A_PAGE = 30
_TRANSACTIONS_A_PAGE = 50
_EVENTS_A_PAGE = 100
_MOST_PAGES = 1_000
_BAD_REQUEST, _NOT_FOUND, _GONE = 400, 404, 410
_NO_ESTIMATE = "NoEstimateAvailable"

_T = TypeVar("_T")


class _WireAccount(msgspec.Struct, frozen=True):
    balance: str
    locked: str
    nonce: Natural
    unlock_height: Natural = 0


class _Read(msgspec.Struct, frozen=True):
    okay: bool
    result: str | None = None
    cause: str | None = None


class _Fee(msgspec.Struct, frozen=True):
    fee: Natural


class _Fees(msgspec.Struct, frozen=True):
    estimations: tuple[_Fee, _Fee, _Fee]


class _Refusal(msgspec.Struct, frozen=True):
    reason: str
    reason_data: dict[str, object] | None = None
    txid: str | None = None


class _Source(msgspec.Struct, frozen=True):
    source: str


def _decoder(kind: type[_T]) -> "msgspec.json.Decoder[_T]":
    # Not strict about one thing: the API writes money as decimal strings.
    return msgspec.json.Decoder(kind, strict=False)


_ACCOUNT = _decoder(_WireAccount)
_BALANCE = _decoder(Balance)
_BLOCK = _decoder(Block)
_BLOCKS = _decoder(BlockPage)
_EVENTS = _decoder(Page[TransactionEvent])
_FEES = _decoder(_Fees)
_INFO = _decoder(NodeInfo)
_LEGACY = _decoder(LegacyStatus)
_LOGS = _decoder(LogPage)
_NONCES = _decoder(PrincipalNonces)
_READ = _decoder(_Read)
_REFUSAL = _decoder(_Refusal)
_SOURCE = _decoder(_Source)
_TEXT = _decoder(str)
_TRANSACTION = _decoder(NodeTransaction)
_TRANSACTIONS = _decoder(Page[NodeTransaction])


class NodeClient(Node):
    """Asks a node over HTTP; keeps nothing between questions.

    Args:
        session: the connections, opened and closed by the caller.
        base_url: where node and API answer, such as `http://127.0.0.1:3999`.
        deadline_s: the time one request may take in all.
        max_bytes: the longest answer taken.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        *,
        deadline_s: float = DEADLINE_S,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._http = NodeHttp(session, base_url, deadline_s=deadline_s, max_bytes=max_bytes)

    async def info(self) -> NodeInfo:
        """Return where the node stands."""
        return (await self._http.get("/v2/info")).decode(_INFO)

    async def account(self, principal: str) -> Account:
        """Return balance and mined nonce of a principal, by the chain tip."""
        answer = await self._http.get(f"/v2/accounts/{Principal.parse(principal)}", {"proof": "0"})
        wire = answer.decode(_ACCOUNT)
        try:
            balance, locked = int(wire.balance, 16), int(wire.locked, 16)
        except ValueError as error:
            raise answer.refused("not believed, a balance is hex", retryable=True) from error
        return Account(balance, locked, wire.nonce, wire.unlock_height)

    async def call_read(
        self, contract_id: str, function: str, arguments: Sequence[ClarityValue], sender: str
    ) -> ClarityValue:
        """Return what a read-only function gives.

        Raises:
            ReadRefusedError: the call failed.
            NodeError: no answer to believe.
        """
        contract = _contract_path(contract_id)
        name = quote(check_clarity_name(function), safe="")
        body = {
            "sender": str(Principal.parse(sender)),
            "arguments": [serialise_hex(argument) for argument in arguments],
        }
        answer = await self._http.post_json(f"/v2/contracts/call-read/{contract}/{name}", body)
        read = answer.decode(_READ)
        if not read.okay:
            raise ReadRefusedError(read.cause or "no cause given", function=f"{contract_id} {function}")
        try:
            return deserialise_hex(read.result or "")
        except StacksError as error:
            raise answer.refused(f"not believed, {error.message}", retryable=True) from error

    async def contract_source(self, contract_id: str) -> str | None:
        """Return a contract's source, or None if there is no such contract."""
        answer = await self._http.get(f"/v2/contracts/source/{_contract_path(contract_id)}", {"proof": "0"})
        found = _found(answer, _SOURCE)
        return None if found is None else found.source

    async def broadcast(self, raw: bytes) -> str:
        """Hand in a signed transaction and return its id, `0x` and hex.

        Raises:
            TransactionRejectedError: the node refused it, and said why.
            NodeError: no answer to believe; it may have been accepted, so hand in the same bytes again.
        """
        answer = await self._http.post("/v2/transactions", raw, "application/octet-stream")
        if answer.status == _BAD_REQUEST:
            raise _rejection(answer)
        expected = txid_of(raw)
        if _hash(answer, answer.decode(_TEXT)) != expected:
            raise answer.refused(f"not believed, the id is {expected}", retryable=True)
        return expected

    async def fee_estimate(self, payload: bytes, length: int) -> FeeEstimate | None:
        """Return the fees of a transaction, or None if the node has no idea.

        Args:
            payload: its serialised payload.
            length: its whole length in bytes, signature included.
        """
        body = {"transaction_payload": payload.hex(), "estimated_len": length}
        answer = await self._http.post_json("/v2/fees/transaction", body)
        if answer.status == _BAD_REQUEST and _NO_ESTIMATE.encode() in answer.body:
            return None
        low, middle, high = answer.decode(_FEES).estimations
        return FeeEstimate(low.fee, middle.fee, high.fee)

    async def transaction(self, txid: str) -> NodeTransaction | None:
        """Return a mined or waiting transaction. None says nothing by itself: ask nonce and own records."""
        query = {"include": "function_args,result"}
        answer = await self._http.get(f"/extended/v3/transactions/{_named(txid)}", query)
        return _found(answer, _TRANSACTION)

    async def legacy_status(self, txid: str) -> LegacyStatus | None:
        """Return the old API's word on a transaction that the new one no longer shows, if it still speaks."""
        answer = await self._http.get(f"/extended/v1/tx/{_named(txid)}")
        return None if answer.status == _GONE else _found(answer, _LEGACY)

    async def transaction_events(self, txid: str) -> tuple[TransactionEvent, ...]:
        """Return all events of a mined transaction, in order; none if it is unknown.

        Raises:
            CursorGoneError: a fork removed it while we read.
        """
        path = f"/extended/v3/transactions/{_named(txid)}/events"
        events = await self._pages(path, _EVENTS, a_page=_EVENTS_A_PAGE)
        return tuple(sorted(events or (), key=_index_of))

    async def contract_logs(
        self, contract_id: str, cursor: str | None = None, *, limit: int = _EVENTS_A_PAGE
    ) -> LogPage:
        """Return a page of a contract's prints, newest first, beginning at `cursor`.

        Raises:
            CursorGoneError: a fork removed the cursor's place.
        """
        contract = str(Principal.parse_contract(contract_id))
        answer = await self._list(f"/extended/v2/smart-contracts/{contract}/logs", limit, cursor)
        return answer.decode(_LOGS)

    async def blocks(self, limit: int = 20, cursor: str | None = None) -> BlockPage:
        """Return a page of the canonical chain, newest first, beginning at `cursor`; at most 30 blocks.

        Raises:
            CursorGoneError: a fork removed the cursor's block.
        """
        answer = await self._list("/extended/v2/blocks", min(limit, _BLOCKS_A_PAGE), cursor)
        return answer.decode(_BLOCKS)

    async def block(self, which: int | str) -> Block | None:
        """Return a block by height, hash, or `latest`; None if there is none."""
        return _found(await self._http.get(f"/extended/v2/blocks/{_block_path(which)}"), _BLOCK)

    async def block_transactions(self, which: int | str) -> tuple[NodeTransaction, ...] | None:
        """Return all transactions of a block, in its order; None if there is no such block.

        Raises:
            CursorGoneError: a fork removed it while we read.
        """
        path = f"/extended/v3/blocks/{_block_path(which)}/transactions"
        found = await self._pages(path, _TRANSACTIONS, a_page=_TRANSACTIONS_A_PAGE)
        return None if found is None else tuple(sorted(found, key=_place_of))

    async def mempool_transactions(self, at_most: int = 1_000) -> tuple[NodeTransaction, ...]:
        """Return the newest transactions that wait to be mined, `at_most` so many."""
        path = "/extended/v3/mempool/transactions"
        found = await self._pages(path, _TRANSACTIONS, a_page=_TRANSACTIONS_A_PAGE, at_most=at_most)
        return tuple((found or ())[:at_most])

    async def principal_nonces(self, principal: str) -> PrincipalNonces:
        """Return the API's view of a principal's nonces, its mempool included."""
        answer = await self._http.get(f"/extended/v3/principals/{Principal.parse(principal)}/nonces")
        return answer.decode(_NONCES)

    async def stx_balance(self, principal: str) -> int:
        """Return a principal's uSTX."""
        path = f"/extended/v3/principals/{Principal.parse(principal)}/balances/stx"
        return (await self._http.get(path)).decode(_BALANCE).balance

    async def ft_balance(self, principal: str, asset: str) -> int:
        """Return how much a principal holds of `ADDRESS.contract::asset`, in its smallest unit."""
        token = quote(str(Asset.parse(asset)), safe=":")
        path = f"/extended/v3/principals/{Principal.parse(principal)}/balances/ft/{token}"
        return (await self._http.get(path)).decode(_BALANCE).balance

    async def _list(self, path: str, limit: int, cursor: str | None) -> Answer:
        query = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
        answer = await self._http.get(path, query)
        if answer.status == _NOT_FOUND and cursor is not None:
            raise CursorGoneError(cursor)
        return answer

    async def _pages(
        self, path: str, decoder: "msgspec.json.Decoder[Page[_T]]", *, a_page: int, at_most: int | None = None
    ) -> list[_T] | None:
        found: list[_T] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            answer = await self._list(path, a_page, cursor)
            if answer.status == _NOT_FOUND:
                return None
            page = answer.decode(decoder)
            found += page.results
            cursor = page.cursor.next
            if cursor is None or (at_most is not None and len(found) >= at_most):
                return found
        raise NodeError(f"GET {path}: more than {_MOST_PAGES} pages", retryable=False)


def _found(answer: Answer, decoder: "msgspec.json.Decoder[_T]") -> _T | None:
    return None if answer.status == _NOT_FOUND else answer.decode(decoder)


def _contract_path(contract_id: str) -> str:
    contract = Principal.parse_contract(contract_id)
    return f"{contract.address}/{contract.contract_name}"


def _block_path(which: int | str) -> str:
    if isinstance(which, int) or which == LATEST:
        return str(which)
    return _named(which)


def _named(text: str) -> str:
    # The id of a transaction or block that the caller names.
    try:
        return normal_hex(text, HASH_BYTES)
    except ValueError as error:
        raise TransactionError(f"an id is 64 hex digits: {error}") from None


def _index_of(event: TransactionEvent) -> int:
    return event.event_index


def _place_of(transaction: NodeTransaction) -> int:
    return -1 if transaction.block is None else transaction.block.tx_index


def _hash(answer: Answer, text: str) -> str:
    try:
        return normal_hex(text, HASH_BYTES)
    except ValueError as error:
        raise answer.refused("not believed, an id is 64 hex digits", retryable=True) from error


def _rejection(answer: Answer) -> NodeError:
    if answer.content_type != "application/json":
        text = answer.body[:1_000].decode("utf-8", "replace")
        return TransactionRejectedError(UNDECODABLE, reason_data={"message": text}, txid=None)
    try:
        refusal = _REFUSAL.decode(answer.body)
    except msgspec.DecodeError:
        return answer.refused("not believed, a refusal names its reason", retryable=True)
    txid = None if refusal.txid is None else _hash(answer, refusal.txid)
    return TransactionRejectedError(refusal.reason, reason_data=refusal.reason_data or {}, txid=txid)
