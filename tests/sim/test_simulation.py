"""The whole daemon on virtual time: what must hold held, in every run and at every crash."""

import os
import subprocess
import sys

import pytest
from msgspec.structs import replace

from bithedge.sim.options import Options, drawn
from bithedge.sim.shrink import kind_of, shrink
from bithedge.sim.trace import Trace, logs_into
from bithedge.sim.world import run_seed

SEEDS = 50
A_GROUP = 5
DIGEST = """
from bithedge.sim.options import drawn
from bithedge.sim.trace import logs_into
from bithedge.sim.world import run_seed
with logs_into(None):
    print(run_seed(drawn(14)).digest)
"""


@pytest.mark.parametrize("first", range(0, SEEDS, A_GROUP))
def test_nothing_acknowledged_is_lost_and_all_that_is_owed_is_paid_once(first: int) -> None:
    for seed in range(first, first + A_GROUP):
        with logs_into(None):
            outcome = run_seed(drawn(seed))

        assert outcome.failure is None, "\n".join((f"seed {seed}: {outcome.failure}", *outcome.trace[-40:]))


def test_a_run_is_the_same_to_the_last_byte_in_another_process_with_another_hash_seed() -> None:
    digests = {
        subprocess.run(  # noqa: S603 - our own lines
            [sys.executable, "-c", DIGEST],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for hash_seed in ("1", "2")
    }

    assert len(digests) == 1
    with logs_into(None):
        assert run_seed(drawn(15)).digest not in digests


def test_a_failing_run_is_made_smaller_and_still_fails_alike() -> None:
    def fails(options: Options) -> str | None:
        return f"the books break at block {options.busy_burns}" if options.crashes else None

    options = replace(drawn(3), crashes=3, holders=4, forks=True, node_faults=2)

    smallest = shrink(options, fails)

    assert smallest.crashes == 1
    assert (smallest.holders, smallest.forks, smallest.node_faults) == (1, False, 0)
    assert kind_of(fails(smallest)) == kind_of(fails(options))


def test_the_trace_tells_what_happened_in_words() -> None:
    trace = Trace(5_000)
    with logs_into(trace):
        run_seed(drawn(12), trace=trace)

    kinds = {line.split()[1] for line in trace.lines}
    assert {"event", "block", "answered", "started", "log"} <= kinds
