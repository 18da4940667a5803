"""What must hold at every moment: on the chain after each block, in the books after each commit."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from actors.board import Board
from bithedge.config import Config
from bithedge.domain.blocks import POOL_STREAM
from bithedge.domain.events.chain import BlockFollowed, ChainReorganised
from bithedge.domain.events.policy import PolicySettling
from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.ids import QuoteId, quote_id
from bithedge.domain.money import Bps, Sats
from bithedge.domain.policy.state import LIVE, Status
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.invariants import breaks, drift, reconcile
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.pool.views import pool_view
from bithedge.domain.tiers import DEFAULT_TIERS
from bithedge.protocol.parameters import ContractParameters
from bithedge.sim.chain.blocks import Mined, SimBlock, SimChain
from bithedge.sim.chain.frame import TOTALS
from bithedge.sim.chain.state import PolicyRow, State
from bithedge.sim.trace import Violation
from bithedge.stacks.clarity import Err, NoneValue, Some, Tuple, UInt
from bithedge.stacks.payloads import ContractCall
from bithedge.storage.ports import Committed
from bithedge.storage.queries.events import stream_events
from bithedge.storage.queries.policies import policy_of_quote

HELD: Final = "SELECT quote_id FROM policies WHERE status IN ('active', 'settling', 'expiring')"
PRICE_RULE: Final = 110
NEVER: Final = (106, 109, 111, 119, 120, 122, 202, 210, 223)
"""What the contracts may never answer to the daemon: wrong signatures, sums, roles."""
INTENT: Final = "SELECT 1 FROM intents WHERE operation_id = ?"


class ChainChecks:
    """Looks at each block as it is mined.

    Args:
        chain: what is looked at.
        must_fail: transactions that no contract may let through, and why.
        lanes: the daemon's own addresses.
    """

    def __init__(self, chain: SimChain, must_fail: Mapping[str, str], lanes: Sequence[str]) -> None:
        self._chain = chain
        self._lanes = lanes
        self._pool = chain.deployment.pool
        self._must_fail = must_fail
        self._supply = sum(chain.state.sbtc.values())
        self.blocks: dict[str, SimBlock] = {chain.tip.block.index_block_hash: chain.tip}
        """Every block there ever was, by its index hash."""
        self.prices: dict[int, int] = {}
        """The price by which each height was ever settled or released."""

    def block(self, block: SimBlock) -> None:
        """Check the state after a block.

        Raises:
            Violation: an equation of the vault does not hold, or a theft went through.
        """
        self.blocks[block.block.index_block_hash] = block
        self._equations(block.state)
        for mined in block.mined:
            if mined.status != "success":
                self._never_misunderstood(mined)
                continue
            why = self._must_fail.get(mined.waiting.txid)
            if why is not None:
                raise Violation(f"{mined.waiting.txid} went through: {why}")
            payload = mined.waiting.transaction.payload
            if isinstance(payload, ContractCall):
                self._one_price_a_height(payload)

    def _never_misunderstood(self, mined: Mined) -> None:
        """A transaction of ours may come too late; it may never be signed wrong or move something else."""
        if mined.waiting.sender not in self._lanes:
            return
        code = mined.result.value if isinstance(mined.result, Err) else None
        payload = mined.waiting.transaction.payload
        # An order's price may have grown too old on the way, and a fork may have moved a policy's start.
        ruled = isinstance(payload, ContractCall) and public_price_of(payload) is not None
        never = (*NEVER, PRICE_RULE) if ruled and not self._chain.forks else NEVER
        wrong = isinstance(code, UInt) and code.value in never
        if wrong or mined.status == "abort_by_post_condition":
            raise Violation(f"{mined.waiting.txid} of ours was refused: {mined.status} {mined.result}")

    def _equations(self, state: State) -> None:
        totals = state.totals
        _equal("the vault and its buckets", state.sbtc.get(self._pool, 0), totals.vault)
        _equal("locked and collaterals", totals.locked, sum(state.collaterals.values()))
        flows = totals.deposited + totals.premiums - totals.withdrawn - totals.payouts - totals.escaped
        _equal("buckets and what flowed", totals.vault, flows)
        _equal("supply", sum(state.sbtc.values()), self._supply)
        settled = [one for one in state.policies.values() if one.status == "settled"]
        _equal("payouts and settled policies", totals.payouts, sum(one.payout for one in settled))
        _at_most("a payout above its collateral", [(one.payout, one.collateral) for one in settled])
        _at_most("a bucket below zero", [(-getattr(totals, name), 0) for name in TOTALS])

    def _one_price_a_height(self, call: ContractCall) -> None:
        named = public_price_of(call)
        if named is None:
            return
        price, height = named
        before = self.prices.setdefault(height, price)
        if before != price:
            raise Violation(f"height {height} has two public prices: {before} and {price}")


def public_price_of(call: ContractCall) -> tuple[int, int] | None:
    """Return the public price and its height that a settlement or release names; None for a reading."""
    if call.function == "settle-policy" and isinstance(call.arguments[4], NoneValue):
        price, height = call.arguments[1:3]
    elif call.function == "release-collateral-aggregate" and isinstance(call.arguments[1], Some):
        shown = call.arguments[1].value
        if not isinstance(shown, Tuple):
            return None
        price, height = shown["price"], shown["height"]
    else:
        return None
    return (price.value, height.value) if isinstance(price, UInt) and isinstance(height, UInt) else None


class BooksChecks:
    """A second fold of the journal, compared with the chain and with what the pool shows.

    Args:
        db: the journal's database, read between commits.
        blocks: every block there ever was.
        empty: makes books without a fact.
        board: where the pool posts its figures.
        pool: the vault's principal.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        blocks: Mapping[str, SimBlock],
        *,
        empty: Callable[[], Books],
        board: Board,
        pool: str,
    ) -> None:
        self._db = db
        self._blocks = blocks
        self._empty = empty
        self._board = board
        self._pool = pool
        self._torn = False
        self.books = self._load()

    def committed(self, batch: tuple[Committed, ...]) -> None:
        """Take up a commit and check the books it leaves.

        Raises:
            Violation: they do not agree with themselves or with the chain.
        """
        followed: BlockFollowed | None = None
        for one in batch:
            event = one.recorded.event
            if isinstance(event, ChainReorganised):
                self.books, self._torn = self._load(), True
                return
            if isinstance(event, BlockFollowed):
                followed = event
                self.books.wake(event.burn_height)
            self.books.apply(one.recorded)
            if isinstance(event, PolicySettling):
                self._has_intent(event)
        if followed is not None:
            self._torn = False
            self._against_chain(self._blocks[followed.hash])
        if not self._torn:
            self._sound()

    def shown(self) -> None:
        """Check that the pool shows what the journal makes; for a moment at which it is idle.

        Raises:
            Violation: it does not.
        """
        shown, made = self._board.pool, pool_view(self.books)
        if shown is not None and not self._torn and shown != made:
            raise Violation(f"the pool shows {shown}, the journal makes {made}")

    def _load(self) -> Books:
        books = self._empty()
        for recorded in stream_events(self._db, POOL_STREAM):
            books.apply(recorded)
        books.wake(books.height)
        return books

    def _has_intent(self, event: PolicySettling) -> None:
        if self._db.execute(INTENT, (event.operation_id,)).fetchone() is None:
            raise Violation(f"{event.operation_id} was decided and its intent is not in the same commit")

    def _sound(self) -> None:
        found = [one for one in breaks(self.books) if one.name != "no_bucket_is_negative"]
        if found:
            raise Violation(f"the books break: {found}")

    def _against_chain(self, block: SimBlock) -> None:
        totals = VaultTotals(**{name: Sats(getattr(block.state.totals, name)) for name in TOTALS})
        different = reconcile(self.books, totals)
        if different:
            raise Violation(f"books and chain differ at block {block.height}: {different}")
        drifted = drift(self.books)
        if drifted:
            raise Violation(f"kept sums drift: {drifted}")
        vault = Sats(block.state.sbtc.get(self._pool, 0))
        short = [one for one in breaks(self.books, vault=vault) if one.name == "vault_covers_totals"]
        if short:
            raise Violation(f"the vault does not cover: {short}")
        for number, row in block.state.policies.items():
            self._policy(number, row, quote_id(row.quote_id))
        live = {quote_id(row.quote_id) for row in block.state.policies.values() if row.status == "active"}
        for (named,) in self._db.execute(HELD):
            if named not in live:
                raise Violation(
                    f"{named} counts as live at block {block.height}, and no such policy is on chain"
                )

    def _policy(self, number: int, row: PolicyRow, named: QuoteId) -> None:
        head = policy_of_quote(self._db, named)
        if head is None or head.policy.policy_id != number:
            raise Violation(f"policy {number} ({named}) is on chain and not in the journal")
        status = head.policy.status
        expected = {"settled": (Status.SETTLED,), "expired": (Status.EXPIRED,), "active": tuple(LIVE)}
        if status not in expected[row.status]:
            raise Violation(f"policy {number} is {row.status} on chain and {status} here")


def empty_books(config: Config, parameters: ContractParameters) -> Books:
    """Return the books that the daemon begins with under these settings."""
    sales = config.sales
    rules = PoolRules(
        pool_utilisation_cap_bps=Bps(sales.pool_utilisation_cap_bps),
        max_reservations=sales.max_reservations,
        reservation_share_bps=Bps(sales.reservation_share_bps),
        min_deposit_sats=parameters.min_deposit,
        final_blocks=config.depth.final,
        voucher_blocks=sales.voucher_blocks,
    )
    return Books(rules, DEFAULT_TIERS, treasuries=[parameters.treasury])


def _equal(name: str, left: int, right: int) -> None:
    if left != right:
        raise Violation(f"{name}: {left} and {right}")


def _at_most(name: str, pairs: list[tuple[int, int]]) -> None:
    worst = next(((left, right) for left, right in pairs if left > right), None)
    if worst is not None:
        raise Violation(f"{name}: {worst[0]}, at most {worst[1]}")
