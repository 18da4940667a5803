"""Asks the daemon by its public HTTP interface, as any program would."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import aiohttp
import msgspec

from bithedge.cli.demo.wire import Problem
from bithedge.cli.exits import CommandError, Exit

T = TypeVar("T")

ANSWER_S: Final = 60.0
POLL_S: Final = 0.2
TRIES: Final = 10
_BUSY: Final = (429, 503)
_REFUSED: Final = 400


class RefusedError(CommandError):
    """The daemon said no; `code` is the interface's."""

    def __init__(self, question: str, problem: Problem) -> None:
        super().__init__(f"{question} was refused: {problem.code}: {problem.detail}")
        self.code = problem.code


class Api:
    """A daemon's HTTP interface; what is busy is asked again, under the same key."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = session

    async def get(self, path: str, kind: type[T], *, query: Mapping[str, str] | None = None) -> T:
        """Return what a path shows.

        Raises:
            RefusedError: the daemon refused.
            CommandError: it does not answer, or not so that it can be read.
        """
        return await self._ask("GET", path, kind, query=query)

    async def post(self, path: str, body: Mapping[str, object], kind: type[T]) -> T:
        """Ask for something to be done, and return the answer; raises as `get` does."""
        return await self._ask("POST", path, kind, body=body)

    async def until(self, path: str, kind: type[T], reached: Callable[[T], bool], *, within_s: float) -> T:
        """Look at a path again and again until what it shows is what is waited for.

        Raises:
            CommandError: it took longer than `within_s`.
        """
        seen: T | None = None
        try:
            async with asyncio.timeout(within_s):
                while not reached(seen := await self.get(path, kind)):  # noqa: ASYNC110 - it is elsewhere
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise CommandError(f"{path} did not get there within {within_s:g} s: {seen}") from None
        return seen

    async def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> T:
        question = f"{method} {path}"
        headers = {} if body is None else {"Idempotency-Key": secrets.token_hex(16)}
        attempts = 1
        while True:
            status, answer, retry_s = await self._once(method, path, query, body, headers)
            if status < _REFUSED:
                return _decoded(answer, kind, question)
            if status not in _BUSY or attempts == TRIES:
                raise RefusedError(question, _decoded(answer, Problem, question))
            attempts += 1
            await asyncio.sleep(retry_s)

    async def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str],
    ) -> tuple[int, bytes, float]:
        try:
            async with self._session.request(
                method,
                self.url + path,
                params=query,
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=ANSWER_S),
            ) as response:
                retry_s = float(response.headers.get("Retry-After", "1"))
                return response.status, await response.read(), retry_s
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise CommandError(f"{self.url} does not answer: {reason}", Exit.NODE) from error


def _decoded(answer: bytes, kind: type[T], question: str) -> T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise CommandError(f"{question}: the answer cannot be read ({error})") from error
