"""What was deployed, in a file of the data folder: written before each send, and when all is verified."""

import hashlib
import os
from pathlib import Path
from typing import Final, Literal

import msgspec

from bithedge.protocol.deploy_plan import DeploymentError, Plan
from bithedge.protocol.deploy_sources import CLARITY_VERSION, source_of
from bithedge.protocol.deploy_steps import Step
from bithedge.protocol.deployment import POOL, REGISTRY, Deployment
from bithedge.protocol.governing_state import SEATS, Registry
from bithedge.stacks.networks import Network
from bithedge.stacks.node_types import NodeInfo
from bithedge.stacks.ports import Node
from bithedge.stacks.signing import SignedTransaction

VERSION: Final = 1


class PublishedContract(msgspec.Struct, frozen=True):
    """A contract as it was published."""

    contract_id: str
    source_sha256: str
    clarity_version: int = CLARITY_VERSION


class SentTransaction(msgspec.Struct, frozen=True):
    """A transaction that was signed; whether it was mined the chain knows."""

    effect: str
    txid: str
    nonce: int
    fee_ustx: int


class Verified(msgspec.Struct, frozen=True):
    """Where the chain stood when it was found as planned, and what it said."""

    burn_height: int
    block_height: int
    block_hash: str
    seats: dict[str, str]
    parameters: dict[str, int]
    owner_proposed: str | None
    """Who has still to accept the owner's seat."""
    change_id: int | None
    ready_height: int | None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One network's deployment."""

    version: Literal[1] = VERSION
    network: Network
    chain_id: int
    deployer: str
    sbtc_token: str
    contracts: dict[str, PublishedContract]
    signers: dict[str, list[str]]
    transactions: tuple[SentTransaction, ...] = ()
    verified: Verified | None = None

    @property
    def deployment(self) -> Deployment:
        """The principals of it."""
        return Deployment(network=self.network, deployer=self.deployer, sbtc_token=self.sbtc_token)


def record_path(folder: Path, network: Network) -> Path:
    """Return where a data folder keeps the record of a network."""
    return folder / f"deployment-{network}.json"


def read_record(path: Path) -> Record | None:
    """Return a record, or None if there is none.

    Raises:
        DeploymentError: the file is no record.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise DeploymentError(f"{path} is no deployment record: {error}") from error


class RecordKeeper:
    """Keeps the record of one run; what earlier runs sent stays in it.

    Raises:
        DeploymentError: the file is that of another deployment.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self._path = path
        self._plan = plan
        there = read_record(path)
        if there is not None and there.deployment != plan.deployment:
            raise DeploymentError(f"{path} is the record of {there.deployer}'s contracts: move it away first")
        self._record = _begun(plan, () if there is None else there.transactions)

    def note(self, step: Step, signed: SignedTransaction) -> None:
        """Write down a transaction, before it is sent."""
        transaction = signed.transaction
        sent = SentTransaction(step.effect, signed.txid, transaction.nonce, transaction.fee)
        self._write(transactions=(*self._record.transactions, sent))

    async def close(self, node: Node) -> Record:
        """Write down what the chain says, now that it is as planned, and return the whole record."""
        registry = Registry(node, self._plan.deployment)
        self._write(verified=await _verified(registry, await node.info(), self._plan.heir))
        return self._record

    def _write(self, **changes: object) -> None:
        self._record = msgspec.structs.replace(self._record, **changes)
        text = msgspec.json.format(msgspec.json.encode(self._record), indent=2)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self._path.with_suffix(".tmp")
        with beside.open("wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def _begun(plan: Plan, sent: tuple[SentTransaction, ...]) -> Record:
    deployment = plan.deployment
    contracts: dict[str, PublishedContract] = {}
    for name in (REGISTRY, POOL):
        digest = hashlib.sha256(source_of(name, deployment).encode()).hexdigest()
        contracts[name] = PublishedContract(deployment.contract_id(name), digest)
    return Record(
        network=deployment.network,
        chain_id=deployment.network.chain_id,
        deployer=deployment.deployer,
        sbtc_token=deployment.sbtc_token,
        contracts=contracts,
        signers={role: [f"0x{key.hex()}" for key in keys] for role, keys in plan.signers.items()},
        transactions=sent,
    )


async def _verified(registry: Registry, info: NodeInfo, heir: str | None) -> Verified:
    standing = await registry.standing()
    proposed = next((one for one in standing.waiting() if one.moves("owner") and one.who == heir), None)
    return Verified(
        burn_height=standing.height,
        block_height=info.stacks_tip_height,
        block_hash=info.stacks_tip,
        seats={seat: standing.seats[seat] for seat in SEATS},
        parameters=dict(standing.parameters),
        owner_proposed=None if proposed is None else proposed.who,
        change_id=None if proposed is None else proposed.id,
        ready_height=None if proposed is None else proposed.ready,
    )
