"""The running system as its doors see it: what HTTP and the gateway may speak to."""

from typing import Protocol

import msgspec

from actors.board import Board
from actors.directory import PolicyDirectory
from actors.runtime import Address
from actors.seams import Clock, Ids
from actors.supervisor import Supervisor
from bithedge.config import Config
from bithedge.devnet.control import DevnetControl
from bithedge.domain.ids import Hex
from bithedge.domain.quotes import Pricing
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.parameters import ContractParameters
from bithedge.stacks.ports import Node
from bithedge.storage.ports import Journal
from bithedge.storage.reader import Reader


class Health(Protocol):
    """Whether the daemon can do its work."""

    def reasons(self) -> tuple[tuple[str, str], ...]:
        """Return code and message of each thing that is missing; () when it is ready."""
        ...


class System(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and facts; made once by the bootstrap."""

    config: Config
    version: str
    stream_url: str
    deployment: Deployment
    parameters: ContractParameters
    pricing: Pricing
    quote_public_key: Hex
    attestors: tuple[Hex, ...]
    board: Board
    reader: Reader
    journal: Journal
    """For commands that no actor decides, to keep their answers."""
    policies: PolicyDirectory
    pool: Address
    oracle: Address
    chain: Address
    relay: Address
    gateway: Address
    supervisor: Supervisor
    node: Node
    node_url: str
    clock: Clock
    ids: Ids
    health: Health
    devnet: DevnetControl | None
    """None on any other network."""
    operator_token: str
