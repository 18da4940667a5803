"""Makes a failing run smaller: fewer people, less time, fewer faults, as long as it fails alike."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from bithedge.sim.options import Options

Fails = Callable[[Options], str | None]
"""Runs options and returns what failed, if anything."""


def shrink(options: Options, fails: Fails, *, tries: int = 60) -> Options:
    """Return the smallest options found that still fail in the same way.

    Args:
        options: of a run that fails.
        fails: runs options.
        tries: how many runs it may take.
    """
    kind = kind_of(fails(options))
    if kind is None:
        raise ValueError("there is nothing to shrink: the run does not fail")
    progress = True
    while progress and tries > 0:
        progress = False
        for smaller in candidates(options):
            tries -= 1
            if kind_of(fails(smaller)) == kind:
                options, progress = smaller, True
                break
            if tries <= 0:
                break
    return options


def kind_of(failure: str | None) -> str | None:
    """Return what sort of failure it is: its words, without the figures in them."""
    if failure is None:
        return None
    return "".join(letter for letter in failure.partition("[")[0] if not letter.isdigit())[:60]


def candidates(options: Options) -> Iterator[Options]:
    """Yield the options that are smaller by one thing, the greatest steps first."""
    off: dict[str, Any] = {
        "forks": False,
        "congestion": False,
        "pauses": False,
        "disk_faults": False,
        "oracle_faults": False,
        "attestors_gone": False,
        "clock_jumps": False,
        "api_lag": False,
        "node_faults": 0,
        "crashes": 0,
        "thieves": 0,
        "keepers": 0,
    }
    if options.busy_burns > 5:  # noqa: PLR2004 - less is no activity at all
        yield replace(options, busy_burns=options.busy_burns // 2)
    for name, value in off.items():
        if getattr(options, name) != value:
            yield replace(options, **{name: value})
    for name in ("holders", "providers"):
        if getattr(options, name) > 1:
            yield replace(options, **{name: getattr(options, name) - 1})
    if options.path != "calm":
        yield replace(options, path="calm")
    if options.crashes > 1:
        yield replace(options, crashes=options.crashes - 1)
