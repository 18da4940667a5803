"""Durable appends a second, beside a plain sqlite3 loop that writes the same rows in the same groups.

The journal runs on uvloop, as the daemon does. Both use one schema, WAL and synchronous=FULL, on files in one
folder. `lone` appends bring one event; `command` ones what a reservation brings: two events, its head, its
quote, their channels, a kept answer. Prints a line a set-up; the ratio is the journal's rate over the loop's.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.chain import PriceObserved
from bithedge.domain.events.policy import QuoteIssued
from bithedge.domain.events.pool import CapacityReserved
from bithedge.domain.ids import Address, Hex, quote_id
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.fold import fold
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.storage.codec import INSERT_EVENT, encode_policy, encode_row
from bithedge.storage.connections import connect_writer, open_writer, transaction
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.keeping import ANSWER, ANSWER_KEPT_MS
from bithedge.storage.migrations import migrate
from bithedge.storage.ports import Answer, Change, Keep
from bithedge.storage.projections.policies import UPSERT
from bithedge.storage.projections.quotes import INSERT
from bithedge.storage.writing import INSERT_CHANNEL

NOW_MS = 1_700_000_000_000


def lone(number: int) -> tuple[tuple[Change, ...], Answer | None]:
    event = PriceObserved(price=UsdE8(6_500_000_000_000), height=Height(number))
    return (Change(stream="oracle", events=(event,)),), None


def command(number: int) -> tuple[tuple[Change, ...], Answer | None]:
    name = quote_id(number.to_bytes(16, "big"))
    terms = Terms(
        quote_id=name,
        owner=Address(f"ST2OWNER{number % 1_000}"),
        kind=Kind.PUT,
        strike=UsdE8(6_000_000_000_000),
        amount=Sats(10_000_000),
        max_payout=Sats(10_000_000),
        premium=Sats(200_000),
        fee=Sats(10_000),
        tier=Tier.BALANCED,
        expiry=Height(5_000),
        valid_until=Height(1_010),
        valid_until_s=2_000_000_000,
    )
    issued = QuoteIssued(
        terms=terms,
        spot=UsdE8(6_500_000_000_000),
        volatility=0.55,
        price=UsdE8(6_500_000_000_000),
        price_height=Height(1_000),
        quote_signatures=(Hex("0x" + "ab" * 65),),
        reading_signatures=(Hex("0x" + "cd" * 65),),
    )
    held = CapacityReserved(
        quote_id=name,
        owner=terms.owner,
        tier=terms.tier,
        kind=terms.kind,
        strike=terms.strike,
        amount=terms.amount,
        max_payout=terms.max_payout,
        expiry=terms.expiry,
        valid_until=terms.valid_until,
        premium=terms.premium,
        command_id=Hex("0x" + "01" * 16),
    )
    answer = Answer(
        scope=f"POST /v1/policies {number}",
        body_hash=b"h" * 32,
        status=201,
        headers=(("Location", f"/v1/policies/{name}"),),
        body=b"x" * 2_000,
        at_ms=NOW_MS,
    )
    changes = (
        Change(stream=f"policy:{name}", events=(issued,), expected=0),
        Change(stream="pool", events=(held,)),
    )
    return changes, answer


def kept(answer: Answer | None) -> Keep | None:
    return None if answer is None else lambda _: answer


class RawLoop:
    """What a programmer would write by hand for these two workloads: no checks, no futures, no thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._seq = 0
        self._checksum = 0
        self._channel_ends: dict[str, int] = {}

    def commit(self, group: list[tuple[tuple[Change, ...], Answer | None]]) -> None:
        events: list[tuple[Any, ...]] = []
        channels: list[tuple[str, int, int]] = []
        heads: list[tuple[Any, ...]] = []
        quotes: list[tuple[Any, ...]] = []
        answers: list[tuple[Any, ...]] = []
        for changes, answer in group:
            written = [
                self._event(change.stream, event, events) for change in changes for event in change.events
            ]
            if answer is not None:
                self._reservation(written, channels, heads, quotes)
                headers = msgspec.json.encode(answer.headers).decode()
                answers.append(
                    (
                        answer.scope,
                        answer.body_hash,
                        answer.status,
                        headers,
                        answer.body,
                        answer.at_ms,
                        ANSWER_KEPT_MS,
                    )
                )
        with transaction(self._db):
            self._db.executemany(INSERT_EVENT, events)
            self._db.executemany(INSERT_CHANNEL, channels)
            self._db.executemany(UPSERT, heads)
            self._db.executemany(INSERT, quotes)
            self._db.executemany(ANSWER, answers)

    def _event(self, stream: str, event: Event, rows: list[tuple[Any, ...]]) -> Recorded:
        self._seq += 1
        version = 1 if stream.startswith("policy:") else self._seq
        recorded = Recorded(seq=self._seq, stream=stream, version=version, event=event, at_ms=NOW_MS)
        rows.append(encode_row(recorded, self._checksum))
        self._checksum = rows[-1][-1]
        return recorded

    def _reservation(
        self,
        written: list[Recorded],
        channels: list[tuple[str, int, int]],
        heads: list[tuple[Any, ...]],
        quotes: list[tuple[Any, ...]],
    ) -> None:
        policy = fold(written)
        issued = written[0].event
        if policy is None or not isinstance(issued, QuoteIssued):
            raise TypeError("not a reservation")
        terms, previous = policy.terms, 0
        for recorded in written:
            channels.append((f"policy:{terms.quote_id}", recorded.seq, previous))
            previous = recorded.seq
        named = (terms.quote_id, None, terms.owner, terms.kind, terms.tier, policy.status)
        sizes = (terms.strike, terms.amount, terms.max_payout, terms.expiry, terms.valid_until)
        heads.append((*named, *sizes, None, None, policy.updated_seq, policy.version, encode_policy(policy)))
        payload = msgspec.json.encode(issued).decode()
        held = (terms.quote_id, terms.owner, terms.tier, terms.max_payout, terms.valid_until)
        quotes.append((*held, written[0].seq, NOW_MS, payload))


Workload = Callable[[int], tuple[tuple[Change, ...], Answer | None]]


def raw_rate(path: Path, workload: Workload, appends: int, appenders: int) -> float:
    """Return the loop's appends a second, `appenders` of them a commit."""
    db = open_writer(path)
    migrate(db)
    loop = RawLoop(db)
    started = time.perf_counter()
    for first in range(0, appends, appenders):
        loop.commit([workload(number) for number in range(first, min(appends, first + appenders))])
    rate = appends / (time.perf_counter() - started)
    db.close()
    return rate


async def journal_rate(path: Path, workload: Workload, appends: int, appenders: int) -> tuple[float, float]:
    """Return the journal's appends a second with so many askers at once, and its appends a commit."""
    tasks: list[asyncio.Task[None]] = []

    def spawn(coro: Coroutine[Any, Any, None], name: str) -> None:
        tasks.append(asyncio.get_running_loop().create_task(coro, name=name))

    journal = await SqliteJournal.open(
        await connect_writer(path), epoch="bench", now_ms=lambda: NOW_MS, spawn=spawn
    )

    async def asker(first: int) -> None:
        for number in range(first, appends, appenders):
            changes, answer = workload(number)
            await journal.append(changes, keep=kept(answer))

    started = time.perf_counter()
    await asyncio.gather(*(asker(first) for first in range(appenders)))
    rate = appends / (time.perf_counter() - started)
    told = journal.statistics()
    await journal.close()
    return rate, told.appends / told.commits


def measure(
    folder: Path, name: str, workload: Workload, *, appends: int, appenders: int, rounds: int
) -> None:
    """Print one line: medians of both, and the median of the ratios of each round."""
    ratios: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    group = 0.0
    for number in range(rounds):
        stem = folder / f"{name}-{appenders}-{number}"
        theirs.append(raw_rate(stem.with_suffix(".raw"), workload, appends, appenders))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            ours_now = journal_rate(stem.with_suffix(".journal"), workload, appends, appenders)
            rate, group = runner.run(ours_now)
        ours.append(rate)
        ratios.append(rate / theirs[-1])
    print(
        f"{name:8} appenders {appenders:5} group {group:7.1f}  journal {statistics.median(ours):9.0f}/s"
        f"  raw {statistics.median(theirs):9.0f}/s  ratio {statistics.median(ratios):.2f}"
        f"  ({min(ratios):.2f} - {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--appends", type=int, default=5_000, help="a run, fewer with few appenders")
    parser.add_argument("--appenders", type=int, nargs="+", default=[1, 16, 64, 256, 1_024])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workload", choices=("lone", "command", "both"), default="both")
    parser.add_argument("--dir", type=Path, default=None, help="a folder on the disk to be measured")
    given = parser.parse_args()
    workloads: dict[str, Workload] = {"lone": lone, "command": command}
    if given.workload != "both":
        workloads = {given.workload: workloads[given.workload]}
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        run = partial(measure, Path(folder), rounds=given.rounds)
        for name, workload in workloads.items():
            for appenders in given.appenders:
                run(name, workload, appends=min(given.appends, 500 * appenders), appenders=appenders)


if __name__ == "__main__":
    main()
