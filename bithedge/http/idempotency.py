"""Each keyed request is carried out once: its kept answer is given again, and twins wait for the first."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from bithedge.http.calls import Reply, Scope
from bithedge.http.problems import HttpError
from bithedge.storage.errors import AlreadyAnsweredError
from bithedge.storage.ports import Answer

WAIT_S: Final = 5.0
REPLAYED: Final = ("Idempotent-Replayed", "true")


class KeptAnswers(Protocol):
    """Where answers are kept."""

    async def __call__(self, scope: str) -> Answer | None:
        """Return the kept answer of a scope."""
        ...


class Twins:
    """The keyed requests that are being carried out now."""

    def __init__(self, kept: KeptAnswers, *, wait_s: float = WAIT_S) -> None:
        self._kept = kept
        self._wait_s = wait_s
        self._running: dict[str, tuple[bytes, asyncio.Event]] = {}

    async def once(self, scope: Scope, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Return the kept answer of `scope`, or do the work; a refusal of the first lets the next one try.

        Raises:
            HttpError: `idempotency_conflict` for another body, `request_in_progress` after 5 s of waiting.
        """
        try:
            async with asyncio.timeout(self._wait_s):
                while (running := self._running.get(scope.name)) is not None:
                    _check_same(running[0], scope)
                    await running[1].wait()
        except TimeoutError:
            raise HttpError(
                "request_in_progress", "the first request with this key still runs", retry_after_s=1
            ) from None
        # From here to the registration nothing is awaited: two twins cannot both pass.
        ended = asyncio.Event()
        self._running[scope.name] = (scope.body_hash, ended)
        try:
            return await self._replay(scope) or await self._work(scope, work)
        finally:
            del self._running[scope.name]
            ended.set()

    async def _work(self, scope: Scope, work: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            return await work()
        except AlreadyAnsweredError:
            # The first was given up on by its deadline, and committed all the same.
            kept = await self._replay(scope)
            if kept is None:
                raise
            return kept

    async def _replay(self, scope: Scope) -> Reply | None:
        answer = await self._kept(scope.name)
        if answer is None:
            return None
        _check_same(answer.body_hash, scope)
        headers = dict(answer.headers)
        content_type = headers.pop("Content-Type")
        return Reply(
            status=answer.status,
            body=answer.body,
            content_type=content_type,
            headers=(*headers.items(), REPLAYED),
        )


def _check_same(body_hash: bytes, scope: Scope) -> None:
    if body_hash != scope.body_hash:
        raise HttpError("idempotency_conflict", "this key was used for a request with another body")
