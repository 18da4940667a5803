"""A run: one chain, one disk, the same users, and as many lives of the daemon as it takes."""

import asyncio
import gc
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from bithedge.domain.money import Height, UsdE8
from bithedge.domain.pool.books import Books
from bithedge.oracle.sources import PriceSource
from bithedge.sim.chain.blocks import SimChain
from bithedge.sim.chain.mempool import Waiting
from bithedge.sim.checks import ChainChecks
from bithedge.sim.disk import Disk, Failure
from bithedge.sim.door import Acknowledgements, Door
from bithedge.sim.durable import check_durable, check_stored
from bithedge.sim.ending import check_all_gone, check_owed, check_replay, unfinished
from bithedge.sim.genesis import (
    cast_of_run,
    config_of_run,
    deployment_of,
    genesis_state,
    key_of,
)
from bithedge.sim.life import Life, UnfitError
from bithedge.sim.loop import ComplaintError, CrashedError, DeadlockError
from bithedge.sim.node import Api, NodeFaults, SimNode
from bithedge.sim.options import Options, faults_of
from bithedge.sim.pace import Pace
from bithedge.sim.prices import PricePath
from bithedge.sim.seams import SimSource
from bithedge.sim.trace import Trace, Violation
from bithedge.sim.users.base import Scene, User
from bithedge.sim.users.holders import Holder
from bithedge.sim.users.providers import Provider, Treasury
from bithedge.sim.users.strangers import Guardian, Keeper, Thief
from bithedge.sim.weather import Weather
from bithedge.storage.keeping import attested
from bithedge.storage.ports import Attested

EPOCH_MS: Final = 1_760_000_000_000
MOST_LIVES: Final = 60
CALM_S: Final = 2 * 3_600.0
LOOK_S: Final = 2.0
PRICES: Final = """
SELECT question, price, height, public_key, signature FROM attestations WHERE question GLOB 'height:*'
"""
EVENTS: Final = "SELECT count(*) FROM events"
_SOURCES: Final = ("north", "east", "west")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a run went."""

    seed: int
    digest: str
    failure: str | None
    """None if all held."""
    lives: int
    crashes: int
    steps: int
    virtual_s: float
    events: int
    policies: int
    settled: int
    trace: tuple[str, ...]


class World:
    """Everything of a run that outlives the daemon.

    Args:
        options: who takes part and what goes wrong.
        trace: the record.
    """

    def __init__(self, options: Options, trace: Trace | None = None) -> None:
        self.options = options
        self.trace = Trace() if trace is None else trace
        self.pace = Pace()
        self.now = 0.0
        self.jump_ms = 0
        self.epoch_ms = EPOCH_MS
        self.failure: BaseException | None = None
        self.config = config_of_run()
        self.cast = cast_of_run()
        self.deployment = deployment_of(self.cast)
        self.disk = Disk()
        self.faults = faults_of(options)
        self.path = PricePath(f"path:{options.seed}", options.path, lambda: self.now)
        names = self._names()
        addresses = [key_of(name).address(self.deployment.network) for name, _ in names]
        self.chain = SimChain(self.deployment, genesis_state(self.cast, addresses), now_s=self.now_s)
        self.api = Api(self.chain)
        self.scene = Scene(
            self.chain,
            self.trace,
            self.pace,
            spot=self.path.now,
            prices=self._prices,
        )
        self.chain_checks = ChainChecks(self.chain, self.scene.must_fail, self.cast.lanes)
        self.chain.on_block.append(lambda block: self.guarded(lambda: self.chain_checks.block(block)))
        self.chain.on_admitted.append(lambda one: self.guarded(lambda: self._check_admitted(one)))
        self.acknowledgements = Acknowledgements()
        self.users = [self._user(name, kind) for name, kind in names]
        self.users += [self._treasury(), *self._guardian()]
        self.weather = Weather(self, options)
        self.lives = self.crashes = self.steps = 0
        self._books: Books | None = None
        self._gone_from = float(self._chance("gone").randrange(100, 900)) if options.attestors_gone else None

    # ------------------------------------------------------------ running

    def run(self) -> Outcome:
        """Live through the busy time and the calm after it, and say how it went."""
        failure: str | None = None
        try:
            self._busy()
            self._calm()
        except (Violation, ComplaintError, DeadlockError) as error:
            failure = f"{type(error).__name__}: {error}"
            self.trace.note("FAILED", failure)
        policies = self.chain.state.policies.values()
        events = 0 if self.disk.is_empty() else self.disk.db.execute(EVENTS).fetchone()[0]
        outcome = Outcome(
            seed=self.options.seed,
            digest=self.trace.digest,
            failure=failure,
            lives=self.lives,
            crashes=self.crashes,
            steps=self.steps,
            virtual_s=self.now,
            events=events,
            policies=len(policies),
            settled=sum(one.status == "settled" for one in policies),
            trace=tuple(self.trace.lines),
        )
        self.disk.close()
        return outcome

    def _busy(self) -> None:
        chance = self._chance("crashes")
        until = self.chain.tip.burn + self.options.busy_burns
        most_steps = self.options.busy_steps
        left = self.options.crashes

        def over() -> bool:
            return self.chain.tip.burn >= until or (most_steps is not None and self.steps >= most_steps)

        while not over():
            if self.lives > MOST_LIVES:
                raise Violation(f"after {self.lives} lives the daemon still does not stay")
            crash_at = chance.randrange(100, 1 + 2 * 10 ** chance.randrange(3, 5)) if left else None
            if self._live(crash_at, over) == "crashed":
                left -= 1

    def _calm(self) -> None:
        self.weather.calm()
        self.scene.resting = True
        self.path.freeze()
        self.faults = NodeFaults()
        deadline = self.now + CALM_S
        done = _Ending(self, deadline)
        self._live(None, done.reached)
        self.guarded(self._check_end)
        if self.failure is not None:
            raise self.failure

    def _live(self, crash_at: int | None, done: Callable[[], bool]) -> str:
        """Live one life and return how it ended: crashed, unfit or done."""
        self.lives += 1
        life = Life(self, self.lives, crash_at=crash_at)
        ended = "done"
        try:
            life.loop.run_until_complete(self._main(life, done))
        except CrashedError:
            ended = "crashed"
            self.crashes += 1
            self.trace.note("crash", f"life {life.number} at step {life.loop.steps}")
        except UnfitError as error:
            ended = "unfit"
            self.trace.note("unfit", str(error))
        finally:
            life.bury()
        if self.failure is not None:
            raise self.failure
        self._books = None if life.checks is None else life.checks.books
        self._check_disk()
        if ended != "done":
            self._down()
        return ended

    async def _main(self, life: Life, done: Callable[[], bool]) -> None:
        life.spawn(self.weather.blow(life), "weather")
        opening = life.spawn(self._open_doors(life), "opening")
        while not done():
            await asyncio.sleep(LOOK_S)
            life.complain_if_unfit()
            if opening.done():
                opening.result()
        await life.close()

    async def _open_doors(self, life: Life) -> None:
        """Let the users in once the daemon is ready; the world does not wait for it."""
        daemon = await life.open()
        system = daemon.system(version="simulated", stream_url="")
        door = Door(system, self.trace, self.acknowledgements)
        for user in self.users:
            life.spawn(self._living(user, door), user.name)

    async def _living(self, user: User, door: Door) -> None:
        try:
            await user.live(door)
        except Violation as error:
            self.fail(error)

    def _down(self) -> None:
        """Let the world go on for a while without the daemon."""
        chance = self._chance(f"down {self.lives}")
        self.weather.disk.clear()
        self.disk.make_room()
        self.now += chance.expovariate(1 / self.pace.downtime_s)
        self.trace.now = self.now
        self.weather.alone(chance.randrange(0, 5))
        if self.failure is not None:
            raise self.failure

    # ------------------------------------------------------------ checks

    def guarded(self, check: Callable[[], None]) -> None:
        """Run a check from within the program, where what it raises would be somebody's error."""
        try:
            check()
        except Exception as error:  # noqa: BLE001 - the loop raises it at the end of the step
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """End the run with `error`, the first one told."""
        if self.failure is None:
            self.failure = error if isinstance(error, Violation) else Violation(repr(error))
            self.failure.__cause__ = error

    def _check_disk(self) -> None:
        if self.disk.is_empty():
            return  # cut off before the first table
        self.acknowledgements.check(self.disk.db, self.now_ms())
        check_durable(self.disk.db, self.chain, self.cast.lanes)

    def _check_admitted(self, one: Waiting) -> None:
        if one.sender in self.cast.lanes:
            check_stored(self.disk.db, one)

    def _check_end(self) -> None:
        self._check_disk()
        check_owed(self.disk.db, self.chain, priced=not self.options.attestors_gone)
        if self._books is not None:
            check_all_gone(self.chain, self._books)
        check_replay(self.disk.db)

    # ------------------------------------------------------------ what lives are given

    def now_ms(self) -> int:
        """Return the true time, Unix milliseconds."""
        return self.epoch_ms + int(self.now * 1_000)

    def now_s(self) -> int:
        """Return the true time, Unix seconds."""
        return self.now_ms() // 1_000

    def node_of(self, life: Life) -> SimNode:
        """Return the node as a life meets it."""
        return SimNode(self.chain, self.api, life.chance, self.faults)

    def sources_of(self, life: Life) -> Sequence[PriceSource]:
        """Return a life's price sources."""
        chance = life.chance

        def noise() -> int:
            return chance.randrange(-3, 4)

        def silent() -> bool:
            gone = self._gone_from is not None and self.now >= self._gone_from and not self.scene.leaving
            return gone or self.now < self.weather.silent_until

        return [SimSource(name, self.path.now, noise=noise, silent=silent) for name in _SOURCES]

    def disk_failure(self) -> Failure | None:
        """Return how the next piece of work on the disk fails, if it does."""
        failures: list[Any] = self.weather.disk
        return failures.pop(0) if failures else None

    def _prices(self) -> Sequence[Attested]:
        return [attested(row) for row in self.disk.db.execute(PRICES)]

    def signed(self, height: Height) -> UsdE8 | None:
        """Return the public price of a height, as anybody may read it."""
        return next((price.price for price in self._prices() if price.height == height), None)

    # ------------------------------------------------------------ who takes part

    def _chance(self, name: str) -> random.Random:
        return random.Random(f"{name}:{self.options.seed}")  # noqa: S311 - seeded chance is the point

    def _names(self) -> list[tuple[str, type[User]]]:
        options = self.options
        counts: list[tuple[type[User], int]] = [
            (Holder, options.holders),
            (Provider, options.providers),
            (Thief, options.thieves),
            (Keeper, options.keepers),
        ]
        return [(f"{kind.role}-{number}", kind) for kind, count in counts for number in range(count)]

    def _user(self, name: str, kind: type[User]) -> User:
        return kind(self.scene, name, key_of(name), self._chance(f"user {name}"))

    def _treasury(self) -> User:
        return Treasury(self.scene, "treasury", self.cast.treasury, self._chance("user treasury"))

    def _guardian(self) -> list[User]:
        if not self.options.pauses:
            return []
        return [Guardian(self.scene, "guardian", self.cast.guardian, self._chance("user guardian"))]


class _Ending:
    """Knows how far the calm has come: first all policies end, then all providers leave."""

    def __init__(self, world: World, deadline: float) -> None:
        self._world = world
        self._deadline = deadline
        self._vault = 0

    def reached(self) -> bool:
        world = self._world
        if world.now > self._deadline:
            left = list(unfinished(world.disk.db, world.chain, world.cast.lanes))
            raise Violation(f"two hours of calm were not enough: {left[:3] or self._unleft()}")
        vault, before = world.chain.state.totals.vault, self._vault
        self._vault = vault
        waits = world.chain.mempool.choose(world.chain.state, limit=1)
        left = next(unfinished(world.disk.db, world.chain, world.cast.lanes), None)
        if left is not None or waits or vault != before:
            for user in world.users:
                if isinstance(user, Provider):
                    user.left.clear()  # it may have been told of less than it will have
        if left is not None or waits:
            return False
        world.scene.leaving = True
        return not self._unleft()

    def _unleft(self) -> list[str]:
        state = self._world.chain.state
        providers = [user for user in self._world.users if isinstance(user, Provider)]
        return [user.name for user in providers if state.providers.get(user.address) and not user.left]


def run_seed(options: Options, *, trace: Trace | None = None) -> Outcome:
    """Run one seed, and leave no garbage to the next."""
    world = World(options, trace)
    outcome = world.run()
    del world
    gc.collect()
    return outcome
