"""The smallest whole life, cut off at one step after the other: deposit, purchase, exercise, payout."""

from bithedge.sim.one_life import one_life
from bithedge.sim.trace import logs_into

STEPS = range(3, 1_700, 37)
"""Every step is tried by `run.py sim --one-life`."""


def test_one_life_survives_a_crash_at_any_of_its_steps() -> None:
    crashed = 0
    for step in STEPS:
        with logs_into(None):
            outcome = one_life(1, crash_at=step)

        assert outcome.failure is None, "\n".join((f"step {step}: {outcome.failure}", *outcome.trace[-40:]))
        crashed += outcome.crashes
    assert crashed > len(STEPS) // 2
