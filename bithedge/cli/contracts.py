"""Where the contracts are, for the commands that deploy and govern them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from bithedge.config import Config, ConfigError
from bithedge.devnet.control import DevnetControl
from bithedge.protocol.deploy_record import read_record, record_path
from bithedge.protocol.deploy_sending import Wait, polling
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient

_DEVNET_S, _DEVNET_TRIES = 0.1, 100
_NETWORK_S, _NETWORK_TRIES = 5.0, 720
USTX_A_STX: Final = 1_000_000


class Chain(msgspec.Struct, frozen=True):
    """A chain that answers; `control` on a devnet alone."""

    network: Network
    node: NodeClient
    control: DevnetControl | None

    def waiting(self) -> Wait:
        """Return how to wait for transactions here: a devnet is made to mine."""
        if self.control is None:
            return polling(self.node, every_s=_NETWORK_S, tries=_NETWORK_TRIES, nudge=None)
        return polling(self.node, every_s=_DEVNET_S, tries=_DEVNET_TRIES, nudge=self.control.mine_blocks)

    async def first_key(self) -> PrivateKey | None:
        """Return the key of a devnet's first account."""
        if self.control is None:
            return None
        return PrivateKey.from_hex((await self.control.accounts())[0].private_key)


@asynccontextmanager
async def chain_at(config: Config, url: str) -> AsyncGenerator[Chain]:
    """Connect to the node at `url`.

    Raises:
        ConfigError: it is a node of another network.
        NodeError: it does not answer.
    """
    network = Network(config.network)
    async with aiohttp.ClientSession() as session:
        node = NodeClient(session, url, deadline_s=config.node.timeout_s)
        found = (await node.info()).network_id
        if found != network.chain_id:
            raise ConfigError([f"node.url: {url} is of chain {found}, {network} is {network.chain_id}"])
        yield Chain(network, node, DevnetControl(session, url) if network is Network.DEVNET else None)


def node_url(config: Config) -> str:
    """Return where the node answers; on a devnet by default where `serve` runs its own.

    Raises:
        ConfigError: none is named.
    """
    if config.node.url:
        return config.node.url
    if config.network != "devnet":
        raise ConfigError([f"node.url: {config.network} needs a node's URL"])
    return f"http://127.0.0.1:{config.node.port}"


async def deployment_on(chain: Chain, config: Config) -> Deployment:
    """Return where the contracts are: by the settings, the deployment record, or a devnet's first account.

    Raises:
        ConfigError: nothing says it.
        DeploymentError: the record cannot be read.
    """
    record = read_record(record_path(Path(config.data), chain.network))
    deployer = config.contracts.deployer
    if not deployer and record is not None:
        return record.deployment
    if not deployer:
        first = await chain.first_key()
        if first is None:
            raise ConfigError([f"contracts.deployer: {chain.network} needs the contracts' deployer"])
        deployer = first.address(chain.network)
    return Deployment(network=chain.network, deployer=deployer, sbtc_token=config.contracts.sbtc_token)


def in_stx(ustx: int) -> str:
    """Return uSTX as STX, to the last digit."""
    whole, rest = divmod(ustx, USTX_A_STX)
    return f"{whole}.{rest:06d} STX"
