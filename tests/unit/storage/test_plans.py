# No statement of the store scans a table that grows.

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

import bithedge.storage
from bithedge.storage.connections import open_writer
from bithedge.storage.migrations import migrate
from bithedge.storage.queries import policies, providers, transactions
from bithedge.storage.queries.paging import where

S = "bithedge.storage"
# Tools that read everything by their nature.
WHOLE_TABLE = {f"{S}.replay.UNDONE", f"{S}.replay.REMARK"}
# Bounded by what is open, by a policy's backers, by the policies that ever had one number.
BOUNDED = {f"{S}.queries.chain.ALERTS", f"{S}.queries.policies.BACKERS", f"{S}.queries.policies.BY_NUMBER"}
# From one end of an index, a handful of rows and no sorting: the planner calls that a scan, too.
ONE_END = {
    f"{S}.position.LAST",
    f"{S}.replay.LAST",
    f"{S}.queries.chain.NEWEST",
    f"{S}.queries.chain.TIP",
    f"{S}.queries.events.LAST",
    f"{S}.queries.events.NEWEST",
    f"{S}.queries.kept.NEWEST_PRICE",
    f"{S}.queries.policies.LAST_CHANGED",
}
# Walked from the newest back, in order, by a caller who stops at a time.
STOPPED = {f"{S}.queries.spending.OWN"}
NO_TABLE = {f"{S}.queries.events.BYTES"}


def statements() -> dict[str, str]:
    found: dict[str, str] = {}
    for module_info in walk_packages(bithedge.storage.__path__, "bithedge.storage."):
        module = import_module(module_info.name)
        for name, value in vars(module).items():
            if (
                name.isupper()
                and isinstance(value, str)
                and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b", value)
            ):
                found[f"{module_info.name}.{name}"] = value
    return found


STATEMENTS = statements()


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(open_writer(":memory:")) as db:
        migrate(db)
        yield db


def plan(db: sqlite3.Connection, statement: str, *, table: str | None = None) -> list[str]:
    if table is not None:
        statement = f"SELECT * FROM {table} WHERE {statement}"  # noqa: S608 - names of our own schema
    names = set(re.findall(r"(?<![:'])\B:([a-z_]+)", statement))
    values: Any = dict.fromkeys(names) or (None,) * statement.count("?")
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def scans(steps: list[str]) -> list[str]:
    """Steps that read a whole table or sort what they found; the last row by an index is neither."""
    return [step for step in steps if step.startswith("SCAN") or "USE TEMP B-TREE" in step]


def test_there_are_statements_to_judge() -> None:
    assert len(STATEMENTS) > 80


@pytest.mark.parametrize(
    "name", sorted(STATEMENTS.keys() - WHOLE_TABLE - BOUNDED - ONE_END - STOPPED - NO_TABLE)
)
def test_no_statement_scans_a_table_that_grows(db: sqlite3.Connection, name: str) -> None:
    assert scans(plan(db, STATEMENTS[name])) == []


@pytest.mark.parametrize("name", sorted(ONE_END))
def test_what_is_read_from_one_end_is_in_order_already(db: sqlite3.Connection, name: str) -> None:
    statement = STATEMENTS[name]

    steps = plan(db, statement)

    assert len(steps) == 1
    assert "LIMIT" in statement or "max(seq)" in statement
    assert "USING" in steps[0] or "ORDER BY seq DESC" in statement or "max(seq)" in statement


@pytest.mark.parametrize("name", sorted(STOPPED))
def test_what_is_stopped_early_walks_an_index_without_sorting(db: sqlite3.Connection, name: str) -> None:
    steps = plan(db, STATEMENTS[name])

    assert len(steps) == 1
    assert "USING INDEX" in steps[0]


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ((), "policies_by_sight"),
        (("owner",), "policies_by_owner"),
        (("owner", "owned_status"), "policies_by_owner"),
        (("status",), "policies_by_status"),
        (("status", "kind", "expiry_from"), "policies_by_status"),
        (("tier", "from_ms", "to_ms"), "policies_by_sight"),
    ],
)
def test_each_list_of_policies_walks_its_own_index(
    db: sqlite3.Connection, given: tuple[str, ...], index: str
) -> None:
    conditions = where(policies.CLAUSES, dict.fromkeys(("before", *given), 1))
    steps = plan(db, f"{conditions} ORDER BY first_seen DESC LIMIT :limit", table="policies")

    assert scans(steps) == []
    assert index in steps[0]


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ((), "transactions_by_sight"),
        (("address",), "transactions_by_address"),
        (("address", "sent_status"), "transactions_by_address"),
        (("status",), "transactions_by_status"),
    ],
)
def test_each_list_of_transactions_walks_its_own_index(
    db: sqlite3.Connection, given: tuple[str, ...], index: str
) -> None:
    conditions = where(transactions.CLAUSES, dict.fromkeys(("before", *given), 1))
    steps = plan(db, f"{conditions} ORDER BY first_seen DESC LIMIT :limit", table="transactions")

    assert scans(steps) == []
    assert index in steps[0]


def test_a_ledger_is_walked_by_its_key(db: sqlite3.Connection) -> None:
    conditions = where(providers.LEDGER_CLAUSES, dict.fromkeys(("address", "seq"), 1))
    steps = plan(db, f"{conditions} ORDER BY seq DESC, line DESC LIMIT :limit", table="provider_ledger")

    assert scans(steps) == []
    assert "PRIMARY KEY" in steps[0]
