"""The daemon's commands as its users reach them: the handlers of HTTP, without the sockets."""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.runtime import correlated
from actors.system import System
from bithedge.http.calls import Call, Handler, Nothing, Reply, Scope, body_hash
from bithedge.http.idempotency import Twins
from bithedge.http.problems import problem_of
from bithedge.sim.trace import Trace, Violation
from bithedge.storage.keeping import ANSWER_KEPT_MS
from bithedge.storage.ports import Answer
from bithedge.storage.queries.kept import answer
from bithedge.views.context import context_of

ANSWER: Final = "SELECT status, body, at_ms FROM answers WHERE scope = ?"
_OURS: Final = 500


class RefusalError(Exception):
    """The daemon said no."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.status = status


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was answered: from then on it must stand in the journal."""

    scope: str
    body: bytes
    effect: str | None
    """A part of the payload of the event that the command caused."""


class Acknowledgements:
    """All that was ever acknowledged to a user, over every life."""

    def __init__(self) -> None:
        self._given: dict[str, Acknowledged] = {}

    def add(self, given: Acknowledged) -> None:
        """Remember an answer.

        Raises:
            Violation: the same key was answered otherwise before.
        """
        before = self._given.setdefault(given.scope, given)
        if before.body != given.body:
            raise Violation(f"{given.scope} was answered twice, and not alike")

    def check(self, db: sqlite3.Connection, now_ms: int) -> None:
        """Check that the journal holds every command that was acknowledged.

        Raises:
            Violation: it does not.
        """
        for given in self._given.values():
            row = db.execute(ANSWER, (given.scope,)).fetchone()
            if row is None or row[1] != given.body:
                raise Violation(f"{given.scope} was acknowledged and its answer is not in the journal")
            if given.effect is not None and row[2] > now_ms - ANSWER_KEPT_MS:
                like = f"%{given.effect}%"
                found = db.execute("SELECT 1 FROM events WHERE payload LIKE ? LIMIT 1", (like,)).fetchone()
                if found is None:
                    raise Violation(f"{given.scope} was acknowledged and {given.effect} never happened")


class Door:
    """One life's door."""

    def __init__(self, system: System, trace: Trace, acknowledgements: Acknowledgements) -> None:
        self.system = system
        self._trace = trace
        self._acknowledgements = acknowledgements
        self._twins = Twins(self._kept)
        self._asked = 0

    async def post(
        self,
        who: str,
        handler: Handler[Nothing, Any],
        body: msgspec.Struct,
        *,
        key: str,
        path: Mapping[str, str] | None = None,
        effect: str | None = None,
    ) -> dict[str, Any]:
        """Carry out a command under a key, and return its answer.

        Raises:
            RefusalError: it was refused.
            Violation: the daemon failed in a way that it never may.
        """
        name = f"POST /{handler.__name__}/{'/'.join((path or {}).values())} {key}"
        scope = Scope(name=name, body_hash=body_hash(msgspec.to_builtins(body)))
        call = self._call(body, path or {}, scope)
        reply = await self._asking(who, name, lambda: self._twins.once(scope, lambda: handler(call)))
        self._acknowledgements.add(Acknowledged(scope=name, body=reply.body, effect=effect))
        return msgspec.json.decode(reply.body)

    async def get(
        self, who: str, handler: Handler[Nothing, Nothing], path: Mapping[str, str]
    ) -> dict[str, Any]:
        """Ask a question.

        Raises:
            RefusalError: there is no answer.
        """
        call = self._call(Nothing(), path, None)
        name = f"GET /{handler.__name__}/{'/'.join(path.values())}"
        reply = await self._asking(who, name, lambda: handler(call))
        return msgspec.json.decode(reply.body)

    async def _asking(self, who: str, name: str, ask: Any) -> Reply:
        self._asked += 1
        try:
            with correlated(f"{who}-{self._asked}"):
                reply: Reply = await ask()
        except Exception as error:
            problem = problem_of(error, request_id="", commits=True)
            self._trace.note("refused", f"{who}: {name}: {problem.code}")
            if problem.status == _OURS:
                raise Violation(f"{name} failed inside: {error!r}") from error
            raise RefusalError(problem.code, problem.status) from error
        self._trace.note("answered", f"{who}: {name}: {reply.status}")
        return reply

    def _call(self, body: Any, path: Mapping[str, str], scope: Scope | None) -> Call[Any, Any]:
        system = self.system
        return Call(
            system=system,
            path=path,
            query=Nothing(),
            body=body,
            serving_since=0.0,
            context=context_of(
                system.board,
                depth=system.config.depth,
                pricing=system.pricing,
                now_ms=system.clock.now_ms(),
            ),
            scope=scope,
        )

    async def _kept(self, scope: str) -> Answer | None:
        return await self.system.reader.read(answer, scope, self.system.clock.now_ms())
