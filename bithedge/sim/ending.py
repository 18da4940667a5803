"""What must be true once everything was left to end: all owed is paid once, nothing waits, all may go."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from typing import Final

from bithedge.domain.ids import quote_id
from bithedge.domain.pool.books import Books
from bithedge.sim.chain.blocks import SimChain
from bithedge.sim.chain.registry import BPS, payout_of
from bithedge.sim.chain.state import PolicyRow, Provider
from bithedge.sim.trace import Violation
from bithedge.storage.connections import open_writer
from bithedge.storage.queries.kept import attestation
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.replay import READ_MODELS, build

OPEN_OPERATIONS: Final = """
SELECT operation_id, kind, status FROM operations WHERE status IN ('queued', 'sent')
"""
OPEN_ATTEMPTS: Final = """
SELECT txid, nonce, status FROM transactions WHERE status IN ('pending', 'dropped') AND address = ?
"""
FOLLOWED: Final = "SELECT hash FROM blocks WHERE orphaned = 0 ORDER BY seq DESC LIMIT 1"
RESERVED: Final = "SELECT quote_id FROM quotes WHERE status = 'reserved'"
PROMISED: Final = """
SELECT withdrawal_id, status FROM withdrawals
WHERE status IN ('pending_signature', 'pending_confirmation')
"""


def unfinished(db: sqlite3.Connection, chain: SimChain, lanes: Sequence[str]) -> Iterator[str]:
    """Yield what still has to come to its end."""
    followed = db.execute(FOLLOWED).fetchone()
    if followed is None or followed[0] != chain.tip.block.index_block_hash:
        yield "the newest block is not followed"
    if chain.state.collaterals:
        yield f"collateral is locked for {sorted(chain.state.collaterals)}"
    for row in db.execute(OPEN_OPERATIONS):
        yield f"operation {row}"
    for lane in lanes:
        for row in db.execute(OPEN_ATTEMPTS, (lane,)):
            yield f"attempt of {lane} {row}"
        if chain.mempool.nonces(lane):
            yield f"{lane} waits in the mempool with {chain.mempool.nonces(lane)}"
    for (named,) in db.execute(RESERVED):
        yield f"capacity is held for {named}"
    for row in db.execute(PROMISED):
        yield f"withdrawal {row}"


def check_owed(db: sqlite3.Connection, chain: SimChain, *, priced: bool) -> None:
    """Check that no policy ended unpaid that owed something its daemon had to claim.

    Args:
        db: the journal's database.
        chain: on which all policies have ended.
        priced: whether every height was signed in time. Without a price in all of the grace the contract
            lets everything go, whatever it would have paid.

    Raises:
        Violation: one did.
    """
    for number, row in chain.state.policies.items():
        past_grace = row.ended > row.expiry + chain.state.parameters["grace"]
        if row.status == "settled" or (past_grace and not priced):
            continue
        head = policy_of_quote(db, quote_id(row.quote_id))
        if head is not None and head.policy.auto_exercise:
            _check_unpaid(db, number, row)


def _check_unpaid(db: sqlite3.Connection, number: int, row: PolicyRow) -> None:
    last = attestation(db, f"height:{row.expiry}")
    if last is not None and payout_of(row, last.price) > 0:
        raise Violation(f"policy {number} paid nothing and owed {payout_of(row, last.price)} at its expiry")
    for height in range(row.start + 1, row.expiry + 1):
        price = attestation(db, f"height:{height}")
        if price is not None and payout_of(row, price.price) == row.collateral:
            raise Violation(f"policy {number} paid nothing and its floor was touched at {height}")


def check_all_gone(chain: SimChain, books: Books) -> None:
    """Check that every provider got all of its money out that the chain lets anybody have.

    What may be left: profits beyond the contract's yield cap, and in a pool in which a reorg took a deposit
    and left the withdrawal, what covers that debt.

    Raises:
        Violation: more is left, in the books or in the vault.
    """
    accounts = [account for book in books.tiers.values() for account in book.accounts.values()]
    debts = sum(min(0, account.equity) for account in accounts)
    kept = 0
    for address in {account.address: None for account in accounts}:
        left = sum(
            account.equity for account in accounts if account.address == address and account.equity > 0
        )
        own = chain.state.providers.get(address, Provider())
        lifetime = own.deposited + own.deposited * chain.state.parameters["yield-cap"] // BPS - own.withdrawn
        kept += min(left, lifetime)
    if kept > -2 * debts:
        raise Violation(f"providers still have {kept} sats that nothing keeps them from taking")
    if chain.state.totals.vault != sum(account.equity for account in accounts):
        raise Violation(f"the vault holds {chain.state.totals.vault}, not what is left to providers")


def check_replay(db: sqlite3.Connection) -> None:
    """Check that the journal alone makes every read model, byte for byte, its checksums sound.

    Raises:
        Violation: a row differs.
        CorruptJournalError: the chain of checksums is broken.
    """
    with closing(open_writer(":memory:")) as fresh:
        build(db, fresh)
        for table in READ_MODELS:
            keys = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[5]]
            statement = f"SELECT * FROM {table} ORDER BY {', '.join(keys)}"  # noqa: S608 - our own names
            for stored, rebuilt in zip_longest(db.execute(statement), fresh.execute(statement)):
                if stored != rebuilt:
                    raise Violation(f"{table}: stored {stored}, the journal makes {rebuilt}")
