"""What commands say: answers on stdout, complaints on stderr, and neither dies of a closed pipe."""

import contextlib
import sys
from typing import TextIO

import msgspec


def say(text: str) -> None:
    """Write a line to stdout, at once."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """Write a line to stderr, at once."""
    _write(sys.stderr, text)


def say_json(value: object) -> None:
    """Write a value as one line of JSON to stdout, at once."""
    say(msgspec.json.encode(value).decode("utf-8"))


def _write(stream: TextIO, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads any more: no reason to fail
        stream.write(text + "\n")
        stream.flush()
