"""The chain: blocks with the state after each, the mempool over the last, and forks."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain.calls import function_of
from bithedge.sim.chain.conditions import is_covered
from bithedge.sim.chain.frame import CallError, Frame
from bithedge.sim.chain.mempool import Mempool, Waiting, check_admission
from bithedge.sim.chain.state import State
from bithedge.stacks.clarity import Bool, ClarityValue, Err, Ok, UInt
from bithedge.stacks.hashes import sha512_256
from bithedge.stacks.hexes import to_hex
from bithedge.stacks.node_types import AssetMove, Block, TransactionEvent
from bithedge.stacks.payloads import ContractCall, TokenTransfer

Status = Literal["success", "abort_by_response", "abort_by_post_condition"]
ZERO: Final = "0x" + "00" * 32
FIRST_BURN: Final = 100


class Mined(msgspec.Struct, frozen=True):
    """A transaction in a block, and what came of it."""

    waiting: Waiting
    status: Status
    result: ClarityValue
    events: tuple[TransactionEvent, ...]


class SimBlock(msgspec.Struct, frozen=True):
    """A block, the state after it, and how many burn blocks it brought."""

    block: Block
    mined: tuple[Mined, ...]
    state: State
    burns: int

    @property
    def height(self) -> int:
        """Its Stacks height."""
        return self.block.height

    @property
    def burn(self) -> int:
        """The burn height as the contracts see it."""
        return self.block.burn_block_height


class SimChain:
    """Takes transactions, mines when told, forks when told.

    Args:
        deployment: where the contracts stand.
        genesis: keys, parameters, balances; the contracts are set up.
        now_s: the time of a new block, Unix seconds.
        contract_time: what the contracts take a block's time for.
        first_burn: the burn height of the first block.
    """

    def __init__(
        self,
        deployment: Deployment,
        genesis: State,
        *,
        now_s: Callable[[], int],
        contract_time: Callable[[int], int] = lambda seconds: seconds,
        first_burn: int = FIRST_BURN,
    ) -> None:
        self.deployment = deployment
        self.mempool = Mempool()
        self.seen: dict[str, Waiting] = {}
        """Every transaction that was ever admitted or included."""
        self.on_block: list[Callable[[SimBlock], None]] = []
        self.on_admitted: list[Callable[[Waiting], None]] = []
        self.forks = 0
        self._now_s = now_s
        self._contract_time = contract_time
        self._salt = ""
        self._places: dict[str, list[tuple[SimBlock, int]]] = {}
        self.blocks: list[SimBlock] = [SimBlock(self._header(None, first_burn, ()), (), genesis, 0)]

    @property
    def tip(self) -> SimBlock:
        """The newest block."""
        return self.blocks[-1]

    @property
    def state(self) -> State:
        """The state after the newest block; to be read only."""
        return self.tip.state

    def frame(self, sender: str) -> Frame:
        """Return a frame over the tip, on a copy of its state, as a read-only call sees it."""
        return self._frame(self.state.copy(), sender, self.tip.burn)

    def submit(self, raw: bytes) -> str:
        """Take signed bytes into the mempool and return the id.

        Raises:
            TransactionRejectedError: with the node's reason.
            TransactionError: no transaction at all.
        """
        one = Waiting(raw)
        if self.mempool.get(one.txid) is not None:
            return one.txid
        check_admission(one, self.state, self.deployment)
        self.mempool.add(one)
        self.seen[one.txid] = one
        for hear in self.on_admitted:
            hear(one)
        return one.txid

    def mine(self, *, burns: int = 0, limit: int | None = None, least_fee: int = 0) -> SimBlock:
        """Mine a block: of burn blocks, or else of what waits."""
        chosen = () if burns else self.mempool.choose(self.state, limit=limit, least_fee=least_fee)
        block = self._append(chosen, burns)
        self._settle_mempool()
        return block

    def fork(
        self, depth: int, *, requeue: bool = True, include: Sequence[bytes] = (), salt: str | None = None
    ) -> tuple[SimBlock, ...]:
        """Undo `depth` blocks, grow a branch one longer, and return what was undone, oldest first.

        `include` is mined first on the branch, where it can be.
        """
        undone = tuple(self.blocks[-depth:])
        del self.blocks[-depth:]
        self.forks += 1
        self._salt = salt if salt is not None else f"fork {self.forks}"
        self._append(self._included(include), 0)
        for block in undone:
            self._append((), block.burns)
        branch = {mined.waiting.txid for block in self.blocks[-depth - 1 :] for mined in block.mined}
        if requeue:
            for block in undone:
                for mined in block.mined:
                    if mined.waiting.txid not in branch:
                        self.mempool.readmit(mined.waiting)
        self._settle_mempool()
        return undone

    def place(self, txid: str, blocks: Sequence[SimBlock]) -> tuple[SimBlock, int] | None:
        """Return where a transaction stands in a chain of blocks."""
        base = blocks[0].height
        for block, index in reversed(self._places.get(txid, ())):
            at = block.height - base
            if at < len(blocks) and blocks[at] is block:
                return block, index
        return None

    def _included(self, include: Sequence[bytes]) -> list[Waiting]:
        pool = Mempool()
        for raw in include:
            one = Waiting(raw)
            self.seen[one.txid] = one
            pool.readmit(one)
        return pool.choose(self.state)

    def _settle_mempool(self) -> None:
        for block in self.blocks[-12:]:
            for mined in block.mined:
                there = self.mempool.get(mined.waiting.txid)
                if there is not None:
                    self.mempool.remove(there)
        self.mempool.drop_stale(self.state)

    def _append(self, chosen: Sequence[Waiting], burns: int) -> SimBlock:
        state = self.state.copy()
        burn = self.tip.burn + burns
        mined: list[Mined] = []
        for one in chosen:
            state, done = self._execute(state, one, burn)
            mined.append(done)
        header = self._header(self.tip.block, burn, tuple(one.txid for one in chosen))
        block = SimBlock(header, tuple(mined), state, burns)
        self.blocks.append(block)
        for index, one in enumerate(mined):
            self._places.setdefault(one.waiting.txid, []).append((block, index))
        for hear in self.on_block:
            hear(block)
        return block

    def _execute(self, state: State, one: Waiting, burn: int) -> tuple[State, Mined]:
        state.ustx[one.sender] -= one.fee
        state.nonces[one.sender] = one.nonce + 1
        payload = one.transaction.payload
        if isinstance(payload, TokenTransfer):
            return state, _transferred(state, one, payload)
        if not isinstance(payload, ContractCall):
            raise TypeError("no deployment is ever admitted")
        function = function_of(self.deployment, payload)
        if function is None:
            raise TypeError("no unknown function is ever admitted")
        frame = self._frame(state.copy(), one.sender, burn)
        try:
            answer = function.does(frame, payload.arguments)
        except CallError as error:
            return state, Mined(one, "abort_by_response", Err(UInt(error.code)), ())
        result = Ok(Bool(answer) if isinstance(answer, bool) else UInt(answer))
        if not is_covered(one.transaction, frame.events):
            return state, Mined(one, "abort_by_post_condition", result, ())
        return frame.state, Mined(one, "success", result, tuple(frame.events))

    def _frame(self, state: State, sender: str, burn: int) -> Frame:
        return Frame(
            state,
            self.deployment,
            sender=sender,
            burn=burn,
            stacks=self.tip.height + 1,
            time=self._contract_time(max(self._now_s(), self.tip.block.block_time)),
        )

    def _header(self, parent: Block | None, burn: int, txids: tuple[str, ...]) -> Block:
        height = 1 if parent is None else parent.height + 1
        above = ZERO if parent is None else parent.index_block_hash
        name = f"{self._salt}|{above}|{height}|{burn}|{'|'.join(txids)}"
        now_s = self._now_s() if parent is None else max(self._now_s(), parent.block_time)
        turned = parent is None or burn > parent.burn_block_height
        return Block(
            canonical=True,
            height=height,
            hash=to_hex(sha512_256(name.encode())),
            index_block_hash=to_hex(sha512_256(f"index|{name}".encode())),
            parent_block_hash=ZERO if parent is None else parent.hash,
            parent_index_block_hash=above,
            block_time=now_s,
            burn_block_height=burn,
            burn_block_hash=to_hex(sha512_256(f"bitcoin block|{burn}".encode())),
            burn_block_time=now_s if turned or parent is None else parent.burn_block_time,
            tx_count=len(txids),
        )


def _transferred(state: State, one: Waiting, payload: TokenTransfer) -> Mined:
    recipient = str(payload.recipient)
    state.ustx[one.sender] -= payload.amount
    state.ustx[recipient] = state.ustx.get(recipient, 0) + payload.amount
    move = AssetMove(type="transfer", sender=one.sender, recipient=recipient, amount=payload.amount)
    return Mined(one, "success", Ok(Bool(value=True)), (TransactionEvent(event_index=0, stx_asset=move),))
