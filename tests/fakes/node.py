"""A Stacks node in memory: the real one's rules for nonces, fees and funds, and whatever a test scripts.

It mines when it is told to. What a test makes it refuse or fail comes before its own rules.
"""

from collections.abc import Awaitable, Callable, Sequence

from bithedge.stacks.clarity import ClarityValue, serialise_hex
from bithedge.stacks.errors import NodeError, ReadRefusedError, TransactionRejectedError
from bithedge.stacks.hashes import sha512_256
from bithedge.stacks.hexes import to_hex
from bithedge.stacks.node_types import (
    Account,
    Block,
    BlockPage,
    BlockPlace,
    BurnPlace,
    CallText,
    FeeEstimate,
    LegacyStatus,
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
from bithedge.stacks.transactions import Transaction, deserialise_transaction, txid_of

CHAIN_LIMIT = 25
FIRST_BURN = 1_000
RICH = 10**12


class Waiting:
    """A transaction of the mempool."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.txid = txid_of(raw)
        self.transaction: Transaction = deserialise_transaction(raw)

    @property
    def place(self) -> tuple[str, int]:
        return (self.transaction.sender, self.transaction.nonce)


class FakeNode(Node):
    """Implements `bithedge.stacks.ports.Node`."""

    def __init__(self) -> None:
        self.handed_in: list[str] = []
        """The ids of all that was broadcast, in order, the refused included."""
        self.mempool: dict[tuple[str, int], Waiting] = {}
        self.balances: dict[str, int] = {}
        self.estimate: FeeEstimate | None = None
        self.chain: list[tuple[Block, tuple[NodeTransaction, ...]]] = []
        self.failing: dict[str, int] = {}
        """A method's name, and how many of its next calls fail."""
        self.meanwhile: dict[str, Callable[[], Awaitable[None]]] = {}
        """A method's name, and what happens elsewhere while it is asked the next time."""
        self._raw: dict[str, bytes] = {}
        self._refusals: list[TransactionRejectedError] = []
        self._foreign = 0
        self._branch = "a"
        self._burn = FIRST_BURN
        self.mine()

    # ------------------------------------------------------------ what a test makes happen

    def refuse(self, reason: str, **data: object) -> None:
        """Refuse the next transaction that is handed in, and no other."""
        self._refusals.append(TransactionRejectedError(reason, reason_data=data, txid=None))

    def fail(self, method: str, times: int = 1) -> None:
        """Let the next calls of a method fail as an unreachable node does."""
        self.failing[method] = times

    def forget(self, txid: str) -> None:
        """Drop a transaction from the mempool."""
        self.mempool = {place: one for place, one in self.mempool.items() if one.txid != txid}

    def waits(self) -> list[str]:
        """Return the ids in the mempool by sender and nonce."""
        return [self.mempool[place].txid for place in sorted(self.mempool)]

    def mine(self, *, burn: int = 0, failing: Sequence[str] = (), at_most: int | None = None) -> Block:
        """Mine a block of what can be mined; `failing` ids are mined and aborted."""
        self._burn += burn
        mined: list[tuple[Waiting, str]] = []
        for place in sorted(self.mempool):
            one = self.mempool[place]
            already = sum(1 for other, _ in mined if other.place[0] == place[0])
            if at_most is not None and len(mined) >= at_most:
                break
            if place[1] == self._nonce(place[0]) + already:
                mined.append((one, "abort_by_response" if one.txid in failing else "success"))
        for one, _ in mined:
            del self.mempool[one.place]
        block = self._block(len(mined))
        transactions = tuple(
            self._shown(one, status, block, index) for index, (one, status) in enumerate(mined)
        )
        self.chain.append((block, transactions))
        return block

    def mine_foreign(self, address: str, nonce: int | None = None) -> Block:
        """Mine a transaction that somebody else signed with this address's key."""
        nonce = self._nonce(address) if nonce is None else nonce
        self.mempool.pop((address, nonce), None)
        block = self._block(1)
        self._foreign += 1
        place = BlockPlace(block.height, block.hash, block.index_block_hash, 0, 0)
        foreign = NodeTransaction(
            tx_id=to_hex(sha512_256(f"foreign {self._foreign}".encode())),
            type="token_transfer",
            status="success",
            sender=Sender(address, nonce),
            fee_rate=1,
            block=place,
        )
        self.chain.append((block, (foreign,)))
        return block

    def fork(self, depth: int, *, requeue: bool = True) -> None:
        """Undo the last blocks; what they held waits again unless `requeue` is false."""
        undone = self.chain[-depth:]
        del self.chain[-depth:]
        self._branch = chr(ord(self._branch) + 1)
        if requeue:
            for _, transactions in undone:
                for one in transactions:
                    raw = self._raw.get(one.tx_id)
                    if raw is not None:
                        self.mempool[(one.sender.address, one.sender.nonce)] = Waiting(raw)

    @property
    def latest(self) -> Block:
        return self.chain[-1][0]

    # ------------------------------------------------------------ the port

    async def info(self) -> NodeInfo:
        await self._answer("info")
        tip = self.latest
        return NodeInfo(
            network_id=0x8000_0000,
            burn_block_height=tip.burn_block_height,
            stacks_tip_height=tip.height,
            stacks_tip=tip.hash,
            stacks_tip_consensus_hash="",
            is_fully_synced=True,
        )

    async def account(self, principal: str) -> Account:
        await self._answer("account")
        return Account(self.balances.get(principal, RICH), 0, self._nonce(principal))

    async def call_read(
        self, contract_id: str, function: str, arguments: Sequence[ClarityValue], sender: str
    ) -> ClarityValue:
        del arguments, sender
        raise ReadRefusedError("not scripted", function=f"{contract_id} {function}")

    async def contract_source(self, contract_id: str) -> str | None:
        del contract_id
        return None

    async def broadcast(self, raw: bytes) -> str:
        one = Waiting(raw)
        self.handed_in.append(one.txid)
        await self._answer("broadcast")
        if self._refusals:
            raise self._refusals.pop(0)
        self._admit(one)
        self._raw[one.txid] = raw
        self.mempool[one.place] = one
        return one.txid

    async def fee_estimate(self, payload: bytes, length: int) -> FeeEstimate | None:
        await self._answer("fee_estimate")
        assert payload
        assert length > len(payload)
        return self.estimate

    async def transaction(self, txid: str) -> NodeTransaction | None:
        await self._answer("transaction")
        for _, transactions in self.chain:
            for one in transactions:
                if one.tx_id == txid:
                    return one
        waiting = next((one for one in self.mempool.values() if one.txid == txid), None)
        return None if waiting is None else self._shown(waiting, "pending")

    async def legacy_status(self, txid: str) -> LegacyStatus | None:
        del txid
        return None

    async def transaction_events(self, txid: str) -> tuple[TransactionEvent, ...]:
        del txid
        return ()

    async def contract_logs(self, contract_id: str, cursor: str | None = None) -> LogPage:
        del contract_id, cursor
        return LogPage(0, ())

    async def blocks(self, limit: int = 20, cursor: str | None = None) -> BlockPage:
        del cursor
        newest = tuple(block for block, _ in reversed(self.chain))
        return BlockPage(len(newest), newest[:limit])

    async def block(self, which: int | str) -> Block | None:
        await self._answer("block")
        if which == "latest":
            return self.latest
        wanted = (block for block, _ in self.chain if which in (block.height, block.index_block_hash))
        return next(wanted, None)

    async def block_transactions(self, which: int | str) -> tuple[NodeTransaction, ...] | None:
        block = await self.block(which)
        return next((found for one, found in self.chain if one is block), None)

    async def mempool_transactions(self, at_most: int = 1_000) -> tuple[NodeTransaction, ...]:
        return tuple(self._shown(one, "pending") for one in self.mempool.values())[:at_most]

    async def principal_nonces(self, principal: str) -> PrincipalNonces:
        await self._answer("principal_nonces")
        waiting = sorted(nonce for address, nonce in self.mempool if address == principal)
        following = self._nonce(principal)
        last = waiting[-1] if waiting else None
        # The API's own habit: the last nonce is not among those it calls pending.
        return PrincipalNonces(
            next_nonce=following if last is None else max(following, last + 1),
            last_confirmed_nonce=following - 1 if following else None,
            mempool=MempoolNonces(last_nonce=last, pending_nonces=tuple(waiting[:-1])),
        )

    async def stx_balance(self, principal: str) -> int:
        return self.balances.get(principal, RICH)

    async def ft_balance(self, principal: str, asset: str) -> int:
        del principal, asset
        return 0

    # ------------------------------------------------------------ its own rules

    async def _answer(self, method: str) -> None:
        happens = self.meanwhile.pop(method, None)
        if happens is not None:
            await happens()
        left = self.failing.get(method, 0)
        if left:
            self.failing[method] = left - 1
            raise NodeError(f"{method} got no answer", retryable=True)

    def _admit(self, one: Waiting) -> None:
        address, nonce = one.place
        fee, expected = one.transaction.fee, self._nonce(address)
        there = self.mempool.get(one.place)
        if there is not None and there.txid == one.txid:
            return
        if fee < len(one.raw):
            raise _refusal("FeeTooLow", expected=len(one.raw), actual=fee)
        if nonce < expected:
            raise _refusal("BadNonce", expected=expected, actual=nonce)
        if nonce > expected + CHAIN_LIMIT:
            raise _refusal("TooMuchChaining", expected=expected + CHAIN_LIMIT, actual=nonce)
        if self.balances.get(address, RICH) < fee:
            raise _refusal("NotEnoughFunds", expected=hex(fee), actual=hex(self.balances[address]))
        if there is not None and there.transaction.fee >= fee:
            raise _refusal("ConflictingNonceInMempool")

    def _nonce(self, address: str) -> int:
        return sum(
            1 for _, transactions in self.chain for one in transactions if one.sender.address == address
        )

    def _block(self, count: int) -> Block:
        height = len(self.chain) + 1
        name = f"{self._branch} {height}"
        parent = self.chain[-1][0] if self.chain else None
        zero = "0x" + "00" * 32
        return Block(
            canonical=True,
            height=height,
            hash=to_hex(sha512_256(name.encode())),
            index_block_hash=to_hex(sha512_256(f"index {name}".encode())),
            parent_block_hash=zero if parent is None else parent.hash,
            parent_index_block_hash=zero if parent is None else parent.index_block_hash,
            block_time=1_700_000_000 + height,
            burn_block_height=self._burn,
            burn_block_hash=zero,
            burn_block_time=1_700_000_000,
            tx_count=count,
        )

    def _shown(
        self, one: Waiting, status: str, block: Block | None = None, index: int = 0
    ) -> NodeTransaction:
        payload = one.transaction.payload
        call: CallText | None = None
        if isinstance(payload, ContractCall):
            arguments = tuple(ValueText(serialise_hex(argument)) for argument in payload.arguments)
            call = CallText(str(payload.contract), payload.function, arguments)
        return NodeTransaction(
            tx_id=one.txid,
            type="token_transfer" if call is None else "contract_call",
            status=status,
            sender=Sender(*one.place),
            fee_rate=one.transaction.fee,
            block=None
            if block is None
            else BlockPlace(block.height, block.hash, block.index_block_hash, 0, index),
            bitcoin_block=None if block is None else BurnPlace(block.burn_block_height, 0),
            result=ValueText("0x08", "(err u105)") if status.startswith("abort") else None,
            contract_call=call,
        )


def _refusal(reason: str, **data: object) -> TransactionRejectedError:
    return TransactionRejectedError(reason, reason_data=data, txid=None)
