import tomllib
from pathlib import Path

import msgspec
import pytest

from actors.connecting import _plan, own_keys
from bithedge.config import CONFIG_FOLDER, ConfigError
from bithedge.data_folder import DataFolder
from bithedge.protocol.deploy_plan import DeploymentError, Plan
from bithedge.protocol.deploy_plan_file import read_plan
from bithedge.protocol.deploy_record import RecordKeeper, read_record
from bithedge.protocol.deploy_sending import check_mined, fee_of, polling, queue_of, send
from bithedge.protocol.deploy_sources import DEVNET_TOKEN, SOURCES, Bounds, published_parameters, source_of
from bithedge.protocol.deploy_steps import Step, Transfer
from bithedge.protocol.deployment import POOL, REGISTRY, Deployment
from bithedge.stacks.keys import PrivateKey, read_key_file
from bithedge.stacks.networks import Network
from bithedge.stacks.node_types import FeeEstimate
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import Transaction, token_transfer
from tests.fakes.node import FakeNode
from tests.fakes.plans import a_filled_plan, a_key

SENDER = a_key("sender")
MAINNET_TOKEN = "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token"  # noqa: S105 - an asset's id


def a_transfer(nonce: int, fee: int) -> Transaction:
    address = SENDER.address(Network.DEVNET)
    return token_transfer(Network.DEVNET, sender=address, nonce=nonce, fee=fee, recipient=address, amount=1)


def read(path: Path, network: Network, signing: PrivateKey | None = None) -> Plan:
    folder = path.parent / "data" / "keys"
    return read_plan(path, network, signing=signing, read_key=lambda name: read_key_file(folder / name))


def faults(path: Path, network: Network, signing: PrivateKey | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        read(path, network, signing)
    return refused.value.faults


def altered(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


# ---------------------------------------------------------------- sources


def test_the_sources_tell_every_parameter_with_its_bounds() -> None:
    parameters = published_parameters()

    assert len(parameters) == SOURCES.joinpath(f"{REGISTRY}.clar").read_text().count('(map-set parameters "')
    assert parameters["grace"] == Bounds(1_008, 144, 4_320)
    assert parameters["max-amount"] == Bounds(1_000_000_000, 1_000_000, 100_000_000_000)
    assert all(one.low <= one.value <= one.high for one in parameters.values())


def test_a_networks_source_differs_by_its_token_alone() -> None:
    mainnet = Deployment(network=Network.MAINNET, deployer="SP", sbtc_token=MAINNET_TOKEN)
    plain = SOURCES.joinpath(f"{POOL}.clar").read_text()

    changed = [
        (before, after)
        for before, after in zip(plain.splitlines(), source_of(POOL, mainnet).splitlines(), strict=True)
        if before != after
    ]

    line = f"(define-constant SBTC '{DEVNET_TOKEN})"
    assert changed == [(line, line.replace(DEVNET_TOKEN, MAINNET_TOKEN))]
    assert source_of(REGISTRY, mainnet) == SOURCES.joinpath(f"{REGISTRY}.clar").read_text()


# ---------------------------------------------------------------- plans


def test_the_devnets_plan_is_what_serve_brings_about(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    path = CONFIG_FOLDER / "deployments" / "devnet.toml"

    plan = read_plan(path, Network.DEVNET, signing=SENDER, read_key=folder.key)

    served = _plan(plan.deployment, own_keys(folder))
    folder.close()
    assert plan.deployment.deployer == SENDER.address(Network.DEVNET)
    assert plan.parameters == served.parameters
    assert plan.signers == {role: tuple(keys) for role, keys in served.signers.items()}
    assert (plan.backend, plan.funded) == (served.backend, served.funded)
    assert plan.seats() == served.seats()
    assert plan.heir is None


@pytest.mark.parametrize("network", [Network.TESTNET, Network.MAINNET])
def test_the_other_plans_are_complete_once_filled_in(network: Network, tmp_path: Path) -> None:
    path = a_filled_plan(network, tmp_path)

    plan = read(path, network)

    assert {role: len(keys) for role, keys in plan.signers.items()} == {
        "quote": 2,
        "voucher": 2,
        "attestor": 3,
    }
    assert plan.all_parameters()["attestor"] == 2
    assert plan.heir == plan.owner
    assert len({plan.deployment.deployer, plan.owner, plan.guardian, plan.treasury, plan.backend}) == 5
    shipped = tomllib.loads((CONFIG_FOLDER / f"{network}.toml").read_text())
    assert plan.deployment.sbtc_token == shipped.get("contracts", {}).get("sbtc_token", DEVNET_TOKEN)


def test_all_faults_of_a_plan_are_told_at_once(tmp_path: Path) -> None:
    path = a_filled_plan("testnet", tmp_path)
    altered(path, "attestor = 2", "attestor = 4\ngrace = 1\nno-such = 1")
    altered(path, '"key:lane-2"', '"key:lane-9"')
    altered(path, DEVNET_TOKEN, MAINNET_TOKEN)

    assert faults(path, Network.TESTNET, SENDER) == (
        (
            f"deployer: the plan says {a_key('filled 1').address(Network.TESTNET)}, "
            f"the signing key is that of {SENDER.address(Network.TESTNET)}"
        ),
        "funded_ustx: the data folder has no key lane-9: `run.py keys new lane-9`",
        f"sbtc_token = '{MAINNET_TOKEN}': not an address of testnet",
        "parameters.grace = 1: allowed are 144 to 4320",
        f"parameters.no-such: unknown, known are {', '.join(published_parameters())}",
        "signers.attestor: 4 must sign, 3 are named",
    )


def test_a_placeholder_is_a_fault(tmp_path: Path) -> None:
    path = a_filled_plan("mainnet", tmp_path)
    guardian = read(path, Network.MAINNET).guardian
    altered(path, f'guardian = "{guardian}"', 'guardian = "<another person>"')

    assert faults(path, Network.MAINNET) == ("seats.guardian: still to be filled in: <another person>",)


def test_where_money_is_real_nobody_guards_themselves(tmp_path: Path) -> None:
    path = a_filled_plan("mainnet", tmp_path)
    plan = read(path, Network.MAINNET)
    altered(path, f'guardian = "{plan.guardian}"', f'guardian = "{plan.owner}"')

    assert faults(path, Network.MAINNET) == (
        f"seats.owner and seats.guardian: one and the same, {plan.owner}",
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("network = ", "colour = 1\nnetwork = ", "Object contains unknown field `colour`"),
        ("network = ", "network ", "Expected '='"),
        ('network = "testnet"', 'network = "mainnet"', "network: the plan is for mainnet, not for testnet"),
        ('"key:voucher", ', "", ""),
        ('"key:quote"', '"0x1234"', "signers.quote = '0x1234': expected a public key, 33 bytes in hex"),
        ("[signers]", '[signers]\nbackend = ["key:backend"]', "signers.backend: no such role"),
        ('"key:backend"\n', '"ST12"\n', "seats.backend = 'ST12'"),
        (".sbtc-token", "", "expected a contract, ADDRESS.name"),
        ("attestor = 2", "attestor = true", "Expected `int`, got `bool`"),
    ],
)
def test_a_plan_that_says_something_else_is_refused(old: str, new: str, fault: str, tmp_path: Path) -> None:
    path = altered(a_filled_plan("testnet", tmp_path), old, new)

    if fault:
        assert fault in " ".join(faults(path, Network.TESTNET))
    else:
        assert len(read(path, Network.TESTNET).signers["voucher"]) == 1


def test_a_key_that_stands_twice_is_told(tmp_path: Path) -> None:
    path = altered(a_filled_plan("testnet", tmp_path), '"key:quote"', '"key:quote", "key:quote"')

    assert faults(path, Network.TESTNET) == ("signers.quote: a key stands there twice",)


def test_a_plan_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.toml", Network.TESTNET) == (
        f"{tmp_path}/none.toml: cannot be read (No such file or directory)",
    )


# ---------------------------------------------------------------- sending


async def test_a_fee_is_the_nodes_estimate_between_floor_and_cap() -> None:
    node = FakeNode()
    assert await fee_of(node, a_transfer) == 3_000

    node.estimate = FeeEstimate(1, 40_000, 90_000)
    assert await fee_of(node, a_transfer) == 40_000
    assert await fee_of(node, a_transfer, cap=10_000) == 10_000
    with pytest.raises(DeploymentError, match="at least 3000 uSTX, the cap is 2999"):
        await fee_of(node, a_transfer, cap=2_999)


async def test_what_waits_is_told_apart_from_what_waits_behind_a_gap() -> None:
    node, address = FakeNode(), SENDER.address(Network.DEVNET)
    sent = [sign_transaction(a_transfer(nonce, 3_000), SENDER) for nonce in (0, 1, 3)]
    for one in sent:
        await node.broadcast(one.raw)

    queue = await queue_of(node, address)

    assert queue.next == [sent[0].txid, sent[1].txid]
    assert (queue.nonce, queue.stuck) == (2, True)
    node.mine()
    after = await queue_of(node, address)
    assert (after.nonce, after.next, after.stuck) == (2, [], True)


async def test_what_the_node_does_not_list_stops_the_run() -> None:
    class Forgetful(FakeNode):
        async def mempool_transactions(self, at_most: int = 1_000):  # noqa: ANN202
            del at_most
            return ()

    node = Forgetful()
    await node.broadcast(sign_transaction(a_transfer(0, 3_000), SENDER).raw)

    with pytest.raises(DeploymentError, match=r"up to nonce 0\) that the node does not list"):
        await queue_of(node, SENDER.address(Network.DEVNET))


async def test_a_transaction_is_noted_before_the_node_hears_of_it() -> None:
    node = FakeNode()
    node.fail("broadcast")
    noted: list[str] = []

    with pytest.raises(Exception, match="broadcast got no answer"):
        await send(node, SENDER, a_transfer, nonce=0, note=lambda signed: noted.append(signed.txid))

    assert noted == node.handed_in


async def test_a_refusal_of_the_node_is_told_with_its_reason() -> None:
    node = FakeNode()
    node.refuse("NotEnoughFunds", expected="0x1")

    with pytest.raises(DeploymentError, match="the node refused nonce 0: NotEnoughFunds"):
        await send(node, SENDER, a_transfer, nonce=0)


async def test_a_wait_ends_when_all_is_mined_and_gives_up_in_the_end() -> None:
    node = FakeNode()
    sent = await send(node, SENDER, a_transfer, nonce=0)

    with pytest.raises(DeploymentError, match=r"not mined after 0 s: .* Nothing is lost: run it again"):
        await polling(node, every_s=0, tries=2, nudge=None)([sent.txid])

    async def mine() -> None:
        node.mine()

    await polling(node, every_s=0, tries=1, nudge=mine)([sent.txid])
    assert await check_mined(node, [sent.txid])


async def test_what_was_mined_and_failed_is_told() -> None:
    node = FakeNode()
    sent = await send(node, SENDER, a_transfer, nonce=0)
    node.mine(failing=[sent.txid])

    with pytest.raises(DeploymentError, match="was refused: abort_by_response"):
        await check_mined(node, [sent.txid])


# ---------------------------------------------------------------- the record


def a_plan(name: str = "sender") -> Plan:
    deployer = a_key(name).address(Network.DEVNET)
    return Plan(
        deployment=Deployment(network=Network.DEVNET, deployer=deployer, sbtc_token=DEVNET_TOKEN),
        signers={"quote": [SENDER.public_key]},
        parameters={},
        backend=deployer,
        funded={},
    )


def test_a_record_keeps_what_earlier_runs_sent(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deployment-devnet.json"
    step = Step("send 1 uSTX", Transfer(SENDER.address(Network.DEVNET), 1))
    signed = [sign_transaction(a_transfer(nonce, 3_000), SENDER) for nonce in (0, 1)]

    RecordKeeper(path, a_plan()).note(step, signed[0])
    RecordKeeper(path, a_plan()).note(step, signed[1])

    record = read_record(path)
    assert record is not None
    assert [(one.txid, one.nonce) for one in record.transactions] == [
        (signed[0].txid, 0),
        (signed[1].txid, 1),
    ]
    assert record.verified is None
    assert record.signers == {"quote": [f"0x{SENDER.public_key.hex()}"]}
    assert not path.with_suffix(".tmp").exists()


def test_a_record_of_another_deployment_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "deployment-devnet.json"
    step = Step("send 1 uSTX", Transfer(SENDER.address(Network.DEVNET), 1))
    RecordKeeper(path, a_plan()).note(step, sign_transaction(a_transfer(0, 3_000), SENDER))

    with pytest.raises(DeploymentError, match="move it away first"):
        RecordKeeper(path, a_plan("another"))


def test_a_file_that_is_no_record_is_told(tmp_path: Path) -> None:
    path = tmp_path / "deployment-devnet.json"
    path.write_bytes(msgspec.json.encode({"version": 2}))

    with pytest.raises(DeploymentError, match="is no deployment record"):
        read_record(path)
    assert read_record(tmp_path / "none") is None
