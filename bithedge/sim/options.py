"""What a run is made of: drawn from its seed, and made smaller by the shrinker."""

import random

import msgspec

from bithedge.sim.node import NodeFaults
from bithedge.sim.prices import PATHS, PathKind


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part, for how long, and what goes wrong."""

    seed: int
    path: PathKind = "jumps"
    holders: int = 3
    providers: int = 2
    thieves: int = 1
    keepers: int = 1
    busy_burns: int = 40
    """Burn blocks of activity before everything is left to end."""
    busy_steps: int | None = None
    """At most so many steps of activity."""
    crashes: int = 0
    """How often the daemon is killed, at random steps."""
    forks: bool = False
    congestion: bool = False
    pauses: bool = False
    node_faults: int = 0
    """0 none, 1 some, 2 many."""
    disk_faults: bool = False
    oracle_faults: bool = False
    attestors_gone: bool = False
    """From some moment on no price is signed any more."""
    clock_jumps: bool = False
    api_lag: bool = False


def drawn(seed: int) -> Options:
    """Return the options of a seed: every kind of fault in some, none in others, all in a few."""
    chance = random.Random(f"options:{seed}")  # noqa: S311 - seeded chance is the point

    def often(share: float) -> bool:
        return chance.random() < share

    return Options(
        seed=seed,
        path=PATHS[chance.randrange(len(PATHS))],
        holders=chance.randrange(1, 5),
        providers=chance.randrange(1, 4),
        thieves=chance.randrange(0, 2),
        keepers=chance.randrange(0, 2),
        busy_burns=chance.randrange(15, 50),
        crashes=chance.randrange(1, 6) if often(0.6) else 0,
        forks=often(0.5),
        congestion=often(0.3),
        pauses=often(0.2),
        node_faults=chance.randrange(1, 3) if often(0.5) else 0,
        disk_faults=often(0.15),
        oracle_faults=often(0.3),
        attestors_gone=often(0.05),
        clock_jumps=often(0.2),
        api_lag=often(0.25),
    )


def faults_of(options: Options) -> NodeFaults:
    """Return how the node fails in a run."""
    if options.node_faults == 0:
        return NodeFaults()
    rare = options.node_faults
    return NodeFaults(
        fails=10 * rare,
        lost=15 * rare,
        delayed=10 * rare,
        slow=15 * rare,
        garbage=2 * rare,
        rejects=20 * rare,
        forgets=15 * rare,
        repeats=30 * rare,
        usual_s=0.3,
    )
