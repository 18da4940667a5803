"""Actors that write down what happens to them, for the tests of the runtime."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pykka
import pytest

from actors.runtime import (
    AsyncioActor,
    ControlMessage,
    Message,
    watch,
)

T = TypeVar("T")


class Note(Message[int], frozen=True):
    """Written down; answered by how many there are."""

    text: str


class Urgent(ControlMessage[int], frozen=True):
    """Written down before what waits."""

    text: str


class Hold(Message[str], frozen=True):
    """Handled until `gate` opens."""

    text: str
    begun: asyncio.Event
    gate: asyncio.Event


class Fail(Message[None], frozen=True):
    """Ends in `error`."""

    error: BaseException


class Scribe(AsyncioActor):
    """Writes down what happens to it; plain handler."""

    mailbox_limit = 4

    def __init__(self, book: list[str] | None = None) -> None:
        super().__init__()
        self.book: list[str] = [] if book is None else book

    def on_receive(self, message: Note | Urgent | Fail) -> int:
        if isinstance(message, Fail):
            raise message.error
        self.book.append(message.text)
        return len(self.book)

    def on_stop(self) -> None:
        self.book.append("stopped")

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:  # noqa: ARG002
        self.book.append(f"failed: {exception_value}")

    def shout(self, text: str) -> str:
        return text.upper()

    async def whisper(self, text: str) -> str:
        if text == "never":
            await asyncio.Event().wait()
        return text.lower()


class AsyncScribe(Scribe):
    """The same with an asynchronous handler, which can hold."""

    async def on_receive(self, message: Note | Urgent | Fail | Hold) -> int | str:
        if not isinstance(message, Hold):
            return super().on_receive(message)
        self.book.append(f"{message.text} begins")
        message.begun.set()
        await message.gate.wait()
        self.book.append(f"{message.text} ends")
        return message.text


BOTH = pytest.mark.parametrize("kind", [Scribe, AsyncScribe])


def a_hold(text: str = "hold") -> Hold:
    return Hold(text, begun=asyncio.Event(), gate=asyncio.Event())


class Ends:
    """Hears of ends, as a supervisor does."""

    def __init__(self, ref: pykka.ActorRef[Any]) -> None:
        self.heard: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        watch(ref, lambda _ref, failure: self.heard.set_result(failure))


async def in_a_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)
