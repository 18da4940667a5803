"""What comes over a run from outside: blocks and forks, outages, jumps of the clock, full disks."""

import asyncio
import random
from typing import TYPE_CHECKING, Final

from bithedge.sim.chain.blocks import SimBlock
from bithedge.sim.options import Options
from bithedge.sim.users.base import User

if TYPE_CHECKING:
    from bithedge.sim.life import Life
    from bithedge.sim.world import World

DEEPEST: Final = 10
CROWDED_FEE: Final = 12_000


class Weather:
    """Owns the chain's progress and every fault that lasts for a while; all of it from one seed."""

    def __init__(self, world: "World", options: Options) -> None:
        self._world = world
        self._options = options
        self.chance = random.Random(f"weather:{options.seed}")  # noqa: S311 - seeded chance is the point
        self.silent_until = 0.0
        self.crowded_until = 0.0
        self.disk: list[str] = []
        """Failures that the next pieces of work on the disk meet."""
        self.fair = False
        """Whether nothing goes wrong any more."""

    async def blow(self, life: "Life") -> None:
        """Let blocks come, and now and then something else."""
        pace = self._world.pace
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / pace.block_s))
            self.next_block()
            if not self.fair:
                self._trouble(life)

    def next_block(self) -> None:
        """Mine a block, or leave a branch."""
        chain = self._world.chain
        if self.fair:
            self._fair_block()
            return
        if self._options.forks and self.chance.random() < 0.03 and len(chain.blocks) > 3:  # noqa: PLR2004 - one in 30
            self._fork()
            return
        if self.chance.random() < self._world.pace.burn_share:
            burns = 1 if self.chance.random() < 0.9 else self.chance.randrange(2, 5)  # noqa: PLR2004 - mostly one
            self._told(chain.mine(burns=burns))
            return
        crowded = self._world.now < self.crowded_until
        self._told(chain.mine(limit=3 if crowded else None, least_fee=CROWDED_FEE if crowded else 0))

    def alone(self, blocks: int) -> None:
        """Let blocks come while no daemon runs."""
        for _ in range(blocks):
            self.next_block()

    def _fair_block(self) -> None:
        chain = self._world.chain
        waits = bool(chain.mempool.choose(chain.state, limit=1))
        if waits and self.chance.random() < 0.7:  # noqa: PLR2004 - burn blocks come all the same
            self._told(chain.mine())
        else:
            self._told(chain.mine(burns=self.chance.randrange(1, 12)))

    def _fork(self) -> None:
        chain = self._world.chain
        depth = min(self.chance.choice((1, 1, 2, 3, DEEPEST)), len(chain.blocks) - 2)
        undone = chain.blocks[-depth:]
        raws = [
            mined.waiting.raw
            for block in undone
            for mined in block.mined
            if self.chance.random() < 0.3  # noqa: PLR2004 - some come first on the branch, in another order
        ]
        raws += self._double_spends(undone)
        self.chance.shuffle(raws)
        requeue = self.chance.random() < 0.7  # noqa: PLR2004 - else the node has forgotten them
        chain.fork(depth, requeue=requeue, include=raws)
        self._world.trace.note("fork", f"{depth} blocks, {len(raws)} first, requeue {requeue}")
        self._told(chain.tip)

    def _double_spends(self, undone: list[SimBlock]) -> list[bytes]:
        users: dict[str, User] = {user.address: user for user in self._world.users}
        return [
            users[mined.waiting.sender].overtake(mined.waiting.nonce, mined.waiting.fee).raw
            for block in undone
            for mined in block.mined
            if mined.waiting.sender in users and self.chance.random() < 0.2  # noqa: PLR2004 - some cheat
        ]

    def _told(self, block: SimBlock) -> None:
        done = ", ".join(f"{mined.waiting.txid[2:10]} {mined.status}" for mined in block.mined)
        self._world.trace.note("block", f"{block.height} burn {block.burn} {done}")

    def _trouble(self, life: "Life") -> None:
        world, options, now = self._world, self._options, self._world.now
        drawn = self.chance.random()
        if options.oracle_faults and drawn < 0.05:  # noqa: PLR2004 - a few times in a run
            self.silent_until = now + self.chance.uniform(10, 240)
            world.trace.note("trouble", f"no prices until {self.silent_until:.0f}")
        elif options.congestion and drawn < 0.08:  # noqa: PLR2004 - likewise
            self.crowded_until = now + self.chance.uniform(60, 400)
            world.trace.note("trouble", f"crowded until {self.crowded_until:.0f}")
        elif options.api_lag and drawn < 0.14:  # noqa: PLR2004 - likewise
            back = self.chance.randrange(0, 3)
            world.api.hold(back)
            loop = asyncio.get_running_loop()
            loop.call_later(self.chance.uniform(5, 90), world.api.let_go)
            world.trace.note("trouble", f"the API stands {back} blocks behind")
        elif options.clock_jumps and drawn < 0.17:  # noqa: PLR2004 - likewise
            world.jump_ms += self.chance.choice((-600_000, -5_000, 5_000, 90_000, 3_600_000))
            life.clock.jump_ms = world.jump_ms
            world.trace.note("trouble", f"the clock is {world.jump_ms} ms off")
        elif options.disk_faults and drawn < 0.18:  # noqa: PLR2004 - likewise
            self.disk.append(self.chance.choice(("full", "before", "after")))
            world.trace.note("trouble", f"the disk fails: {self.disk[-1]}")

    def calm(self) -> None:
        """Let nothing go wrong from now on."""
        self.fair = True
        self.silent_until = 0.0
        self.disk.clear()
        self._world.api.let_go()
        self._world.disk.make_room()
