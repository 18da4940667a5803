"""Actors on the event loop beside Pykka's actors on threads: messages and asks a second, bytes an actor.

Each kind runs in a process of its own, the kinds in turn within a round, so that a ratio compares neighbours.
Usage: python bench/actors.py [--actors 10000] [--messages 10] [--asks 5000] [--rounds 3]
"""

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
import pykka

ROOT: Final = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # so that it runs from a checkout, installed or not

from actors.runtime import AsyncioActor, Message, ask  # noqa: E402  # after the path is set

KINDS: Final = ("threading", "async def", "def")


class Figures(msgspec.Struct, frozen=True):
    """What one kind did; seconds, bytes an idle actor, and rates a second."""

    start_s: float
    bytes_each: float
    messages_rate: float
    asks_rate: float


class Count(Message[int], frozen=True):
    """One more."""


class Plain(AsyncioActor):
    """Counts in a plain handler."""

    registered = False
    seen = 0

    def on_receive(self, message: Count) -> int:  # noqa: ARG002  # Pykka's signature
        self.seen += 1
        return self.seen


class Awaiting(AsyncioActor):
    """Counts in an asynchronous handler."""

    registered = False
    seen = 0

    async def on_receive(self, message: Count) -> int:  # noqa: ARG002  # Pykka's signature
        self.seen += 1
        return self.seen


class Threaded(pykka.ThreadingActor):
    """Counts in a thread of its own."""

    use_daemon_thread = True
    seen = 0

    def on_receive(self, message: Any) -> int:  # noqa: ARG002  # Pykka's signature
        self.seen += 1
        return self.seen


def timed(work: Callable[[], object]) -> float:
    """Return the seconds `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def resident() -> int:
    """Return the bytes this process has in memory."""
    gc.collect()
    return psutil.Process().memory_info().rss


def run_threads(*, actors: int, messages: int, asks: int) -> Figures:
    """Measure Pykka's own actors."""
    before = resident()
    refs: list[pykka.ActorRef[Threaded]] = []
    start_s = timed(lambda: refs.extend(Threaded.start() for _ in range(actors)))
    bytes_each = (resident() - before) / actors

    def flood() -> None:
        for _ in range(messages):
            for ref in refs:
                ref.tell(Count())
        pykka.get_all([ref.ask(Count(), block=False) for ref in refs])

    flood_s = timed(flood)
    ask_s = timed(lambda: [refs[i % actors].ask(Count()) for i in range(asks)])
    return Figures(start_s, bytes_each, actors * (messages + 1) / flood_s, asks / ask_s)


async def run_loop(kind: type[Plain] | type[Awaiting], *, actors: int, messages: int, asks: int) -> Figures:
    """Measure our actors."""
    before = resident()
    begun = time.perf_counter()
    refs = [kind.start() for _ in range(actors)]
    await ask(refs[-1], Count(), deadline=60)
    start_s = time.perf_counter() - begun
    bytes_each = (resident() - before) / actors

    begun = time.perf_counter()
    for _ in range(messages):
        for ref in refs:
            ref.tell(Count())
    for reply in [ref.ask(Count(), block=False) for ref in refs]:
        await reply
    flood_s = time.perf_counter() - begun

    begun = time.perf_counter()
    for i in range(asks):
        await ask(refs[i % actors], Count(), deadline=60)
    ask_s = time.perf_counter() - begun
    return Figures(start_s, bytes_each, actors * (messages + 1) / flood_s, asks / ask_s)


def measure(kind: str, *, actors: int, messages: int, asks: int) -> Figures:
    """Measure one kind in this process."""
    if kind == "threading":
        return run_threads(actors=actors, messages=messages, asks=asks)
    actor_class = Plain if kind == "def" else Awaiting
    return asyncio.run(run_loop(actor_class, actors=actors, messages=messages, asks=asks))


def in_a_process(kind: str, options: argparse.Namespace) -> Figures:
    """Measure one kind in a fresh process."""
    command = [sys.executable, __file__, "--only", kind]
    for name in ("actors", "messages", "asks"):
        command += [f"--{name}", str(getattr(options, name))]
    answer = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)  # noqa: S603  # our own file
    return msgspec.json.decode(answer.stdout, type=Figures)


def show(rounds: list[dict[str, Figures]]) -> None:
    """Print the median of each figure, and the ratio to the threads with its range over the rounds."""
    print(
        f"{'kind':<10} {'start s':>8} {'bytes':>8} {'messages/s':>11} {'ratio':>20}"
        f" {'asks/s':>9} {'ratio':>18}"
    )
    for kind in KINDS:
        rows = [results[kind] for results in rounds]
        cells = [f"{kind:<10}"]
        cells.append(f"{statistics.median(row.start_s for row in rows):>8.2f}")
        cells.append(f"{statistics.median(row.bytes_each for row in rows):>8,.0f}")
        for field, width in (("messages_rate", 20), ("asks_rate", 18)):
            values = [getattr(row, field) for row in rows]
            rivals = [getattr(results["threading"], field) for results in rounds]
            ratios = [ours / theirs for ours, theirs in zip(values, rivals, strict=True)]
            spread = f"{statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})"
            cells.append(f"{statistics.median(values):>{11 if width == 20 else 9},.0f} {spread:>{width}}")
        print(" ".join(cells))


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--actors", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=10, help="tells to each actor")
    parser.add_argument("--asks", type=int, default=5_000, help="asks, one after the other")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=KINDS, help="measure one kind here and print JSON")
    options = parser.parse_args()
    if options.only is not None:
        figures = measure(options.only, actors=options.actors, messages=options.messages, asks=options.asks)
        print(json.dumps(msgspec.to_builtins(figures)))
        return
    print(f"{options.actors:,} actors, {options.messages} tells each, {options.asks:,} asks in sequence")
    show([{kind: in_a_process(kind, options) for kind in KINDS} for _ in range(options.rounds)])


if __name__ == "__main__":
    main()
