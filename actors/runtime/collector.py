"""The garbage collector of a process that keeps many small objects for long."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

# Young objects between two collections. Messages are freed by counting: only cycles wait for this.
_YOUNG = 50_000


@contextmanager
def tune_collector() -> Generator[None]:
    """Keep the collector off while the system starts, then exempt what has started from every later run.

    A full collection over a million live actors stops the loop for a second; over none of them, for nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG, 20, 100)
        gc.enable()
