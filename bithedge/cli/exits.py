"""How a command ends, and which failure ends it how."""

from enum import IntEnum

from actors.pricing import PricingError
from bithedge.config import ConfigError
from bithedge.data_folder import DataFolderHeldError
from bithedge.devnet.errors import DevnetError, DevnetHeldError, DevnetPortError
from bithedge.protocol.deploying import DeploymentError
from bithedge.stacks.errors import NodeError, StacksError
from bithedge.storage.errors import StorageError


class Exit(IntEnum):
    """The exit codes, fixed by the interface."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    NODE = 4
    HELD = 5


class CommandError(Exception):
    """A command cannot go on; the message is for the user, `exit` for the shell."""

    def __init__(self, message: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class PortTakenError(CommandError):
    """A port that the daemon wants is another's."""

    def __init__(self, what: str, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"{what}: {host}:{port} cannot be opened ({reason}); give another port, or 0 for a free one",
            Exit.CONFIGURATION,
        )


_EXITS: tuple[tuple[type[Exception], Exit], ...] = (
    (ConfigError, Exit.CONFIGURATION),
    (PricingError, Exit.CONFIGURATION),
    (DataFolderHeldError, Exit.HELD),
    (DevnetHeldError, Exit.HELD),
    (DevnetPortError, Exit.CONFIGURATION),
    (DevnetError, Exit.NODE),
    (NodeError, Exit.NODE),
    (DeploymentError, Exit.FAILED),
    (StacksError, Exit.CONFIGURATION),
    (StorageError, Exit.FAILED),
    (OSError, Exit.CONFIGURATION),
)
"""The first that fits holds; what is none of these is a fault of ours and keeps its traceback."""


def exit_of(error: Exception) -> Exit | None:
    """Return how a foreseen failure ends a command; None for one that nobody foresaw."""
    if isinstance(error, CommandError):
        return error.exit_code
    return next((code for kind, code in _EXITS if isinstance(error, kind)), None)


def told(error: Exception) -> str:
    """Return a foreseen failure in words, one fault a line."""
    if isinstance(error, ConfigError):
        return "the settings are wrong:\n" + "\n".join(f"  {fault}" for fault in error.faults)
    return str(error) or type(error).__name__
