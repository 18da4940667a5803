"""The pool on a real journal, the contract's arithmetic beside it, an oracle that says what it is told."""

from typing import Any

import msgspec
from core_world import DEPLOYER, DEPLOYMENT, CoreWorld, a_command, a_quote, usd
from pykka import ActorRef

from actors.following import Follower
from actors.messages.oracle import SignSale
from actors.messages.pool import ApplyBlock, PriceQuote, Reserve, RevertTo, SetExit, Withdraw
from actors.pool import PoolActor, PoolTools
from actors.quoting import QuoteDesk
from actors.runtime import Address, AsyncioActor
from actors.sales import Sales
from actors.withdrawals import Withdrawals
from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.facts import (
    DepositFact,
    Fact,
    MinedBlock,
    MinedTransaction,
    PauseFact,
    PurchaseFact,
    SettlementFact,
)
from bithedge.domain.market import Tip
from bithedge.domain.payout import Kind
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.commands import WithdrawalLimits
from bithedge.domain.pool.notes import NO_TOTALS
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.premium import PremiumRule
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import Pricing, QuoteRequest
from bithedge.domain.sale_window import SaleWindow
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.domain.volatility import VolatilityRule
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.signing import PoolSigner
from bithedge.stacks.keys import PrivateKey
from bithedge.storage.queries.chain import tip as tip_of

BTC = 100_000_000
FINAL_BLOCKS = 6
ALICE = PrivateKey(bytes(31) + b"\x11").address(DEPLOYMENT.network)
BOB = PrivateKey(bytes(31) + b"\x12").address(DEPLOYMENT.network)
TREASURY = DEPLOYER
SPOT = usd(65_000)
PRICING = Pricing(
    volatility=VolatilityRule(),
    premium=PremiumRule(),
    tiers=DEFAULT_TIERS,
    amounts=AmountLimits(),
    valid_blocks=10,
    valid_s=600,
)


class Oracle(AsyncioActor):
    """Signs every sale at the price it is told; without one it never answers."""

    def __init__(self, signed: list[SignSale]) -> None:
        super().__init__()
        self.signed = signed
        self.price: int | None = SPOT

    async def on_receive(self, message: SignSale) -> SignedPrice:
        self.signed.append(message)
        if self.price is None:
            self.stop()
            raise TimeoutError("the oracle has died")
        return SignedPrice(price=self.price, height=message.height, signatures=("0xbb",))


class PoolWorld:
    """A pool on a world; `mine` does the follower's part, `start` the supervisor's."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.signed: list[SignSale] = []
        self.totals: VaultTotals = NO_TOTALS
        self.block = 0
        self.branch = "a"
        self.height = 1_000
        self.hashes: list[str] = []
        self.numbers = 0
        self.commands = 100
        self.quotes = 0
        self.ref: ActorRef[PoolActor]
        self.oracle = Address("oracle")
        self.says: Any = None

    async def start(self) -> None:
        world = self.world
        self.says = Oracle(self.signed)
        self.says._start_actor_loop()
        world.refs.append(self.says.actor_ref)
        self.oracle.open(self.says.actor_ref)
        window = SaleWindow(blocks=144, share=10_000, floor=10**6)
        desk = QuoteDesk(
            pricing=PRICING, board=world.board, clock=world.clock, window=window, quote_age_ms=30_000
        )
        signer = PoolSigner(
            DEPLOYMENT,
            quote_key=PrivateKey(bytes(31) + b"\x21"),
            voucher_key=PrivateKey(bytes(31) + b"\x22"),
        )
        follower = self.follower(window)
        books = await follower.load()
        await follower.review(books)
        tip = await world.reader.read(tip_of)
        self.ref = PoolActor.start(
            PoolTools(
                board=world.board,
                follower=follower,
                desk=desk,
                sales=Sales(
                    journal=world.journal,
                    reader=world.reader,
                    signer=signer,
                    oracle=self.oracle,
                    clock=world.clock,
                    desk=desk,
                    price_tolerance=25,
                ),
                withdrawals=Withdrawals(
                    journal=world.journal, signer=signer, ids=world.ids, desk=desk, voucher_blocks=20
                ),
            ),
            books,
            tip_hash=None if tip is None else tip.hash,
        )
        world.refs.append(self.ref)

    def follower(self, window: SaleWindow) -> Follower:
        return Follower(
            journal=self.world.journal,
            reader=self.world.reader,
            clock=self.world.clock,
            window=window,
            empty_books=lambda: Books(
                PoolRules(final_blocks=FINAL_BLOCKS), DEFAULT_TIERS, treasuries=[TREASURY]
            ),
            final_blocks=FINAL_BLOCKS,
        )

    async def books(self) -> Books:
        """Return the books that the journal makes."""
        return await self.follower(SaleWindow(blocks=144, share=10_000, floor=10**6)).load()

    # ------------------------------------------------------------ the chain

    def next_block(self, *facts: Fact, burn: int = 1) -> MinedBlock:
        self.block += 1
        self.height += burn
        name = f"0x{self.branch}{self.block}"
        parent = self.hashes[-1] if self.hashes else "0x00"
        self.hashes.append(name)
        transactions = [
            MinedTransaction(txid=f"0x{self.block:02x}{place:062x}", succeeded=True, facts=(fact,))
            for place, fact in enumerate(facts)
        ]
        return MinedBlock(
            block_height=self.block,
            burn_height=self.height,
            hash=name,
            parent_hash=parent,
            at_ms=self.world.clock.ms,
            transactions=tuple(transactions),
        )

    async def apply(self, block: MinedBlock) -> None:
        await self.world.ask(self.ref, ApplyBlock(block=block))
        self.world.board.post_tip(
            Tip(
                block_height=block.block_height,
                burn_height=block.burn_height,
                hash=block.hash,
                at_ms=block.at_ms,
                mean_burn_block_ms=600_000,
            )
        )

    async def mine(self, *facts: Fact, burn: int = 1) -> MinedBlock:
        block = self.next_block(*facts, burn=burn)
        await self.apply(block)
        return block

    def revert(self, depth: int) -> RevertTo:
        """Let the chain leave its last blocks; the pool is to be told."""
        orphaned = tuple(reversed(self.hashes[-depth:]))
        del self.hashes[-depth:]
        self.block -= depth
        self.branch = chr(ord(self.branch) + 1)
        return RevertTo(
            fork_height=self.block, fork_hash=self.hashes[-1] if self.hashes else None, orphaned=orphaned
        )

    def _moved(self, **changes: int) -> VaultTotals:
        moved = {name: getattr(self.totals, name) + change for name, change in changes.items()}
        self.totals = msgspec.structs.replace(self.totals, **moved)
        return self.totals

    def a_deposit(self, address: str, amount: int, tier: Tier = Tier.BALANCED) -> DepositFact:
        totals = self._moved(available=amount, deposited=amount)
        return DepositFact(address=address, tier=tier, amount=amount, totals=totals)

    def a_purchase(self, terms: Terms) -> PurchaseFact:
        self.numbers += 1
        totals = self._moved(
            available=terms.premium - terms.max_payout,
            locked=terms.max_payout,
            deposited=terms.fee,
            premiums=terms.premium - terms.fee,
        )
        return PurchaseFact(
            policy_id=self.numbers,
            terms=terms,
            price=SPOT,
            price_height=self.height,
            start=self.height + 1,
            treasury=TREASURY,
            totals=totals,
        )

    def a_settlement(self, terms: Terms, price: int) -> SettlementFact:
        payout = terms.payout_at(price)
        totals = self._moved(locked=-terms.max_payout, available=terms.max_payout - payout, payouts=payout)
        return SettlementFact(
            policy_id=self.numbers,
            quote_id=terms.quote_id,
            rule="daemon",
            price=price,
            price_height=self.height,
            payout=payout,
            totals=totals,
        )

    def a_pause(self, what: Any, until: int | None) -> PauseFact:
        return PauseFact(what=what, until=until)

    # ------------------------------------------------------------ commands

    def a_request(self, **changed: Any) -> QuoteRequest:
        given: dict[str, Any] = {
            "kind": Kind.PUT,
            "amount": BTC // 10,
            "strike": usd(60_000),
            "max_payout": BTC // 10,
            "floor": None,
            "tenor": 4_320,
            "expiry": None,
            "tier": Tier.BALANCED,
            "owner": None,
        }
        return QuoteRequest(**(given | changed))

    async def quote(self, **changed: Any) -> Any:
        self.quotes += 1
        message = PriceQuote(request=self.a_request(**changed), quote_id=a_quote(self.quotes))
        return await self.world.ask(self.ref, message)

    def reserve(self, quote_id: str, address: str = BOB, *, balance: int = BTC) -> Reserve:
        self.commands += 1
        return Reserve(
            quote_id=quote_id,
            address=address,
            command_id=a_command(self.commands),
            balance=balance,
            keep=lambda _reserved, _committed: None,
        )

    def withdraw(self, amount: int, address: str = ALICE) -> Withdraw:
        self.commands += 1
        return Withdraw(
            address=address,
            tier=Tier.BALANCED,
            amount=amount,
            command_id=a_command(self.commands),
            limits=WithdrawalLimits(
                available=10**15, principal=10**15, lifetime=10**15, outflow=10**15, profit=10**15
            ),
            keep=lambda _withdrawal, _committed: None,
        )

    def set_exit(self, address: str, *, enabled: bool = True, kept: list[bool] | None = None) -> SetExit:
        """Return the command; `kept` gets what its answer would say."""
        self.commands += 1

        def keep(is_on: bool, _committed: object) -> None:  # noqa: FBT001 - the actor's answer, alone
            if kept is not None:
                kept.append(is_on)

        return SetExit(
            address=address,
            tier=Tier.BALANCED,
            enabled=enabled,
            command_id=a_command(self.commands),
            keep=keep,
        )

    async def names(self, stream: str = "pool") -> list[str]:
        return [type(event).__name__ for event in await self.world.events(stream)]
