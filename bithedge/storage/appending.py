"""What one append asks to be committed, all of it or nothing."""

import msgspec

from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import Hex
from bithedge.storage.ports import Attempt, Change, Keep, Revert


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `Journal.append`, with the asker's correlation id."""

    changes: tuple[Change, ...]
    intents: tuple[Intent, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    keep: Keep | None = None
    used_message: Hex | None = None
    revert: Revert | None = None
    at_ms: int | None = None
    correlation_id: str = ""
