"""What is left to do until the chain looks like the plan: every question is put to the chain itself."""

from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

import msgspec

from bithedge.protocol.deploy_plan import DeploymentError, Plan
from bithedge.protocol.deploy_sources import CLARITY_VERSION, source_of
from bithedge.protocol.deployment import POOL, REGISTRY
from bithedge.protocol.governing_state import Registry
from bithedge.protocol.governing_words import a_key
from bithedge.stacks.clarity import Buffer, ClarityValue, Principal, StringAscii, UInt
from bithedge.stacks.ports import Node
from bithedge.stacks.transactions import Transaction, contract_call, contract_deploy, token_transfer


class Publish(msgspec.Struct, frozen=True):
    """Puts a contract on chain."""

    name: str
    source: str


class Call(msgspec.Struct, frozen=True):
    """Calls the registry."""

    function: str
    arguments: tuple[ClarityValue, ...]


class Transfer(msgspec.Struct, frozen=True):
    """Sends uSTX."""

    address: str
    amount: int


class Step(msgspec.Struct, frozen=True):
    """One transaction of the deployer, and in words what it brings about."""

    effect: str
    action: Publish | Call | Transfer

    def transaction(self, plan: Plan, nonce: int, fee: int) -> Transaction:
        """Return it unsigned; `fee` in uSTX."""
        deployment = plan.deployment
        network, sender = deployment.network, deployment.deployer
        match self.action:
            case Publish(name, source):
                return contract_deploy(
                    network,
                    sender=sender,
                    nonce=nonce,
                    fee=fee,
                    name=name,
                    code=source,
                    clarity_version=CLARITY_VERSION,
                )
            case Call(function, arguments):
                return contract_call(
                    network,
                    sender=sender,
                    nonce=nonce,
                    fee=fee,
                    contract=deployment.registry,
                    function=function,
                    arguments=arguments,
                )
            case Transfer(address, amount):
                return token_transfer(
                    network, sender=sender, nonce=nonce, fee=fee, recipient=address, amount=amount
                )


class Site:
    """One chain and the plan for it."""

    def __init__(self, node: Node, plan: Plan) -> None:
        self.node = node
        self.plan = plan
        self.registry = Registry(node, plan.deployment)

    async def is_published(self) -> bool:
        """Return whether the registry is on chain."""
        return await self.node.contract_source(self.plan.deployment.registry) is not None

    async def unpublished(self) -> AsyncIterator[Step]:
        """Give the contracts that are missing.

        Raises:
            DeploymentError: another source stands under one of our names.
        """
        for name in (REGISTRY, POOL):
            source = source_of(name, self.plan.deployment)
            there = await self.node.contract_source(self.plan.deployment.contract_id(name))
            if there is None:
                lines = source.count("\n")
                yield Step(
                    f"publish {self.plan.deployment.contract_id(name)}, {lines} lines", Publish(name, source)
                )
            elif there != source:
                raise DeploymentError(f"{name} stands on chain with another source: use another deployer")

    async def unset(self) -> AsyncIterator[Step]:
        """Give the keys, numbers and seats that are not set; once sealed they are governance's."""
        published = await self.is_published()
        if published and await self.registry.principal("pool") is not None:
            return
        for role, keys in self.plan.signers.items():
            for key in keys:
                if not published or not await self.registry.is_signer(role, key):
                    call = Call("propose-signer", (StringAscii(role), Buffer(key)))
                    yield Step(f"register 0x{key.hex()} as {a_key(role)}", call)
        for name, value in self.plan.parameters.items():
            found = await self.registry.parameter(name) if published else None
            if found != value:
                call = Call("propose-parameter", (StringAscii(name), UInt(value)))
                yield Step(f"set {name} to {value}", call)
        for role, who in self.plan.seats().items():
            found = await self.registry.principal(role) if published else self.plan.deployment.deployer
            if found != who:
                call = Call("propose-principal", (StringAscii(role), Principal.parse(who)))
                yield Step(f"make {who} the {role}", call)

    async def unfunded(self) -> AsyncIterator[Step]:
        """Give the addresses that hold too little for their fees."""
        for address, least in self.plan.funded.items():
            held = (await self.node.account(address)).balance_ustx
            if held < least:
                effect = f"send {least - held} uSTX to {address}, which then holds {least}"
                yield Step(effect, Transfer(address, least - held))

    async def unsealed(self) -> AsyncIterator[Step]:
        """Give the end of the set-up, if it is to come.

        Raises:
            DeploymentError: the registry is sealed to another pool.
        """
        pool = self.plan.deployment.pool
        there = await self.registry.principal("pool") if await self.is_published() else None
        if there is None:
            effect = f"seal the set-up with {pool}: from now on every change waits for the timelock"
            yield Step(effect, Call("set-pool", (Principal.parse(pool),)))
        elif there != pool:
            raise DeploymentError(f"the registry is sealed to {there}, not to {pool}")

    async def unhanded(self) -> AsyncIterator[Step]:
        """Give the proposal of the new owner, unless it is owner or proposed already."""
        heir = self.plan.heir
        if heir is None:
            return
        if await self.is_published():
            if await self.registry.principal("owner") != self.plan.deployment.deployer:
                return
            waiting = await self.registry.changes(await self.registry.height())
            if any(one.moves("owner") and one.who == heir and not one.voided for one in waiting):
                return
        call = Call("propose-principal", (StringAscii("owner"), Principal.parse(heir)))
        yield Step(f"propose {heir} as the owner, who accepts once the timelock has passed", call)


Stage: TypeAlias = Callable[[Site], AsyncIterator[Step]]
STAGES: Final[tuple[Stage, ...]] = (
    Site.unpublished,
    Site.unset,
    Site.unfunded,
    Site.unsealed,
    Site.unhanded,
)
"""In this order: a stage begins when nothing is left of those before it."""
