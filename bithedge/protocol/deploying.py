"""Publishes and sets up the contracts: each step asks the chain first, so a cut run is simply run again."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from bithedge.protocol.deploy_plan import ROLES, DeploymentError, Plan
from bithedge.protocol.deploy_sending import Make, Wait, check_mined, fee_of, queue_of, send
from bithedge.protocol.deploy_sources import source_of
from bithedge.protocol.deploy_steps import STAGES, Site, Step
from bithedge.protocol.deployment import POOL, REGISTRY
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.ports import Node
from bithedge.stacks.signing import SignedTransaction

__all__ = ["Deployer", "DeploymentError", "Plan", "Wait", "check_mined", "differences", "source_of"]

BATCH: Final = 20
"""Steps in flight at once; a node takes 25 chained ones of an account."""
_VITAL: Final = ("voucher", "attestor")
"""The roles whose keys cannot all be taken away: a daemon without one of its own is on the wrong chain."""

Note = Callable[[Step, SignedTransaction], None]
"""Hears of a step's transaction before the node does."""


class Deployer:
    """Signs with the deployer's key, one nonce after the other.

    Args:
        node: the chain.
        key: the deployer's; None can only tell what is left.
        plan: what the chain should look like.
        wait: waits until transactions are mined.
        note: hears of each transaction before it is sent.
    """

    def __init__(
        self, node: Node, key: PrivateKey | None, plan: Plan, wait: Wait, note: Note | None = None
    ) -> None:
        self._node = node
        self._key = key
        self._plan = plan
        self._site = Site(node, plan)
        self._wait = wait
        self._note = note

    async def deploy(self) -> bool:
        """Bring the chain to the plan; return whether anything had to be done.

        What governance has changed since the set-up was sealed stays as it is: `differences` tells it.

        Raises:
            DeploymentError: another source stands under our names, a step was refused, or the registry is
                sealed to another pool or to other keys.
            NodeError: the node does not answer.
        """
        acted = False
        taken: list[Step] = []
        while True:
            queue = await queue_of(self._node, self._plan.deployment.deployer)
            if queue.next:
                acted = True
                await self._wait(queue.next)
                continue
            left = await self._left()
            if not left:
                break
            if left[0] in taken:
                raise DeploymentError(f"it was mined and changed nothing: {left[0].effect}")
            # After a gap in the nonces each step may set free what waits behind it: look again after one.
            taken = left[: 1 if queue.stuck else BATCH]
            await self._take(taken, queue.nonce)
            acted = True
        await self._check_keys()
        return acted

    async def preview(self) -> tuple[tuple[Step, int], ...]:
        """Return every step that is left with its fee in uSTX; sends nothing."""
        left = [step for stage in STAGES async for step in stage(self._site)]
        return tuple([(step, await self._fee(step)) for step in left])

    async def _left(self) -> list[Step]:
        for stage in STAGES:
            left = [step async for step in stage(self._site)]
            if left:
                return left
        return []

    async def _take(self, steps: Sequence[Step], nonce: int) -> None:
        if self._key is None:
            raise DeploymentError("there are steps to take and no key to sign them with")
        sent: list[str] = []
        for offset, step in enumerate(steps):
            signed = await send(
                self._node,
                self._key,
                self._maker(step),
                nonce=nonce + offset,
                cap=self._plan.fee_cap,
                note=self._noter(step),
            )
            sent.append(signed.txid)
        await self._wait(sent)

    def _maker(self, step: Step) -> Make:
        return lambda nonce, fee: step.transaction(self._plan, nonce, fee)

    def _noter(self, step: Step) -> Callable[[SignedTransaction], None] | None:
        note = self._note
        return None if note is None else lambda signed: note(step, signed)

    async def _fee(self, step: Step) -> int:
        return await fee_of(self._node, self._maker(step), cap=self._plan.fee_cap)

    async def _check_keys(self) -> None:
        for role in _VITAL:
            for key in self._plan.signers.get(role, ()):
                if not await self._site.registry.is_signer(role, key):
                    raise DeploymentError(
                        f"{role} key {key.hex()} is not registered, and the set-up is sealed"
                    )


async def differences(node: Node, plan: Plan) -> tuple[str, ...]:
    """Return in words what of the chain is not as the plan says: sources, keys, numbers, seats."""
    site = Site(node, plan)
    found = [line for name in (REGISTRY, POOL) async for line in _source(site, name)]
    if found:
        return tuple(found)
    registry = site.registry
    for role in ROLES:
        keys = plan.signers.get(role, ())
        found += [
            f"{role} key 0x{key.hex()} is not registered"
            for key in keys
            if not await registry.is_signer(role, key)
        ]
        count = await registry.key_count(role)
        if count != len(keys):
            found.append(f"{role} has {count} keys, the plan names {len(keys)}")
    for name, value in plan.all_parameters().items():
        there = await registry.parameter(name)
        if there != value:
            found.append(f"{name} is {there}, the plan says {value}")
    wanted = {"pool": (plan.deployment.pool,), "owner": (plan.deployment.deployer, plan.owner)}
    wanted |= {role: (who,) for role, who in plan.seats().items()}
    for role, allowed in wanted.items():
        who = await registry.principal(role)
        if who not in allowed:
            found.append(
                f"the {role} is {who or 'nobody'}, the plan says {' or '.join(filter(None, allowed))}"
            )
    return tuple(found)


async def _source(site: Site, name: str) -> AsyncIterator[str]:
    there = await site.node.contract_source(site.plan.deployment.contract_id(name))
    if there is None:
        yield f"{name} is not published"
    elif there != source_of(name, site.plan.deployment):
        yield f"{name} has another source than this release"
