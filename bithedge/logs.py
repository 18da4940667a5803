"""Logs: JSON lines on stderr, or coloured ones on a terminal; other libraries' lines in the same form.

A log that cannot be written is lost, and nothing else: a daemon outlives the reader of its stderr.
"""

import contextlib
import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.types import Processor

from bithedge.views.times import rfc3339

_QUIET: Final = ("aiohttp.access", "asyncio", "websockets")
"""Libraries that tell below a warning what nobody asked for."""


class Sink:
    """A stream that never fails its writer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure_logs(stream: TextIO | None = None, *, pretty: bool | None = None) -> None:
    """Send the logs of this process to `stream`, by default stderr.

    Args:
        stream: where to.
        pretty: for people instead of programs; by default where the stream is a terminal.
    """
    out = sys.stderr if stream is None else stream
    for_people = out.isatty() if pretty is None else pretty
    sink = Sink(out)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _add_time,
        structlog.processors.StackInfoRenderer(),
    ]
    rendering = _for_people() if for_people else _for_programs()
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sink),  # pyright: ignore[reportArgumentType] - needs write and flush alone
        cache_logger_on_first_use=True,
    )
    _adopt_library_logs(sink, [*shared, _add_logger], rendering)


def _for_people() -> list[Processor]:
    # The default shows the local variables of a traceback, and they may hold secrets.
    return [
        _arrange,
        structlog.dev.ConsoleRenderer(
            timestamp_key="at", exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        ),
    ]


def _for_programs() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        _arrange,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _add_time(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["at"] = rfc3339(time.time_ns() // 1_000_000)
    return event


def _add_logger(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Give a library's sentence a fixed event name, as all our own lines have."""
    record: logging.LogRecord = event["_record"]
    event["message"] = event["event"]
    event["event"] = "library.said"
    event["library"] = record.name
    return event


def _arrange(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put first what every line has, and leave out the correlation id outside of any message."""
    if event.get("correlation_id") == "":
        del event["correlation_id"]
    head = {name: event.pop(name) for name in ("at", "level", "event") if name in event}
    return head | dict(event)


def _adopt_library_logs(sink: Sink, shared: list[Processor], rendering: list[Processor]) -> None:
    handler: logging.Handler = logging.StreamHandler(sink)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
