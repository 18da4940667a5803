"""The simulated chain plays the same scripts as the real VM, so that neither can drift from the other."""

import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest
from devnet_scripts import Keys, Script, Step

from bithedge.devnet.control import DevnetAccount, DevnetControl
from bithedge.devnet.process import DevnetOptions, DevnetProcess
from bithedge.protocol.deploying import Deployer, Plan, check_mined
from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain.blocks import SimChain
from bithedge.sim.chain.calls import POOL, REGISTRY
from bithedge.sim.chain.state import State
from bithedge.sim.genesis import TOKEN, key_of
from bithedge.sim.node import Api, NodeFaults, SimNode
from bithedge.stacks.errors import TransactionRejectedError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient
from bithedge.stacks.node_types import TransactionEvent
from bithedge.stacks.post_conditions import PostConditionMode
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import contract_call

CACHE = Path(tempfile.gettempdir()) / "bithedge-devnet-images"
NETWORK = Network.DEVNET
FEE = 5_000
STEPS = 70
PARAMETERS = {"sale-age": 12, "request-life": 6, "grace": 144, "outflow-share": 6_000}


class Twins:
    """A devnet and a simulated chain with the same contracts, accounts, heights and history."""

    def __init__(
        self, control: DevnetControl, node: NodeClient, accounts: Sequence[DevnetAccount], chain: SimChain
    ) -> None:
        self.control = control
        self.node = node
        self.chain = chain
        self.keys = {one.name: PrivateKey.from_hex(one.private_key) for one in accounts}
        self.addresses = {one.name: one.address for one in accounts}
        self.sim = SimNode(chain, Api(chain), random.Random(0), NodeFaults(usual_s=0))

    async def play(self, step: Step) -> None:
        """Play a step on both, and compare all that can be seen of it."""
        if step.what == "burn":
            await self.control.mine_burn_blocks(step.count)
            self.chain.mine(burns=step.count)
            return
        raw, txid = self._signed(step)
        refused = [await _refusal(node, raw) for node in (self.node, self.sim)]
        assert refused[0] == refused[1], step
        if refused[0] is not None:
            return
        await self.control.mine_blocks()
        self.chain.mine()
        await self._compare(txid, step)

    async def _compare(self, txid: str, step: Step) -> None:
        real, played = await self.node.transaction(txid), await self.sim.transaction(txid)
        assert real is not None
        assert played is not None
        assert real.result is not None
        assert played.result is not None
        assert (played.status, played.result.hex) == (real.status, real.result.hex), step
        events = [await node.transaction_events(txid) for node in (self.node, self.sim)]
        assert [_seen(one) for one in events[1]] == [_seen(one) for one in events[0]], step

    async def same_money(self) -> None:
        deployment = self.chain.deployment
        for address in (*self.addresses.values(), deployment.pool):
            held = [await node.ft_balance(address, deployment.sbtc_asset) for node in (self.node, self.sim)]
            assert held[0] == held[1], address
            accounts = [await node.account(address) for node in (self.node, self.sim)]
            assert accounts[0].nonce == accounts[1].nonce, address
            assert accounts[0].balance_ustx == accounts[1].balance_ustx, address

    def _signed(self, step: Step) -> tuple[bytes, str]:
        contract = self.chain.deployment.pool if step.function in POOL else self.chain.deployment.registry
        assert step.function in POOL or step.function in REGISTRY
        unsigned = contract_call(
            NETWORK,
            sender=self.addresses[step.who],
            nonce=self.chain.state.nonces.get(self.addresses[step.who], 0),
            fee=FEE,
            contract=contract,
            function=step.function,
            arguments=step.arguments,
            mode=PostConditionMode.ALLOW,
        )
        signed = sign_transaction(unsigned, self.keys[step.who])
        return signed.raw, signed.txid


async def _refusal(node: NodeClient | SimNode, raw: bytes) -> str | None:
    try:
        await node.broadcast(raw)
    except TransactionRejectedError as error:
        return error.reason
    return None


def _seen(event: TransactionEvent) -> object:
    if event.contract_log is not None:
        return event.contract_log.contract_id, event.contract_log.topic, event.contract_log.value.hex
    move = event.ft_asset
    return move and (move.type, move.sender, move.recipient, move.amount, move.asset_identifier)


@pytest.fixture
async def twins(tmp_path: Path) -> AsyncIterator[Twins]:
    options = DevnetOptions(data=tmp_path, cache=CACHE, block_time_s=0, burn_time_s=0)
    process = await DevnetProcess.start(options)
    try:
        async with aiohttp.ClientSession() as session:
            control, node = DevnetControl(session, process.url), NodeClient(session, process.url)
            yield await _made(control, node)
    finally:
        await process.stop()


async def _made(control: DevnetControl, node: NodeClient) -> Twins:
    accounts = await control.accounts()
    deployment = Deployment(network=NETWORK, deployer=accounts[0].address, sbtc_token=TOKEN)
    signers = {role: [key_of(role).public_key] for role in ("quote", "voucher", "attestor")}
    plan = Plan(
        deployment=deployment,
        signers=signers,
        parameters=PARAMETERS,
        backend=accounts[0].address,
        funded={},
    )

    async def mined(txids: Sequence[str]) -> None:
        await control.mine_blocks()
        assert await check_mined(node, txids)

    await Deployer(node, PrivateKey.from_hex(accounts[0].private_key), plan, mined).deploy()
    await control.mine_burn_blocks(150)
    state = State()
    state.principals = dict.fromkeys(("owner", "guardian", "treasury", "backend"), accounts[0].address)
    state.signers = {role: tuple(keys) for role, keys in signers.items()}
    state.parameters |= PARAMETERS
    for one in await control.accounts():
        account = await node.account(one.address)
        state.sbtc[one.address] = one.sbtc_sats
        state.ustx[one.address] = account.balance_ustx
        state.nonces[one.address] = account.nonce
    info = await node.info()
    chain = SimChain(
        deployment,
        state,
        now_s=lambda: 1_800_000_000,
        contract_time=lambda _: 100_000,
        first_burn=info.burn_block_height,
    )
    return Twins(control, node, accounts[:4], chain)


async def test_a_fork_leaves_both_chains_with_the_same_money_and_the_same_waiting(twins: Twins) -> None:
    keys = Keys(key_of("quote"), key_of("voucher"), key_of("attestor"))
    script = Script(twins.chain.deployment, keys, twins.keys, twins.chain, seed=99)
    for step in script.steps(25):
        await twins.play(step)
    undone = [mined.waiting.raw for block in twins.chain.blocks[-9:] for mined in block.mined]

    for depth, requeue, include in ((4, True, ()), (3, False, ()), (9, True, undone[::2])):
        await twins.control.fork(depth, requeue=requeue, include=include)
        twins.chain.fork(depth, requeue=requeue, include=include)
        await twins.same_money()
        waiting = [await node.mempool_transactions() for node in (twins.node, twins.sim)]
        assert {one.tx_id for one in waiting[0]} == {one.tx_id for one in waiting[1]}
        await twins.control.mine_blocks()
        twins.chain.mine()
        await twins.same_money()


@pytest.mark.parametrize("seed", range(3))
async def test_both_chains_answer_a_script_alike_to_the_last_byte(twins: Twins, seed: int) -> None:
    keys = Keys(key_of("quote"), key_of("voucher"), key_of("attestor"))
    script = Script(twins.chain.deployment, keys, twins.keys, twins.chain, seed)

    for step in script.steps(STEPS):
        await twins.play(step)

    await twins.same_money()
    assert twins.chain.state.totals.vault > 0
