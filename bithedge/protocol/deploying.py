"""Publishes and sets up the contracts: each step asks the chain first, so a cut run is simply run again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from bithedge.protocol.deployment import POOL, REGISTRY, Deployment
from bithedge.stacks.clarity import Buffer, ClarityValue, Principal, StringAscii, UInt, serialise
from bithedge.stacks.clarity_python import as_bool, as_optional, as_principal, as_uint
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.ports import Node
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import (
    Transaction,
    contract_call,
    contract_deploy,
    serialise_transaction,
    token_transfer,
)

SOURCES: Final = Path(__file__).resolve().parents[2] / "contracts"
CLARITY_VERSION: Final = 4
DEVNET_TOKEN: Final = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token"  # noqa: S105 - the sources' token
FEE_FLOOR: Final = 3_000

Wait = Callable[[Sequence[str]], Awaitable[None]]
"""Returns once these transactions are mined; raises `DeploymentError` if one was refused."""


class DeploymentError(Exception):
    """The contracts are not as they should be, or a step of the set-up was refused."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain should look like."""

    deployment: Deployment
    signers: Mapping[str, Sequence[bytes]]
    """Public keys of each signing role."""
    parameters: Mapping[str, int]
    backend: str
    funded: Mapping[str, int]
    """Addresses and the uSTX they hold at least, from the deployer."""


class Deployer:
    """Signs with the deployer's key, one nonce after the other."""

    def __init__(self, node: Node, key: PrivateKey, plan: Plan, wait: Wait) -> None:
        self._node = node
        self._key = key
        self._plan = plan
        self._wait = wait
        self._nonce = 0

    async def deploy(self) -> bool:
        """Bring the chain to the plan; return whether anything had to be done.

        Raises:
            DeploymentError: another source stands under our names, or a step was refused.
            NodeError: the node does not answer.
        """
        self._nonce = (await self._node.account(self._plan.deployment.deployer)).nonce
        published = await self._publish()
        sent = [*await self._set_up(), *await self._fund()]
        if sent:
            await self._wait(sent)
        sealed = await self._seal()
        await self._verify()
        return published or bool(sent) or sealed

    async def _publish(self) -> bool:
        sent: list[str] = []
        for name in (REGISTRY, POOL):
            source = source_of(name, self._plan.deployment)
            there = await self._node.contract_source(self._plan.deployment.contract_id(name))
            if there is None:
                sent.append(await self._send(self._deploy(name, source)))
            elif there != source:
                raise DeploymentError(f"{name} stands on chain with another source: use another deployer")
        if sent:
            await self._wait(sent)
        return bool(sent)

    async def _set_up(self) -> list[str]:
        sent: list[str] = []
        for role, keys in self._plan.signers.items():
            for key in keys:
                arguments = (StringAscii(role), Buffer(key))
                if not as_bool(await self._read("is-signer", *arguments)):
                    sent.append(await self._call("propose-signer", *arguments))
        for name, value in self._plan.parameters.items():
            if as_uint(await self._read("get-parameter", StringAscii(name))) != value:
                sent.append(await self._call("propose-parameter", StringAscii(name), UInt(value)))
        backend = as_principal(await self._read("get-backend-principal"))
        if backend != self._plan.backend:
            sent.append(await self._call("set-backend-principal", Principal.parse(self._plan.backend)))
        return sent

    async def _fund(self) -> list[str]:
        sent: list[str] = []
        for address, least in self._plan.funded.items():
            held = (await self._node.account(address)).balance_ustx
            if held < least:
                sent.append(await self._send(self._transfer(address, least - held)))
        return sent

    async def _seal(self) -> bool:
        pool = Principal.parse(self._plan.deployment.pool)
        there = as_optional(await self._read("get-principal", StringAscii("pool")))
        if there is not None:
            if there != pool:
                raise DeploymentError("the registry is sealed to another pool")
            return False
        await self._wait([await self._call("set-pool", pool)])
        return True

    async def _verify(self) -> None:
        for role, keys in self._plan.signers.items():
            for key in keys:
                if not as_bool(await self._read("is-signer", StringAscii(role), Buffer(key))):
                    raise DeploymentError(f"{role} key {key.hex()} is not registered")
        for name, value in self._plan.parameters.items():
            found = as_uint(await self._read("get-parameter", StringAscii(name)))
            if found != value:
                raise DeploymentError(f"parameter {name} is {found}, the plan says {value}")

    async def _read(self, function: str, *arguments: ClarityValue) -> ClarityValue:
        deployment = self._plan.deployment
        return await self._node.call_read(
            deployment.registry, function, arguments, sender=deployment.deployer
        )

    async def _call(self, function: str, *arguments: ClarityValue) -> str:
        size = 400 + sum(len(serialise(argument)) for argument in arguments)
        return await self._send(
            contract_call(
                self._plan.deployment.network,
                sender=self._plan.deployment.deployer,
                nonce=self._nonce,
                fee=max(FEE_FLOOR, size),
                contract=self._plan.deployment.registry,
                function=function,
                arguments=arguments,
            )
        )

    def _deploy(self, name: str, source: str) -> Transaction:
        return contract_deploy(
            self._plan.deployment.network,
            sender=self._plan.deployment.deployer,
            nonce=self._nonce,
            fee=max(FEE_FLOOR, 2 * len(source)),
            name=name,
            code=source,
            clarity_version=CLARITY_VERSION,
        )

    def _transfer(self, address: str, amount: int) -> Transaction:
        return token_transfer(
            self._plan.deployment.network,
            sender=self._plan.deployment.deployer,
            nonce=self._nonce,
            fee=FEE_FLOOR,
            recipient=address,
            amount=amount,
        )

    async def _send(self, transaction: Transaction) -> str:
        if len(serialise_transaction(transaction)) > transaction.fee:
            raise DeploymentError("the fee is below one uSTX a byte")
        signed = sign_transaction(transaction, self._key)
        await self._node.broadcast(signed.raw)
        self._nonce += 1
        return signed.txid


def source_of(name: str, deployment: Deployment) -> str:
    """Return a contract's source for a network: the token's principal is all that differs."""
    source = (SOURCES / f"{name}.clar").read_text(encoding="utf-8")
    return source.replace(DEVNET_TOKEN, deployment.sbtc_token)


async def check_mined(node: Node, txids: Sequence[str]) -> bool:
    """Return whether all are mined.

    Raises:
        DeploymentError: one was mined and refused.
        NodeError: the node does not answer.
    """
    for txid in txids:
        found = await node.transaction(txid)
        if found is not None and found.aborted:
            result = "" if found.result is None else found.result.repr
            raise DeploymentError(f"{txid} was refused: {found.status} {result} {found.vm_error or ''}")
        if found is None or not found.succeeded:
            return False
    return True
