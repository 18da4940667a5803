"""Laws of the ledger over random lives of a pool: no sat is lost, made or counted twice."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from bithedge.domain.errors import DomainError
from bithedge.domain.payout import Kind
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.capacity import Wanted, sellable
from bithedge.domain.pool.commands import SaleLimits
from bithedge.domain.pool.health import withdrawable
from bithedge.domain.pool.invariants import breaks, drift, reconcile
from bithedge.domain.pool.ledger import BUCKETS, postings
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import PLENTY, SPOT, TREASURY, Scene, usd

PROVIDERS = tuple(f"ST{number}" for number in range(5))
TIERS = tuple(Tier)
STEPS = (
    "deposit",
    "deposit",
    "deposit",
    "buy",
    "buy",
    "buy",
    "settle",
    "release",
    "request",
    "request",
    "request",
    "take",
    "reserve",
    "mine",
    "exit",
    "buffer",
    "lapse",
)
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 4), st.integers(0, 10**6)), min_size=1, max_size=60
)
bounded = settings(max_examples=100, deadline=None)


class Life:
    """Turns numbers into steps that are possible now; an impossible one is left out."""

    def __init__(self) -> None:
        self.scene = Scene(PoolRules(max_backers=3, probe_factor=2))
        self.live: list = []
        self.vouchers: list = []

    def step(self, name: str, who: int, figure: int) -> None:
        getattr(self, name)(PROVIDERS[who], TIERS[figure % 2], figure)

    def deposit(self, address: str, tier: Tier, figure: int) -> None:
        self.scene.deposit(address, 10_000 + figure * 97, tier)

    def _terms(self, tier: Tier, figure: int) -> Terms | None:
        kind = Kind.CALL if figure % 5 == 0 else Kind.PUT
        strike = usd(70_000) if kind is Kind.CALL else usd(55_000)
        wanted = Wanted(tier=tier, kind=kind, strike=strike, expiry=self.scene.height + 2_000)
        limits = SaleLimits(available=self.scene.totals.available, window=PLENTY)
        offer = sellable(self.scene.books, wanted, spot=SPOT, height=self.scene.height, limits=limits)
        collateral = offer.largest * (1 + figure % 4) // 4
        if collateral < 10_000:
            return None
        premium = 200 + figure % 9_000
        return self.scene.a_put(
            kind=kind,
            strike=strike,
            amount=collateral + figure % 3 * collateral // 2,
            max_payout=collateral,
            premium=premium,
            fee=premium // 21,
            tier=tier,
            expiry=self.scene.height + 2_000,
            owner=f"ST_HOLDER_{figure % 3}",
        )

    def reserve(self, _address: str, tier: Tier, figure: int) -> None:
        terms = self._terms(tier, figure)
        if terms is not None:
            with suppress(DomainError):
                self.scene.reserve(terms)

    def buy(self, _address: str, tier: Tier, figure: int) -> None:
        reserved = list(self.scene.books.reservations)
        if reserved and figure % 2:
            terms = self.scene.terms[reserved[0].quote_id]
        else:
            terms = self._terms(tier, figure)
        if terms is not None:
            self.scene.buy(terms)
            self.live.append(terms)

    def settle(self, _address: str, _tier: Tier, figure: int) -> None:
        if self.live:
            terms = self.live.pop(figure % len(self.live))
            self.scene.settle(terms, SPOT * (40 + figure % 121) // 100)

    def release(self, _address: str, _tier: Tier, figure: int) -> None:
        ending, self.live = self.live[: figure % 3], self.live[figure % 3 :]
        if ending:
            self.scene.release(*ending)

    def request(self, address: str, _tier: Tier, figure: int) -> None:
        books = self.scene.books
        accounts = books.accounts_of(TREASURY if figure % 7 == 0 else address)
        if accounts:
            account = accounts[figure % len(accounts)]
            most = withdrawable(books, account.address, account.tier, self.scene.height)
            with suppress(DomainError):
                amount = max(1, most * (figure % 101) // 100)
                self.vouchers.append(self.scene.request(account.address, amount, account.tier))

    def take(self, _address: str, _tier: Tier, figure: int) -> None:
        live = [self.scene.books.vouchers.get(name) for name in self.vouchers]
        live = [voucher for voucher in live if voucher is not None]
        if live:
            voucher = live[figure % len(live)]
            self.scene.take(voucher.withdrawal_id, voucher.address, voucher.amount, voucher.tier)

    def mine(self, _address: str, _tier: Tier, figure: int) -> None:
        self.scene.mine(1 + figure % 500)

    def exit(self, address: str, tier: Tier, figure: int) -> None:
        with suppress(DomainError):
            self.scene.set_exit(address, tier, enabled=figure % 2 == 0)

    def buffer(self, _address: str, _tier: Tier, figure: int) -> None:
        reserve = self.scene.totals.available - self.scene.books.reservations.total
        free = max(0, reserve - self.scene.books.vouchers.total)
        self.scene.set_buffer((self.scene.totals.buffer + free) * (figure % 20) // 100)

    def lapse(self, _address: str, _tier: Tier, _figure: int) -> None:
        self.scene.lapse()


def every_figure(books: Books) -> dict:
    return {
        "accounts": {tier: dict(book.accounts) for tier, book in books.tiers.items()},
        "policies": {tier: dict(book.policies) for tier, book in books.tiers.items()},
        "order": {
            tier: [
                [account.address for account in order] for order in (book.by_utilisation(), book.by_free())
            ]
            for tier, book in books.tiers.items()
        },
        "reservations": list(books.reservations),
        "vouchers": books.vouchers.until(10**9),
        "tracks": [vars(book.track) for book in books.tiers.values()],
        "activity": books.activity,
        "counts": books.counts,
        "totals": books.totals,
    }


@bounded
@given(steps)
def test_after_every_step_the_books_are_the_vault_and_no_bucket_is_negative(steps: list) -> None:
    life = Life()
    for step in steps:
        life.step(*step)

        books = life.scene.books
        assert (
            breaks(books, vault=sum((books.totals.available, books.totals.locked, books.totals.buffer))) == []
        )
        assert reconcile(books, life.scene.totals) == []
        assert drift(books) == {}
        assert books.orphans == {}


@bounded
@given(steps)
def test_a_replay_makes_the_same_books(steps: list) -> None:
    life = Life()
    for step in steps:
        life.step(*step)

    replayed = life.scene.replayed()
    replayed.wake(life.scene.height)

    assert every_figure(replayed) == every_figure(life.scene.books)


@bounded
@given(steps)
def test_the_lines_of_all_events_add_up_to_every_account(steps: list) -> None:
    life = Life()
    for step in steps:
        life.step(*step)

    sums: dict = {}
    for record in life.scene.records:
        lines = postings(record.event)
        assert all(line.change for line in lines)
        for line in lines:
            key = (line.tier, line.address, line.bucket)
            sums[key] = sums.get(key, 0) + line.change

    for tier, book in life.scene.books.tiers.items():
        for address, account in book.accounts.items():
            for bucket in (*BUCKETS, "losses", "fees", "deposited", "withdrawn"):
                assert sums.get((tier, address, bucket), 0) == getattr(account, bucket)


@bounded
@given(steps, st.integers(0, 40))
def test_a_reorg_leaves_books_that_are_the_vault_of_the_shorter_chain(steps: list, block: int) -> None:
    life = Life()
    for step in steps:
        life.step(*step)

    life.scene.undo_from(block)

    broken = {equation.name for equation in breaks(life.scene.books)}
    # A voucher may rest on a deposit that is gone; its money shows as missing until it lapses.
    assert broken <= {"no_bucket_is_negative"}
    assert life.scene.books.orphans == {}
    assert drift(life.scene.books) == {}
