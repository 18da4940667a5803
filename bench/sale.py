"""A sale on the pool's books at 100, 10,000 and 1,000,000 providers: what more providers cost it.

A sale is what the pool does between a quote's reservation and its policy: the reservation is decided, the
backers are chosen, and both facts are taken up by the books. Sizes are measured in turn within a round, on
books that are put back as they were, so that a ratio compares neighbours. Processor time, as the books do
nothing else; the collector stands still while a round is measured.
Usage: python bench/sale.py [--providers 100 10000 1000000] [--sales 100] [--rounds 7] [--goal 2]
"""

import argparse
import gc
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # so that it runs from a checkout, installed or not

from bithedge.domain.events.base import ChainRef, Event, Recorded  # noqa: E402  # after the path is set
from bithedge.domain.events.pool import FundsDeposited  # noqa: E402
from bithedge.domain.facts import PurchaseFact, ReleaseFact  # noqa: E402
from bithedge.domain.ids import Address, Hex, PolicyNumber, quote_id  # noqa: E402
from bithedge.domain.money import Height, Sats, UsdE8  # noqa: E402
from bithedge.domain.payout import Kind  # noqa: E402
from bithedge.domain.pool.books import Books  # noqa: E402
from bithedge.domain.pool.chain_facts import on_purchase, on_release  # noqa: E402
from bithedge.domain.pool.commands import ReservePolicy, SaleLimits  # noqa: E402
from bithedge.domain.pool.decisions import decide_reservation  # noqa: E402
from bithedge.domain.pool.notes import NO_TOTALS  # noqa: E402
from bithedge.domain.terms import Terms  # noqa: E402
from bithedge.domain.tiers import Tier  # noqa: E402

SPOT: Final = UsdE8(65_000 * 10**8)
PLENTY: Final = Sats(10**18)
TREASURY: Final = Address("treasury")
START: Final = Height(1_000)
STANDING: Final = 100
"""Live policies before the first measured sale."""


class Shop:
    """A pool with so many providers, each with a balance of its own, and some live policies."""

    def __init__(self, providers: int) -> None:
        self.providers = providers
        self.books = Books()
        self._seq = 0
        self._block = 0
        self._number = 0
        self._chance = random.Random(7)
        for number in range(providers):
            amount = Sats(self._chance.randint(5_000_000, 50_000_000))
            address = Address(f"provider-{number:07}")
            self._apply(FundsDeposited(address=address, tier=Tier.BALANCED, amount=amount, totals=NO_TOTALS))
        self._live: list[Terms] = []
        for _ in range(STANDING):
            self.sell()

    def sell(self) -> None:
        """Reserve a quote and buy it."""
        terms = self._terms()
        command = ReservePolicy(
            quote_id=terms.quote_id,
            owner=terms.owner,
            tier=terms.tier,
            kind=terms.kind,
            strike=terms.strike,
            amount=terms.amount,
            max_payout=terms.max_payout,
            expiry=terms.expiry,
            valid_until=terms.valid_until,
            premium=terms.premium,
            command_id=Hex("0x01"),
            height=START,
            spot=SPOT,
            now_ms=0,
            limits=SaleLimits(available=PLENTY, window=PLENTY),
        )
        for event in decide_reservation(self.books, command):
            self._apply(event, on_chain=False)
        fact = PurchaseFact(
            policy_id=PolicyNumber(self._number),
            terms=terms,
            price=SPOT,
            price_height=START,
            start=START,
            treasury=TREASURY,
            totals=NO_TOTALS,
        )
        for event in on_purchase(self.books, fact):
            self._apply(event)
        self._live.append(terms)

    def release(self, policies: int) -> None:
        """Let the oldest policies end, so that the next round finds the books as this one did."""
        numbers = [self.books.backing(terms.quote_id) for terms in self._live[:policies]]
        del self._live[:policies]
        fact = ReleaseFact(
            policy_ids=tuple(backing.policy_id for backing in numbers if backing is not None),
            amount=Sats(0),
            totals=NO_TOTALS,
        )
        for event in on_release(self.books, fact):
            self._apply(event)

    def _terms(self) -> Terms:
        self._number += 1
        collateral = Sats(self._chance.randint(2_000_000, 8_000_000))
        return Terms(
            quote_id=quote_id(self._number.to_bytes(16, "big")),
            owner=Address(f"owner-{self._number}"),
            kind=Kind.PUT,
            strike=UsdE8(60_000 * 10**8),
            amount=collateral,
            max_payout=collateral,
            premium=Sats(collateral // 50),
            fee=Sats(collateral // 1_000),
            tier=Tier.BALANCED,
            expiry=Height(START + self._chance.randint(144, 12_960)),
            valid_until=Height(START + 2),
            valid_until_s=2_000_000_000,
        )

    def _apply(self, event: Event, *, on_chain: bool = True) -> None:
        self._seq += 1
        self._block += on_chain
        ref = ChainRef(block_height=self._block, block_hash=str(self._block), burn_height=START)
        self.books.apply(
            Recorded(
                seq=self._seq,
                stream="pool",
                version=self._seq,
                event=event,
                at_ms=self._seq,
                chain=ref if on_chain else None,
            )
        )


def measure(shops: list[Shop], sales: int, rounds: int) -> dict[int, list[float]]:
    """Return each round's seconds a sale, by the number of providers."""
    taken: dict[int, list[float]] = {shop.providers: [] for shop in shops}
    for number in range(rounds + 1):
        for shop in shops:
            gc.collect()
            gc.disable()
            begun = time.process_time()
            for _ in range(sales):
                shop.sell()
            each = (time.process_time() - begun) / sales
            gc.enable()
            shop.release(sales)
            if number:  # the first round warms up
                taken[shop.providers].append(each)
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--providers", type=int, nargs="+", default=[100, 10_000, 1_000_000])
    parser.add_argument("--sales", type=int, default=100, help="a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--goal", type=float, default=2.0, help="at most so many times the first, or it fails"
    )
    given = parser.parse_args()
    shops: list[Shop] = []
    for providers in given.providers:
        begun = time.perf_counter()
        shops.append(Shop(providers))
        print(f"{providers:>9,} providers stand ready after {time.perf_counter() - begun:.1f} s")
    gc.freeze()
    taken = measure(shops, given.sales, given.rounds)
    first = taken[given.providers[0]]
    ratio = 1.0
    for providers, times in taken.items():
        ratios = [own / base for own, base in zip(times, first, strict=True)]
        ratio = statistics.median(ratios)
        each = statistics.median(times) * 1e6
        spread = f"{min(ratios):.2f} - {max(ratios):.2f}"
        print(f"{providers:>9,} providers: {each:6.0f} us a sale, {ratio:.2f} x the first ({spread})")
    print(f"from first to last: {ratio:.2f} x, goal {given.goal:g} x at most")
    return 0 if ratio <= given.goal else 1


if __name__ == "__main__":
    sys.exit(main())
