"""What the chain says: the node, its clock, the contracts, our keys on them, STX for fees."""

import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import aiohttp

from bithedge.cli.doctor.findings import Finding, Level
from bithedge.config import Config
from bithedge.devnet.control import DevnetControl
from bithedge.devnet.errors import DevnetError
from bithedge.protocol.deploying import source_of
from bithedge.protocol.deployment import POOL, REGISTRY, Deployment
from bithedge.stacks.clarity import Buffer, ClarityValue, Principal, StringAscii
from bithedge.stacks.clarity_python import as_bool, as_optional
from bithedge.stacks.errors import PrivateKeyError, StacksError
from bithedge.stacks.keys import PrivateKey, read_key_file
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient

SIGNERS: Final = ("quote", "voucher", "attestor")
PAYERS: Final = ("lane-1", "lane-2")
_WARN_DRIFT_S: Final = 5
_FAIL_DRIFT_S: Final = 60


async def chain_findings(config: Config, *, running: bool) -> list[Finding]:
    """Return what was found on the chain, or what is missing before anything could be."""
    embedded = config.network == "devnet" and not config.node.url
    if not config.node.url and not embedded:
        return [Finding(Level.FAIL, "node", f"{config.network} needs a node", "give --node-url")]
    if embedded and not config.node.port:
        return [Finding(Level.WARN, "node", "the embedded chain's port is not known here", "give --node-url")]
    url = config.node.url or f"http://127.0.0.1:{config.node.port}"
    async with aiohttp.ClientSession() as session:
        look = _Look(config, session, url)
        try:
            return [finding async for finding in look.findings()]
        except (StacksError, DevnetError) as error:
            missing = embedded and not running
            level = Level.WARN if missing else Level.FAIL
            advice = "`run.py serve` starts the local chain" if missing else "start the node, or mend its URL"
            return [*look.found, Finding(level, "node", f"{url}: {error}", advice)]


class _Look:
    """One walk over the chain; what it has found stays, should the node go away meanwhile."""

    def __init__(self, config: Config, session: aiohttp.ClientSession, url: str) -> None:
        self.found: list[Finding] = []
        self._config = config
        self._network = Network(config.network)
        self._session = session
        self._url = url
        self._node = NodeClient(session, url, deadline_s=config.node.timeout_s)

    async def findings(self) -> AsyncIterator[Finding]:
        async for finding in self._all():
            self.found.append(finding)
            yield finding

    async def _all(self) -> AsyncIterator[Finding]:
        yield await self._state()
        yield await self._clock()
        deployer = await self._deployer()
        if not deployer:
            yield Finding(Level.FAIL, "contracts", "no deployer is named", "set contracts.deployer")
            return
        deployment = Deployment(
            network=self._network, deployer=deployer, sbtc_token=self._config.contracts.sbtc_token
        )
        there = True
        for name in (REGISTRY, POOL):
            finding = await self._contract(name, deployment)
            there = there and finding.level is Level.OK
            yield finding
        if there:
            yield await self._sealed(deployment)
            async for finding in self._signers(deployment):
                yield finding
        async for finding in self._fees():
            yield finding

    async def _state(self) -> Finding:
        info = await self._node.info()
        message = f"{self._url} answers: block {info.stacks_tip_height}, burn block {info.burn_block_height}"
        if info.network_id != self._network.chain_id:
            wrong = f"{self._url} is of chain {info.network_id}, {self._network} is {self._network.chain_id}"
            return Finding(Level.FAIL, "node", wrong, "give the node of this network")
        if not info.is_fully_synced:
            return Finding(Level.WARN, "node", f"{message}, not synced yet", "wait until it has caught up")
        return Finding(Level.OK, "node", message)

    async def _clock(self) -> Finding:
        """Compare with the `Date` of the node's answer: the time of a block says too little."""
        try:
            async with self._session.get(f"{self._url}/v2/info") as response:
                told = response.headers.get("Date", "")
            node_s = parsedate_to_datetime(told).timestamp()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Finding(Level.WARN, "clock", "the node does not say its time", "see that NTP runs here")
        drift_s = round(abs(time.time_ns() / 1e9 - node_s))
        message = f"{drift_s} s from the node's"
        if drift_s > _FAIL_DRIFT_S and self._network is not Network.DEVNET:
            return Finding(Level.FAIL, "clock", message, "let NTP set this machine's clock")
        if drift_s > _WARN_DRIFT_S:
            return Finding(Level.WARN, "clock", message, "let NTP set this machine's clock")
        return Finding(Level.OK, "clock", message)

    async def _deployer(self) -> str:
        if self._config.contracts.deployer or self._network is not Network.DEVNET:
            return self._config.contracts.deployer
        owner = (await DevnetControl(self._session, self._url).accounts())[0]
        return PrivateKey.from_hex(owner.private_key).address(self._network)

    async def _contract(self, name: str, deployment: Deployment) -> Finding:
        contract = deployment.contract_id(name)
        there = await self._node.contract_source(contract)
        if there is None:
            return Finding(Level.FAIL, "contracts", f"{contract} is not published", _publish(self._network))
        if there != source_of(name, deployment):
            advice = "use this release's contracts, or the release of those"
            return Finding(Level.FAIL, "contracts", f"{contract} has another source than ours", advice)
        return Finding(Level.OK, "contracts", f"{contract} has our source")

    async def _sealed(self, deployment: Deployment) -> Finding:
        there = as_optional(await self._read(deployment, "get-principal", StringAscii("pool")))
        if there == Principal.parse(deployment.pool):
            return Finding(Level.OK, "contracts", "the registry is sealed to the pool")
        found = "not sealed to a pool" if there is None else f"sealed to {there}"
        return Finding(Level.FAIL, "contracts", f"the registry is {found}", _publish(self._network))

    async def _signers(self, deployment: Deployment) -> AsyncIterator[Finding]:
        for role in SIGNERS:
            key = self._key(role)
            if key is None:
                continue
            known = as_bool(
                await self._read(deployment, "is-signer", StringAscii(role), Buffer(key.public_key))
            )
            if known:
                yield Finding(Level.OK, "signers", f"the {role} key is registered")
            else:
                yield Finding(
                    Level.FAIL, "signers", f"the {role} key is not registered", "have the owner propose it"
                )

    async def _fees(self) -> AsyncIterator[Finding]:
        fees = self._config.fees
        for name in PAYERS:
            key = self._key(name)
            if key is None:
                continue
            address = key.address(self._network)
            held = (await self._node.account(address)).balance_ustx
            message = f"{name} {address} holds {held:,} uSTX"
            if held < fees.floor_ustx:
                yield Finding(
                    Level.FAIL,
                    "fees",
                    message,
                    f"send it STX: a transaction pays {fees.floor_ustx:,} uSTX at least",
                )
            elif held < fees.cap_ustx * fees.in_flight:
                yield Finding(
                    Level.WARN,
                    "fees",
                    message,
                    f"send it STX: a full lane may pay {fees.cap_ustx * fees.in_flight:,} uSTX",
                )
            else:
                yield Finding(Level.OK, "fees", message)

    def _key(self, name: str) -> PrivateKey | None:
        try:
            return read_key_file(Path(self._config.data) / "keys" / name)
        except (OSError, PrivateKeyError):  # told among the key files
            return None

    async def _read(self, deployment: Deployment, function: str, *arguments: ClarityValue) -> ClarityValue:
        return await self._node.call_read(
            deployment.registry, function, arguments, sender=deployment.deployer
        )


def _publish(network: Network) -> str:
    return "`run.py serve` publishes them" if network is Network.DEVNET else "have them published and set up"
