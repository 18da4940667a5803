"""How fast simulated time passes: whole runs, and the loop alone.

Usage: python bench/simulation.py [--seeds 20] [--first 0]
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # so that it runs from a checkout, installed or not

from bithedge.sim.loop import SimLoop  # noqa: E402  # after the path is set
from bithedge.sim.one_life import one_life  # noqa: E402  # likewise
from bithedge.sim.options import drawn  # noqa: E402  # likewise
from bithedge.sim.trace import logs_into  # noqa: E402  # likewise
from bithedge.sim.world import run_seed  # noqa: E402  # likewise

GOAL: Final = 200
BARE_STEPS: Final = 200_000


def bare_steps() -> float:
    """Return how many steps a second the loop makes that does nothing else."""
    loop = SimLoop(1)

    async def spin() -> None:
        for _ in range(BARE_STEPS // 8):
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(spin() for _ in range(8)))

    begun = time.perf_counter()
    loop.run_until_complete(main())
    return loop.steps / (time.perf_counter() - begun)


def runs(first: int, last: int) -> tuple[float, float, int]:
    """Return virtual seconds, real seconds and steps of the runs of some seeds."""
    begun, virtual_s, steps = time.perf_counter(), 0.0, 0
    for seed in range(first, last):
        outcome = run_seed(drawn(seed))
        if outcome.failure is not None:
            raise SystemExit(f"seed {seed}: {outcome.failure}")
        virtual_s += outcome.virtual_s
        steps += outcome.steps
    return virtual_s, time.perf_counter() - begun, steps


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    with logs_into(None):
        one_life(1)  # imports, caches, the check of the pricing rules
        begun = time.perf_counter()
        one_life(1, crash_at=800)
        one_s = time.perf_counter() - begun
        virtual_s, real_s, steps = runs(options.first, options.first + options.seeds)
    print(f"loop alone                    {bare_steps():>10,.0f} steps/s")
    print(f"whole system                  {steps / real_s:>10,.0f} steps/s")
    print(f"one life, crashed, recovered  {one_s * 1_000:>10,.0f} ms")
    print(f"{options.seeds} runs: {virtual_s:,.0f} s of virtual time in {real_s:.1f} s")
    print(f"ratio to real time            {virtual_s / real_s:>10,.0f} x (goal {GOAL} x)")


if __name__ == "__main__":
    main()
