"""The actor runtime: Pykka's actors on one asyncio event loop, asked with deadlines and supervised."""

from actors.runtime.actor import AsyncioActor
from actors.runtime.ask import Recipient, ask, idle, kill, statistics, stop, watch
from actors.runtime.collector import tune_collector
from actors.runtime.errors import (
    ChildExhaustedError,
    DeadlineExceededError,
    MailboxFullError,
    WouldBlockError,
)
from actors.runtime.future import AsyncioFuture
from actors.runtime.mailbox import Mailbox, MailboxStatistics
from actors.runtime.message import (
    ControlMessage,
    Message,
    bind_correlation_id,
    correlated,
    current_correlation_id,
)
from actors.runtime.supervision import Address, ChildSpec, RestartPolicy
from actors.runtime.system import DeadLetters, current_system

__all__ = [
    "Address",
    "AsyncioActor",
    "AsyncioFuture",
    "ChildExhaustedError",
    "ChildSpec",
    "ControlMessage",
    "DeadLetters",
    "DeadlineExceededError",
    "Mailbox",
    "MailboxFullError",
    "MailboxStatistics",
    "Message",
    "Recipient",
    "RestartPolicy",
    "WouldBlockError",
    "ask",
    "bind_correlation_id",
    "correlated",
    "current_correlation_id",
    "current_system",
    "idle",
    "kill",
    "statistics",
    "stop",
    "tune_collector",
    "watch",
]
