"""A devnet alone, blocks on demand: for what must work with no daemon near."""

import asyncio
import hashlib
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import msgspec

from bithedge.devnet.binary import find_node
from bithedge.devnet.control import DevnetControl
from bithedge.devnet.process import MAIN, DevnetOptions, _arguments
from bithedge.domain.money import Sats, Ustx
from bithedge.protocol.deploy_sending import check_mined, send
from bithedge.protocol.deploy_sources import DEVNET_TOKEN
from bithedge.protocol.deploying import Deployer, Plan
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.clarity import ClarityValue, Principal
from bithedge.stacks.clarity_python import as_ok, as_uint, to_python
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient
from bithedge.stacks.node_types import NodeTransaction
from bithedge.stacks.ports import Node
from bithedge.stacks.post_conditions import PostConditionMode
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import Transaction, contract_call

NETWORK = Network.DEVNET
IMAGES = Path(tempfile.gettempdir()) / "bithedge-devnet-images"
STX = 1_000_000
BTC = 100_000_000


def key(name: str) -> PrivateKey:
    """Return the key of a name, the same in every run."""
    return PrivateKey(hashlib.sha256(f"bithedge bare chain {name}".encode()).digest())


def address(name: str) -> str:
    return key(name).address(NETWORK)


QUOTE, SPARE_QUOTE, VOUCHER = key("quote"), key("spare quote"), key("voucher")
ATTESTORS = (key("attestor 1"), key("attestor 2"), key("attestor 3"))


class BareChain:
    """The chain, and what a test does to it."""

    def __init__(self, url: str, session: aiohttp.ClientSession, deployer: PrivateKey) -> None:
        self.url = url
        self.session = session
        self.node = NodeClient(session, url)
        self.control = DevnetControl(session, url)
        self.deployer = deployer
        self.deployment = Deployment(
            network=NETWORK, deployer=deployer.address(NETWORK), sbtc_token=DEVNET_TOKEN
        )

    async def another(self, name: str) -> "BareChain":
        """Return the same chain in the hands of another deployer, where nothing of ours stands."""
        return BareChain(self.url, self.session, await self.fund(name, stx=1_000 * STX))

    def plan(self, *, parameters: Mapping[str, int] | None = None, owner: str = "") -> Plan:
        """Return a plan that names every role apart."""
        return Plan(
            deployment=self.deployment,
            signers={
                "quote": [QUOTE.public_key, SPARE_QUOTE.public_key],
                "voucher": [VOUCHER.public_key],
                "attestor": [attestor.public_key for attestor in ATTESTORS],
            },
            parameters={"attestor": 2} | dict(parameters or {}),
            backend=address("backend"),
            guardian=address("guardian"),
            treasury=address("treasury"),
            owner=owner,
            funded={address("backend"): 100 * STX},
        )

    async def deploy(self, plan: Plan | None = None) -> bool:
        return await Deployer(self.node, self.deployer, plan or self.plan(), self.wait).deploy()

    async def wait(self, txids: Sequence[str]) -> None:
        """Mine what waits, and see that these are mined."""
        await self.control.mine_blocks()
        assert await check_mined(self.node, txids)

    async def fund(self, name: str, *, sbtc: int = 0, stx: int = 100 * STX) -> PrivateKey:
        """Return the key of an account that holds so much more."""
        made = key(name)
        await self.control.mint(made.address(NETWORK), sbtc=Sats(sbtc), stx=Ustx(stx))
        return made

    async def height(self) -> int:
        return (await self.node.info()).burn_block_height

    async def reach(self, height: int) -> None:
        """Mine burn blocks up to a height."""
        while (left := height - await self.height()) > 0:
            await self.control.mine_burn_blocks(min(left, 2_000))

    async def send(self, transaction: Transaction) -> NodeTransaction:
        """Sign a transaction of the deployer's, mine it, and return it."""
        signed = sign_transaction(transaction, self.deployer)
        await self.node.broadcast(signed.raw)
        await self.control.mine_blocks()
        found = await self.node.transaction(signed.txid)
        assert found is not None
        return found

    async def call(
        self, signer: PrivateKey, contract: str, function: str, *arguments: ClarityValue
    ) -> NodeTransaction:
        """Send a call, mine it, and return it, whatever became of it."""
        sender = signer.address(NETWORK)
        signed = await send(
            self.node,
            signer,
            lambda nonce, fee: contract_call(
                NETWORK,
                sender=sender,
                nonce=nonce,
                fee=fee,
                contract=contract,
                function=function,
                arguments=arguments,
                mode=PostConditionMode.ALLOW,
            ),
            nonce=(await self.node.account(sender)).nonce,
        )
        await self.control.mine_blocks()
        found = await self.node.transaction(signed.txid)
        assert found is not None
        return found

    async def must(
        self, signer: PrivateKey, contract: str, function: str, *arguments: ClarityValue
    ) -> NodeTransaction:
        """Send a call that cannot fail here."""
        found = await self.call(signer, contract, function, *arguments)
        assert found.succeeded, f"{function}: {found.status} {found.result} {found.vm_error}"
        return found

    async def read(self, contract: str, function: str, *arguments: ClarityValue) -> object:
        found = await self.node.call_read(contract, function, arguments, sender=self.deployment.deployer)
        return to_python(found)

    async def sbtc(self, who: str) -> int:
        found = await self.node.call_read(
            DEVNET_TOKEN, "get-balance", [Principal.parse(who)], sender=self.deployment.deployer
        )
        return as_uint(as_ok(found))


@contextmanager
def bare_devnet(data: Path, *, block_time_s: float = 0) -> Iterator[str]:
    """Run a devnet for tests to share, and give its URL; its boot image is shared with all others."""
    options = DevnetOptions(data=data, cache=IMAGES, block_time_s=block_time_s, burn_time_s=0)
    data.mkdir(parents=True)
    with (data / "devnet.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [asyncio.run(find_node()), MAIN, *_arguments(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (data / "devnet.log").read_text()
        yield msgspec.json.decode(line)["node"]
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[BareChain]:
    """Connect to a devnet, in the hands of its first account."""
    async with aiohttp.ClientSession() as session:
        accounts = await DevnetControl(session, url).accounts()
        yield BareChain(url, session, PrivateKey.from_hex(accounts[0].private_key))


class Cut(Exception):  # noqa: N818 - what happens to a run, not what is wrong
    """The run was cut off here."""


class CutNode:
    """A node that is cut off at one broadcast: before the node has it, or after."""

    def __init__(self, node: Node, at: int, *, after: bool) -> None:
        self._node = node
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._node, name)

    async def broadcast(self, raw: bytes) -> str:
        self._left -= 1
        if self._left >= 0:
            return await self._node.broadcast(raw)
        if self._after:
            await self._node.broadcast(raw)
        raise Cut
