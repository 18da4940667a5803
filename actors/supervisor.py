"""The root of the running system: starts, restarts and stops the others in order."""

import asyncio
from functools import partial
from typing import Any

import msgspec
import structlog
from pykka import ActorRef

from actors.runtime.ask import statistics, stop, watch
from actors.runtime.errors import ChildExhaustedError
from actors.runtime.mailbox import MailboxStatistics
from actors.runtime.supervision import Address, ChildSpec, RestartPolicy, attempt
from actors.seams import Random, Spawn
from bithedge.domain.errors import ShuttingDownError

log = structlog.stdlib.get_logger()


class ChildReport(msgspec.Struct, frozen=True):
    """A child as an operator sees it; `statistics` is None between two incarnations."""

    name: str
    alive: bool
    restarts: int
    parked: int
    last_error: str | None
    statistics: MailboxStatistics | None


class _Child:
    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.address = Address(spec.name, parked_limit=spec.parked_limit)
        self.ref: ActorRef[Any] | None = None
        self.revival: asyncio.Task[None] | None = None
        self.deaths: list[float] = []  # loop times, within the window
        self.restarts = 0
        self.last_error: BaseException | None = None


class Supervisor:
    """Owns the long-lived actors, each restarted alone when it fails.

    Hears of an actor's end from the runtime; a child that stops unasked counts as failed. A child that dies
    too often in its window brings the whole system down, in order, and then `failed` has the reason.
    """

    def __init__(self, *, spawn: Spawn, random: Random, policy: RestartPolicy | None = None) -> None:
        self.failed: asyncio.Future[ChildExhaustedError] = asyncio.get_running_loop().create_future()
        self._spawn = spawn
        self._random = random
        self._policy = RestartPolicy() if policy is None else policy
        self._children: dict[str, _Child] = {}
        self._stopping = False
        self._stopped = asyncio.Event()

    def add(self, spec: ChildSpec) -> Address:
        """Add a child, to be started in the order of adding, and return its address, good from now on.

        Raises:
            ValueError: there is one of that name.
        """
        if spec.name in self._children:
            raise ValueError(f"there is already a child named {spec.name}")
        child = self._children[spec.name] = _Child(spec)
        return child.address

    async def start(self) -> None:
        """Start the children one after the other; if one cannot, stop the others and raise its error.

        Raises:
            ShuttingDownError: `stop` was called meanwhile, or a child that had started died too often.
        """
        for child in list(self._children.values()):
            try:
                ref = await child.spec.start()
            except BaseException:
                await self.stop()
                raise
            self._open(child, ref)
            if self._stopping:
                await self._stop_child(child)
                raise ShuttingDownError("the system was stopped while it started")
            log.info("supervisor.child_started", child=child.spec.name)

    async def stop(self) -> None:
        """Stop the children in their stop order, each drained within its deadline, then killed."""
        if self._stopping:
            await self._stopped.wait()
            return
        self._stopping = True
        await self._end_revivals()
        children = list(reversed(self._children.values()))
        children.sort(key=lambda child: child.spec.stop_order)
        for child in children:
            await self._stop_child(child)
        self._stopped.set()

    def report(self) -> tuple[ChildReport, ...]:
        """Return the state of every child, in the order of starting."""
        return tuple(map(_report, self._children.values()))

    def _open(self, child: _Child, ref: ActorRef[Any]) -> None:
        child.ref = ref
        watch(ref, partial(self._ended, child))
        child.address.open(ref)

    def _ended(self, child: _Child, ref: ActorRef[Any], failure: BaseException | None) -> None:
        if child.ref is ref:
            child.ref = None
            self._died(child, failure)

    def _died(self, child: _Child, failure: BaseException | None) -> None:
        if self._stopping:
            return
        now = asyncio.get_running_loop().time()
        child.last_error = failure
        child.deaths = [*(at for at in child.deaths if at > now - self._policy.window_s), now]
        deaths = len(child.deaths)
        name = child.spec.name
        if deaths > self._policy.most:
            error = ChildExhaustedError(name, deaths=deaths, cause=failure)
            log.error("supervisor.child_exhausted", child=name, deaths=deaths, error=repr(failure))
            self._spawn(self._give_up(error), "supervisor.give_up")
            return
        delay_s = self._policy.delay_s(deaths, self._random)
        log.warning("supervisor.child_failed", child=name, error=repr(failure), restart_in_s=delay_s)
        child.revival = self._spawn(self._revive(child, delay_s), f"supervisor.revive.{name}")

    async def _revive(self, child: _Child, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        ref = await attempt(child.spec.start)
        child.revival = None
        if isinstance(ref, Exception):
            self._died(child, ref)
            return
        child.restarts += 1
        self._open(child, ref)
        log.warning("supervisor.child_restarted", child=child.spec.name, restarts=child.restarts)

    async def _give_up(self, error: ChildExhaustedError) -> None:
        await self.stop()
        if not self.failed.done():
            self.failed.set_result(error)

    async def _end_revivals(self) -> None:
        revivals = [child.revival for child in self._children.values() if child.revival is not None]
        for revival in revivals:
            revival.cancel()
        await asyncio.gather(*revivals, return_exceptions=True)

    async def _stop_child(self, child: _Child) -> None:
        child.address.close()
        ref, child.ref = child.ref, None
        if ref is None:
            return
        if await stop(ref, deadline=child.spec.stop_deadline_s):
            log.info("supervisor.child_stopped", child=child.spec.name)
        else:
            log.error("supervisor.child_killed", child=child.spec.name, deadline_s=child.spec.stop_deadline_s)


def _report(child: _Child) -> ChildReport:
    ref = child.address.ref
    return ChildReport(
        name=child.spec.name,
        alive=ref is not None,
        restarts=child.restarts,
        parked=child.address.parked,
        last_error=None if child.last_error is None else repr(child.last_error),
        statistics=None if ref is None else statistics(ref),
    )
