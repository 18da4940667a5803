"""Before the actors: the node, the keys, and the contracts where they should be."""

import asyncio
from collections.abc import Sequence

import aiohttp
import msgspec
import structlog

from bithedge.config import Config, ConfigError
from bithedge.data_folder import DataFolder
from bithedge.devnet.control import DevnetControl
from bithedge.devnet.process import DevnetOptions, DevnetProcess
from bithedge.protocol.deploying import Deployer, DeploymentError, Plan, check_mined
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient

log = structlog.stdlib.get_logger()

DEVNET_PARAMETERS = {
    "sale-age": 12,
    "sale-share": 10_000,
    "outflow-share": 10_000,
    "profit-share": 10_000,
}
"""The contracts' windows would only be in the way of trying things out."""
LANE_FUNDS_USTX = 1_000_000_000
WAIT_TRIES = 100
WAIT_S = 0.1
LANES = ("lane-1", "lane-2")


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon's own keys."""

    quote: PrivateKey
    voucher: PrivateKey
    attestor: PrivateKey
    backend: PrivateKey
    lanes: tuple[PrivateKey, ...]


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """A chain that the daemon can work on."""

    session: aiohttp.ClientSession
    node: NodeClient
    node_url: str
    deployment: Deployment
    keys: Keys
    process: DevnetProcess | None
    control: DevnetControl | None

    async def close(self) -> None:
        """Let go of the node, and stop the embedded chain."""
        await self.session.close()
        if self.process is not None:
            await self.process.stop()


def own_keys(folder: DataFolder) -> Keys:
    """Return the keys of the data folder, made at first start."""
    return Keys(
        quote=folder.key("quote"),
        voucher=folder.key("voucher"),
        attestor=folder.key("attestor"),
        backend=folder.key("backend"),
        lanes=tuple(folder.key(name) for name in LANES),
    )


async def connect(config: Config, folder: DataFolder) -> Connected:
    """Start the embedded chain where one is wanted, and bring the contracts to their plan on a devnet.

    Raises:
        NodeError: the node does not answer.
        DeploymentError: the contracts are not as they should be.
        ConfigError: a network other than the devnet needs a node and a deployer.
        OSError: the embedded chain cannot be started.
    """
    process = await _embedded(config, folder)
    url = config.node.url if process is None else process.url
    session = aiohttp.ClientSession()
    try:
        node = NodeClient(session, url, deadline_s=config.node.timeout_s)
        keys = own_keys(folder)
        control = DevnetControl(session, url) if config.network == "devnet" else None
        deployment = await _deployment(config, node, keys, control)
        return Connected(
            session=session,
            node=node,
            node_url=url,
            deployment=deployment,
            keys=keys,
            process=process,
            control=control,
        )
    except BaseException:
        await session.close()
        if process is not None:
            await process.stop()
        raise


async def _embedded(config: Config, folder: DataFolder) -> DevnetProcess | None:
    if config.network != "devnet" or config.node.url:
        if not config.node.url:
            raise ConfigError([f"node.url: {config.network} needs a node's URL"])
        return None
    return await DevnetProcess.start(
        DevnetOptions(
            data=folder.devnet,
            port=config.node.port,
            block_time_s=config.devnet.block_time_s,
            burn_time_s=config.devnet.burn_time_s,
        )
    )


async def _deployment(
    config: Config, node: NodeClient, keys: Keys, control: DevnetControl | None
) -> Deployment:
    network = Network(config.network)
    if control is None:
        if not config.contracts.deployer:
            raise ConfigError([f"contracts.deployer: {config.network} needs the contracts' deployer"])
        return Deployment(
            network=network,
            deployer=config.contracts.deployer,
            sbtc_token=config.contracts.sbtc_token,
        )
    owner = PrivateKey.from_hex((await control.accounts())[0].private_key)
    deployment = Deployment(
        network=network, deployer=owner.address(network), sbtc_token=config.contracts.sbtc_token
    )
    await _deploy(node, owner, _plan(deployment, keys), control)
    return deployment


def _plan(deployment: Deployment, keys: Keys) -> Plan:
    network = deployment.network
    payers = (keys.backend, *keys.lanes)
    return Plan(
        deployment=deployment,
        signers={
            "quote": [keys.quote.public_key],
            "voucher": [keys.voucher.public_key],
            "attestor": [keys.attestor.public_key],
        },
        parameters=DEVNET_PARAMETERS,
        backend=keys.backend.address(network),
        funded={key.address(network): LANE_FUNDS_USTX for key in payers},
    )


async def _deploy(node: NodeClient, owner: PrivateKey, plan: Plan, control: DevnetControl) -> None:
    async def wait(txids: Sequence[str]) -> None:
        for _ in range(WAIT_TRIES):
            await control.mine_blocks()
            if await check_mined(node, txids):
                return
            await asyncio.sleep(WAIT_S)
        raise DeploymentError("the set-up was not mined in time")

    if await Deployer(node, owner, plan, wait).deploy():
        await control.floor()
        log.info("contracts.deployed", deployer=plan.deployment.deployer)
