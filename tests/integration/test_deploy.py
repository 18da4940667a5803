"""The contracts come onto a chain once and as planned, however often the run is cut."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from bithedge.cli.exits import Exit
from bithedge.cli.main import main
from bithedge.config import CONFIG_FOLDER
from bithedge.protocol.deploy_record import read_record
from bithedge.protocol.deploy_sending import queue_of
from bithedge.protocol.deploy_sources import published_parameters, source_of
from bithedge.protocol.deploying import Deployer, DeploymentError, Plan, differences
from bithedge.protocol.deployment import POOL, REGISTRY
from bithedge.stacks.clarity import Buffer, StringAscii, UInt
from bithedge.stacks.keys import read_key_file, write_key_file
from bithedge.stacks.transactions import contract_deploy, token_transfer
from tests.fakes.plans import a_filled_plan
from tests.integration.bare_chain import (
    ATTESTORS,
    NETWORK,
    QUOTE,
    STX,
    VOUCHER,
    BareChain,
    Cut,
    CutNode,
    address,
    bare_devnet,
    connected,
    key,
)


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_devnet(tmp_path_factory.mktemp("deploy") / "devnet") as url:
        yield url


@pytest.fixture
async def chain(devnet: str) -> AsyncIterator[BareChain]:
    async with connected(devnet) as chain:
        yield chain


@pytest.fixture
async def deployed(chain: BareChain) -> BareChain:
    await chain.deploy()
    return chain


HEIR = address("cold owner")
STEPS = 13
"""Two contracts, four keys, a number, three seats, STX for the backend, the seal, the new owner."""


def a_plan(chain: BareChain) -> Plan:
    return Plan(
        deployment=chain.deployment,
        signers={
            "quote": [QUOTE.public_key],
            "voucher": [VOUCHER.public_key],
            "attestor": [one.public_key for one in ATTESTORS[:2]],
        },
        parameters={"attestor": 2},
        backend=address("backend"),
        guardian=address("guardian"),
        treasury=address("treasury"),
        owner=HEIR,
        funded={address(f"backend of {chain.deployment.deployer}"): 3 * STX},
    )


async def state_of(chain: BareChain) -> dict[str, object]:
    """What the set-up decides, and how many transactions it took."""
    plan, registry, read = a_plan(chain), chain.deployment.registry, chain.read
    seats = ("owner", "guardian", "treasury", "backend", "pool")
    keys = [(role, one) for role, keys in plan.signers.items() for one in keys]
    state = {
        "sources": [
            await chain.node.contract_source(chain.deployment.contract_id(one)) for one in (REGISTRY, POOL)
        ],
        "seats": [await read(registry, "get-principal", StringAscii(role)) for role in seats],
        "counts": [await read(registry, "get-signer-count", StringAscii(role)) for role in plan.signers],
        "keys": [await read(registry, "is-signer", StringAscii(role), Buffer(one)) for role, one in keys],
        "numbers": [
            await read(registry, "get-parameter", StringAscii(name)) for name in published_parameters()
        ],
        "proposed": await _named_heir(chain),
        "funds": [(await chain.node.account(one)).balance_ustx for one in plan.funded],
        "transactions": (await chain.node.account(chain.deployment.deployer)).nonce,
    }
    return {name: _without(chain.deployment.deployer, value) for name, value in state.items()}


async def _named_heir(chain: BareChain) -> list[str]:
    changes = [await chain.read(chain.deployment.registry, "get-change", UInt(one)) for one in range(1, 20)]
    return [change["who"] for change in changes if isinstance(change, dict)]


def _without(deployer: str, value: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(value).replace(deployer.encode(), b"DEPLOYER"))


async def test_a_run_cut_at_any_step_ends_as_planned_and_sends_nothing_twice(chain: BareChain) -> None:
    uncut = await chain.another("never cut")
    assert await uncut.deploy(a_plan(uncut))
    planned = await state_of(uncut)
    assert planned["transactions"] == STEPS
    assert planned["proposed"] == [HEIR]

    # To the chain, before a step is after the one before it: so the first step's stands for all.
    for at, after in ((0, False), *((step, True) for step in range(STEPS))):
        cut = await chain.another(f"cut {'after' if after else 'before'} {at}")
        node = CutNode(cut.node, at, after=after)
        with pytest.raises(Cut):
            await Deployer(node, cut.deployer, a_plan(cut), cut.wait).deploy()

        assert await cut.deploy(a_plan(cut))

        assert await state_of(cut) == planned, f"cut {'after' if after else 'before'} step {at}"


async def test_a_run_cut_while_it_waits_takes_up_what_is_in_the_mempool(chain: BareChain) -> None:
    chain = await chain.another("cut waiting")

    async def cut(txids: object) -> None:
        raise Cut(txids)

    with pytest.raises(Cut):
        await Deployer(chain.node, chain.deployer, a_plan(chain), cut).deploy()
    waiting = await queue_of(chain.node, chain.deployment.deployer)

    assert len(waiting.next) == 2
    assert await chain.deploy(a_plan(chain))
    assert (await state_of(chain))["transactions"] == STEPS


async def test_a_transaction_that_the_node_forgot_is_made_up_for(chain: BareChain) -> None:
    chain = await chain.another("forgotten")
    lost: list[str] = []

    async def cut(txids: list[str]) -> None:
        if len(txids) > 2:
            lost.extend(await chain.control.drop(txids[:1]))
            raise Cut
        await chain.wait(txids)

    with pytest.raises(Cut):
        await Deployer(chain.node, chain.deployer, a_plan(chain), cut).deploy()
    assert (await queue_of(chain.node, chain.deployment.deployer)).stuck

    assert await chain.deploy(a_plan(chain))

    assert len(lost) == 1
    assert (await state_of(chain))["transactions"] == STEPS


async def test_a_second_run_finds_nothing_to_do(deployed: BareChain) -> None:
    before = (await deployed.node.account(deployed.deployment.deployer)).nonce

    assert not await deployed.deploy()

    assert (await deployed.node.account(deployed.deployment.deployer)).nonce == before
    assert await differences(deployed.node, deployed.plan()) == ()


async def test_a_preview_tells_every_step_with_its_fee_and_sends_nothing(chain: BareChain) -> None:
    chain = await chain.another("previewed")

    steps = await Deployer(chain.node, None, a_plan(chain), chain.wait).preview()

    assert len(steps) == STEPS
    assert [step.effect.split()[0] for step, _ in steps] == [
        *("publish", "publish", "register", "register", "register", "register"),
        *("set", "make", "make", "make", "send", "seal", "propose"),
    ]
    assert all(fee >= 3_000 for _, fee in steps)
    queue = await queue_of(chain.node, chain.deployment.deployer)
    assert (queue.nonce, queue.next) == (0, [])


async def test_a_name_that_holds_another_source_is_left_alone(chain: BareChain) -> None:
    chain = await chain.another("another source")
    taken = contract_deploy(
        NETWORK,
        sender=chain.deployment.deployer,
        nonce=0,
        fee=10_000,
        name=REGISTRY,
        code="(define-read-only (get-nothing) u0)",
        clarity_version=4,
    )
    await chain.send(taken)

    with pytest.raises(DeploymentError, match="another source: use another deployer"):
        await chain.deploy(a_plan(chain))
    assert await differences(chain.node, a_plan(chain)) == (
        "policy-registry has another source than this release",
        "liquidity-pool is not published",
    )


async def test_what_governance_changed_stays_and_is_told(deployed: BareChain) -> None:
    plan = msgspec.structs.replace(
        deployed.plan(parameters={"grace": 288}), treasury=address("another treasury")
    )

    assert not await deployed.deploy(plan)

    assert await differences(deployed.node, plan) == (
        "grace is 1008, the plan says 288",
        f"the treasury is {address('treasury')}, the plan says {address('another treasury')}",
    )


async def test_a_set_up_sealed_to_other_attestors_is_refused(deployed: BareChain) -> None:
    plan = deployed.plan()
    strange = {**plan.signers, "attestor": [key("stranger").public_key]}

    with pytest.raises(DeploymentError, match=r"attestor key \w+ is not registered"):
        await deployed.deploy(msgspec.structs.replace(plan, signers=strange))


async def test_a_step_that_the_node_refuses_ends_the_run_with_its_reason(chain: BareChain) -> None:
    chain = await chain.another("poor")
    held = (await chain.node.account(chain.deployment.deployer)).balance_ustx
    away = token_transfer(
        NETWORK,
        sender=chain.deployment.deployer,
        nonce=0,
        fee=3_000,
        recipient=address("nobody"),
        amount=held - 10_000,
    )
    await chain.send(away)

    with pytest.raises(DeploymentError, match="NotEnoughFunds"):
        await chain.deploy(a_plan(chain))


# ---------------------------------------------------------------- the command


@pytest.fixture
def words(devnet: str, tmp_path: Path, request: pytest.FixtureRequest) -> list[str]:
    """The command's options, with a deployer of the test's own."""
    name = f"deployer of {request.node.name}"

    async def fund() -> None:
        async with connected(devnet) as chain:
            await chain.fund(name, stx=4_000 * STX)

    asyncio.run(fund())
    write_key_file(tmp_path / "deployer", key(name))
    return ["--node-url", devnet, "--data", str(tmp_path / "data"), "--key", str(tmp_path / "deployer")]


def test_the_command_deploys_verifies_and_writes_a_record(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], devnet: str
) -> None:
    assert main(["deploy", *words, "--dry-run"]) == Exit.DONE
    told = capsys.readouterr().out
    assert " 14. seal the set-up with " in told
    assert "14 transactions" in told
    assert not (tmp_path / "data" / "deployment-devnet.json").exists()
    assert _nonce(devnet, tmp_path) == 0

    assert main(["deploy", *words]) == Exit.DONE
    assert "Verified: sources, keys, numbers and seats are as planned." in capsys.readouterr().out
    record = read_record(tmp_path / "data" / "deployment-devnet.json")
    assert record is not None
    assert record.verified is not None
    deployer = read_key_file(tmp_path / "deployer").address(NETWORK)
    assert record.deployer == deployer
    assert [one.nonce for one in record.transactions] == list(range(14))
    assert record.verified.parameters["sale-age"] == 12
    assert record.verified.seats["owner"] == deployer
    source = source_of(POOL, record.deployment).encode()
    assert record.contracts[POOL].source_sha256 == hashlib.sha256(source).hexdigest()

    assert main(["deploy", *words]) == Exit.DONE
    again = capsys.readouterr().out
    assert "Nothing is left to do." in again
    assert "sent" not in again
    assert _nonce(devnet, tmp_path) == 14


def test_the_command_tells_what_is_not_as_planned(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deploy", *words]) == Exit.DONE
    plan = (CONFIG_FOLDER / "deployments" / "devnet.toml").read_text()
    (tmp_path / "plan.toml").write_text(plan.replace("sale-age = 12", "sale-age = 6"))

    assert main(["deploy", *words, "--plan", str(tmp_path / "plan.toml")]) == Exit.FAILED

    assert "sale-age is 12, the plan says 6" in capsys.readouterr().err


def test_a_data_folder_keeps_the_record_of_one_deployment(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deploy", *words]) == Exit.DONE
    capsys.readouterr()

    assert main(["deploy", *words[:4]]) == Exit.FAILED

    told = capsys.readouterr().err
    assert "is the record of" in told
    assert "move it away first" in told


@pytest.mark.parametrize("network", ["testnet", "mainnet"])
def test_a_plan_that_is_not_filled_in_is_told_before_anything_is_asked(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--network", network, "--node-url", "http://127.0.0.1:1", "--data", str(tmp_path / "data")]

    assert main(["deploy", *words, "--dry-run"]) == Exit.CONFIGURATION

    told = capsys.readouterr().err
    assert "deployer: still to be filled in" in told
    assert "seats.owner: still to be filled in" in told
    assert "signers.quote: the data folder has no key quote: `run.py keys new quote`" in told


def test_the_testnets_plan_once_filled_in_takes_eighteen_transactions(
    devnet: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = a_filled_plan("testnet", tmp_path)  # a devnet speaks like the testnet
    words = ["--network", "testnet", "--node-url", devnet, "--data", str(tmp_path / "data")]

    assert main(["deploy", *words, "--plan", str(plan), "--dry-run"]) == Exit.DONE

    told = capsys.readouterr().out
    assert "18 transactions of ST" in told
    assert " 17. seal the set-up with " in told
    assert " 18. propose ST" in told
    assert main(["deploy", *words, "--plan", str(plan)]) == Exit.USAGE
    assert "give the deployer's --key FILE" in capsys.readouterr().err


def test_a_node_of_another_network_is_refused(
    devnet: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = a_filled_plan("mainnet", tmp_path)
    words = ["--network", "mainnet", "--node-url", devnet, "--data", str(tmp_path / "data")]

    assert main(["deploy", *words, "--plan", str(plan), "--dry-run"]) == Exit.CONFIGURATION

    assert "is of chain 2147483648, mainnet is 1" in capsys.readouterr().err


def _nonce(url: str, folder: Path) -> int:
    async def ask() -> int:
        async with connected(url) as chain:
            sender = read_key_file(folder / "deployer").address(NETWORK)
            return (await chain.node.account(sender)).nonce

    return asyncio.run(ask())
