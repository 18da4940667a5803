"""Plants one bug at a time in the daemon and lets the simulator look for it: each must be caught, soon.

Usage: python -m tests.sim.teeth [--seeds 40] [NAME ...]
Only here is the program's own code replaced: to show that the checks would see it broken.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

import actors.following
import bithedge.domain.blocks
import bithedge.domain.pool.allocation
import bithedge.domain.terms
from actors.broadcaster import BroadcasterActor
from actors.chain import ChainActor
from actors.clock import ClockActor
from actors.directory import PolicyDirectory
from actors.policy import PolicyActor
from actors.sending import Sender, Step
from actors.withdrawals import Withdrawals
from bithedge.domain.events.policy import PolicySettling
from bithedge.domain.events.pool import FundsDeposited, FundsWithdrawn
from bithedge.domain.pool.books import Books
from bithedge.protocol.signing import PoolSigner, PriceSigner
from bithedge.sim.options import Options, drawn
from bithedge.sim.trace import logs_into
from bithedge.sim.world import run_seed
from bithedge.stacks.errors import NodeError
from bithedge.storage import keeping, writing
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Change
from bithedge.storage.projections.policies import Heads

SEEDS = 40


class Surgery:
    """Replaces attributes, and puts them back in the end."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def put(self, owner: Any, name: str, new: Any) -> Any:
        old = getattr(owner, name)
        setattr(owner, name, new)
        self._stack.callback(setattr, owner, name, old)
        return old


Plant = Callable[[Surgery], None]


@dataclass(frozen=True)
class Tooth:
    """A bug, and what of a run it needs to show itself."""

    name: str
    plant: Plant
    needs: dict[str, Any] = field(default_factory=dict)


def effect_before_commit(surgery: Surgery) -> None:
    async def launch(self: Any, job: Any, *, nonce: int, fee: Any, replaces: Any = None) -> Step:
        signed = await self._fresh(job, nonce, fee)
        try:
            await self._node.broadcast(signed.raw)
        except NodeError:
            return Step.AGAIN
        return await self._send(await self._sign(job, nonce=nonce, fee=fee, replaces=replaces))

    surgery.put(Sender, "launch", launch)


def reply_before_commit(surgery: Surgery) -> None:
    real = SqliteJournal.append

    async def append(self: Any, changes: Any, **more: Any) -> Any:
        if more.get("used_message") is None or not changes:
            return await real(self, changes, **more)
        self._spawn(real(self, changes, **more), "late commit")
        return ()

    surgery.put(SqliteJournal, "append", append)


def nonce_not_stored(surgery: Surgery) -> None:
    real = SqliteJournal.append

    async def append(self: Any, changes: Any, *, attempts: Any = (), **more: Any) -> Any:
        del attempts
        return await real(self, changes, **more)

    surgery.put(SqliteJournal, "append", append)


def deposit_applied_twice(surgery: Surgery) -> None:
    real = Books.apply

    def apply(self: Books, recorded: Any) -> Any:
        if isinstance(recorded.event, FundsDeposited):
            real(self, recorded)
        return real(self, recorded)

    surgery.put(Books, "apply", apply)


def reorg_ignored(surgery: Surgery) -> None:
    async def leave_orphans(self: Any, latest: Any) -> None:
        del self, latest

    surgery.put(ChainActor, "_leave_orphans", leave_orphans)


def intent_in_a_commit_of_its_own(surgery: Surgery) -> None:
    real = SqliteJournal.append

    async def append(self: Any, changes: Any, *, intents: Any = (), **more: Any) -> Any:
        committed = await real(self, changes, **more)
        if intents:
            await real(self, [], intents=intents)
        return committed

    surgery.put(SqliteJournal, "append", append)


def voucher_counted_twice(surgery: Surgery) -> None:
    real = Books.apply

    def apply(self: Books, recorded: Any) -> Any:
        if isinstance(recorded.event, FundsWithdrawn):
            real(self, recorded)
        return real(self, recorded)

    surgery.put(Books, "apply", apply)


def premium_earned_after_a_fork(surgery: Surgery) -> None:
    surgery.put(actors.following, "compensations", lambda _books: ())


def price_of_the_wrong_height(surgery: Surgery) -> None:
    real = ClockActor._price

    async def price(self: Any, expiry: int) -> Any:
        return await real(self, expiry - 1)  # type: ignore[arg-type]

    surgery.put(ClockActor, "_price", price)


def signature_over_another_height(surgery: Surgery) -> None:
    real = PriceSigner.public_price
    surgery.put(PriceSigner, "public_price", lambda self, price, height: real(self, price, height + 1))


def sent_once_and_never_again(surgery: Surgery) -> None:
    async def on(self: Any, *_facts: Any) -> Step:
        del self
        return Step.ON

    surgery.put(BroadcasterActor, "_resend", on)
    surgery.put(BroadcasterActor, "_hasten", on)


def open_policies_not_loaded_at_start(surgery: Surgery) -> None:
    surgery.put(PolicyDirectory, "load", lambda _self, _policies, _height: None)


def signed_message_not_remembered(surgery: Surgery) -> None:
    real = keeping.keep
    surgery.put(keeping, "keep", lambda db, item, at_ms: real(db, replace(item, used_message=None), at_ms))


def answer_not_kept(surgery: Surgery) -> None:
    surgery.put(keeping, "keep_answer", lambda _db, _answer: None)


def head_not_folded_after_a_fork(surgery: Surgery) -> None:
    surgery.put(Heads, "refold", lambda _self, _quote_id, _history: None)


def remainder_of_a_share_lost(surgery: Surgery) -> None:
    def split(amount: int, weights: Any) -> tuple[int, ...]:
        total = sum(weights) or 1
        return tuple(amount * weight // total for weight in weights)

    surgery.put(bithedge.domain.pool.allocation, "split", split)
    surgery.put(bithedge.domain.pool.allocation, "split_within", lambda amount, w, _rooms: split(amount, w))


def payout_rounded_up(surgery: Surgery) -> None:
    real = bithedge.domain.terms.payout

    def payout(kind: Any, strike: Any, amount: Any, collateral: Any, price: Any) -> Any:
        owed = real(kind, strike, amount, collateral, price)
        return min(collateral, owed + 1) if owed else owed

    surgery.put(bithedge.domain.terms, "payout", payout)


def last_fact_of_a_block_lost(surgery: Surgery) -> None:
    real = actors.following.block_events

    def block_events(books: Any, block: Any, **more: Any) -> Any:
        kept = block.transactions[:1] if len(block.transactions) > 1 else block.transactions
        return real(books, replace(block, transactions=kept), **more)

    surgery.put(actors.following, "block_events", block_events)


def expiry_not_exercised(surgery: Surgery) -> None:
    surgery.put(ClockActor, "_exercise", lambda _self, _policies, _price, _height: None)


def failure_on_chain_taken_for_success(surgery: Surgery) -> None:
    real = bithedge.domain.blocks._outcome
    surgery.put(
        bithedge.domain.blocks,
        "_outcome",
        lambda transaction, known: real(replace(transaction, succeeded=True), known),
    )


def voucher_for_another_height(surgery: Surgery) -> None:
    real = PoolSigner.voucher

    def voucher(self: Any, withdrawal: Any, provider: Any, amount: Any, tier: Any, valid_until: Any) -> Any:
        return real(self, withdrawal, provider, amount, tier, valid_until + 1)

    surgery.put(PoolSigner, "voucher", voucher)


def withdrawal_not_set_aside(surgery: Surgery) -> None:
    """The voucher is given, and the money stays free: it can be promised a second time."""
    real = Withdrawals.withdraw

    async def withdraw(self: Any, books: Any, message: Any) -> Any:
        return await real(self, Books(books.rules, books.parameters), message)

    surgery.put(Withdrawals, "withdraw", withdraw)


def settled_without_the_owners_order(surgery: Surgery) -> None:
    real = PolicyActor._intent

    def intent(self: Any, policy: Any, event: Any, price: Any, useless_after: Any) -> Any:
        return real(self, replace(policy, exercise=None), event, price, useless_after)

    surgery.put(PolicyActor, "_intent", intent)


def decision_kept_in_memory_only(surgery: Surgery) -> None:
    """The settlement's own event is not journalled, though its intent is."""
    real = SqliteJournal.append

    async def append(self: Any, changes: Any, **more: Any) -> Any:
        kept = [
            Change(stream=one.stream, events=(), expected=one.expected)
            if any(isinstance(event, PolicySettling) for event in one.events)
            else one
            for one in changes
        ]
        return await real(self, kept, **more)

    surgery.put(SqliteJournal, "append", append)


def checksums_not_chained(surgery: Surgery) -> None:
    """The checksum of a row does not depend on the row before it."""
    real = writing.encode_row
    surgery.put(writing, "encode_row", lambda recorded, _previous: real(recorded, 0))


CALM = {"disk_faults": False, "attestors_gone": False}
FORKS = {"forks": True, **CALM}
TEETH = (
    Tooth("effect before commit", effect_before_commit, CALM),
    Tooth("reply before commit", reply_before_commit, {"crashes": 5, **CALM}),
    Tooth("nonce not stored", nonce_not_stored, CALM),
    Tooth("deposit applied twice", deposit_applied_twice),
    Tooth("reorg ignored", reorg_ignored, FORKS),
    Tooth("intent in a commit of its own", intent_in_a_commit_of_its_own, CALM),
    Tooth("voucher counted twice", voucher_counted_twice),
    Tooth("premium earned after a fork", premium_earned_after_a_fork, FORKS),
    Tooth("price of the wrong height", price_of_the_wrong_height, CALM),
    Tooth("signature over another height", signature_over_another_height, CALM),
    Tooth("sent once and never again", sent_once_and_never_again, {"node_faults": 3, **CALM}),
    Tooth("open policies not loaded at start", open_policies_not_loaded_at_start, {"crashes": 3, **CALM}),
    Tooth("signed message not remembered", signed_message_not_remembered, {"thieves": 2, **CALM}),
    Tooth("answer not kept", answer_not_kept),
    Tooth("head not folded after a fork", head_not_folded_after_a_fork, FORKS),
    Tooth("remainder of a share lost", remainder_of_a_share_lost, {"providers": 3, **CALM}),
    Tooth("payout rounded up", payout_rounded_up, {"path": "crash", **CALM}),
    Tooth("last fact of a block lost", last_fact_of_a_block_lost),
    Tooth("expiry not exercised", expiry_not_exercised, {"keepers": 0, **CALM}),
    Tooth(
        "failure on chain taken for success",
        failure_on_chain_taken_for_success,
        {"pauses": True, "path": "crash", "holders": 4, **CALM},
    ),
    Tooth("voucher for another height", voucher_for_another_height, CALM),
    Tooth("withdrawal not set aside", withdrawal_not_set_aside),
    Tooth("settled without the owner's order", settled_without_the_owners_order, {"forks": False, **CALM}),
    Tooth("decision kept in memory only", decision_kept_in_memory_only, CALM),
    Tooth("checksums not chained", checksums_not_chained),
)


def plans(tooth: Tooth, seeds: int) -> Iterator[Callable[[], str | None]]:
    """Yield the runs in which a bug is looked for, in their order."""
    for seed in range(seeds):
        options: Options = replace(drawn(seed), **tooth.needs)
        yield lambda options=options: run_seed(options).failure


@contextmanager
def planted(tooth: Tooth) -> Iterator[None]:
    with ExitStack() as stack:
        tooth.plant(Surgery(stack))
        yield


def caught_after(tooth: Tooth, seeds: int = SEEDS) -> tuple[int, str] | None:
    """Return after how many runs the bug was caught and by what; None if it never was.

    The same run of the daemon as it is must hold: else nothing was caught.
    """
    with logs_into(None):
        for number, run in enumerate(plans(tooth, seeds), 1):
            with planted(tooth):
                failure = run()
            if failure is not None:
                sound = run()
                if sound is not None:
                    raise AssertionError(f"the daemon fails without the bug too: {sound}")
                return number, failure
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    missed = 0
    for tooth in TEETH:
        if options.names and not any(name in tooth.name for name in options.names):
            continue
        begun = time.monotonic()
        found = caught_after(tooth, options.seeds)
        took = time.monotonic() - begun
        missed += found is None
        told = "NOT CAUGHT" if found is None else f"caught in run {found[0]:>3}: {found[1][:110]}"
        print(f"{tooth.name:<36} {took:6.1f} s  {told}", flush=True)  # noqa: T201 - a script's output
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
