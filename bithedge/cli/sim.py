"""`sim`: runs of the whole daemon on virtual time, each decided by its seed."""

import argparse
import time
from collections.abc import Iterable, Iterator
from multiprocessing import get_context
from typing import Final

import msgspec
from msgspec.structs import replace

from bithedge.cli.exits import CommandError, Exit
from bithedge.cli.terminal import say
from bithedge.sim.one_life import one_life
from bithedge.sim.options import Options, drawn
from bithedge.sim.shrink import shrink
from bithedge.sim.trace import Trace, logs_into
from bithedge.sim.world import Outcome, run_seed

NAME: Final = "sim"
HELP: Final = "run the daemon on virtual time against seeded faults, and check that nothing is ever lost"
SHOWN: Final = 60
TOLD_EVERY: Final = 100
SHRINKS: Final = 60


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--seeds", default="0:100", metavar="A:B", help="from A up to, not including, B")
    parser.add_argument(
        "--steps", type=int, metavar="N", help="at most N steps of activity in each run, then the calm"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many processes at once")
    parser.add_argument("--lines", type=int, default=SHOWN, metavar="N", help="of the trace of a failed run")
    parser.add_argument("--no-shrink", action="store_true", help="leave a failed run as it is")
    parser.add_argument(
        "--one-life", action="store_true", help="instead: the smallest life, cut off at each of its steps"
    )
    parser.add_argument("--digests", action="store_true", help="print the digest of each run")


def run(options: argparse.Namespace) -> Exit:
    """Run the seeds; show the first that fails, made as small as it goes.

    Raises:
        CommandError: the seeds make no sense.
    """
    if options.one_life:
        return _every_step()
    first, last = _span(options.seeds)
    runs = [replace(drawn(seed), busy_steps=options.steps) for seed in range(first, last)]
    begun, virtual_s, done = time.monotonic(), 0.0, 0
    for outcome in _outcomes(runs, options.jobs):
        done += 1
        virtual_s += outcome.virtual_s
        if options.digests:
            say(f"{outcome.seed} {outcome.digest}")
        if outcome.failure is not None:
            say(f"seed {outcome.seed} FAILED: {outcome.failure}")
            failed = next(one for one in runs if one.seed == outcome.seed)
            _show(failed if options.no_shrink else shrink(failed, fails, tries=SHRINKS), options.lines)
            return Exit.FAILED
        if done % TOLD_EVERY == 0:
            say(f"{done} runs, all held")
    took = time.monotonic() - begun
    say(f"ok: {done} runs, {virtual_s:,.0f} s of virtual time in {took:,.0f} s ({virtual_s / took:,.0f} x)")
    return Exit.DONE


def _every_step() -> Exit:
    """Cut the smallest life off at step after step until it ends before the cut."""
    step = 1
    while True:
        with logs_into(None):
            outcome = one_life(1, crash_at=step)
        if outcome.failure is not None:
            say(f"step {step} FAILED: {outcome.failure}")
            for line in outcome.trace[-SHOWN:]:
                say(line)
            return Exit.FAILED
        if outcome.crashes == 0:
            say(f"ok: cut off at each of {step - 1:,} steps, and all held")
            return Exit.DONE
        if step % TOLD_EVERY == 0:
            say(f"{step} steps, all held")
        step += 1


def fails(options: Options) -> str | None:
    """Run options and return what failed, if anything."""
    with logs_into(None):
        return run_seed(options).failure


def _one(options: Options) -> Outcome:
    with logs_into(None):
        return msgspec.structs.replace(run_seed(options), trace=())


def _outcomes(runs: Iterable[Options], jobs: int) -> Iterator[Outcome]:
    if jobs <= 1:
        yield from map(_one, runs)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_one, runs, chunksize=4)


def _show(options: Options, lines: int) -> None:
    trace = Trace(lines)
    with logs_into(trace):
        outcome = run_seed(options, trace=trace)
    say(f"smallest found: {options}")
    for line in outcome.trace:
        say(line)


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise CommandError(f"--seeds {text}: A:B is wanted, such as 0:100", Exit.USAGE)
    return int(first), int(last)
