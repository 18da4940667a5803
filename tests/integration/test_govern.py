"""Each act of governance: told before it is signed, done on chain, refused where the registry refuses it."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from bithedge.cli.exits import Exit
from bithedge.cli.main import main
from bithedge.protocol.governing import (
    Act,
    Cancel,
    Execute,
    GovernanceError,
    Pause,
    ProposeKey,
    ProposeParameter,
    ProposeSeat,
    RemoveKey,
    Resume,
    rule_on,
)
from bithedge.protocol.governing_state import Registry, Standing
from bithedge.stacks.clarity import Buffer, Principal, StringAscii, UInt
from bithedge.stacks.keys import PrivateKey, write_key_file
from tests.integration.bare_chain import (
    ATTESTORS,
    NETWORK,
    QUOTE,
    SPARE_QUOTE,
    VOUCHER,
    BareChain,
    address,
    bare_devnet,
    connected,
    key,
)

T = TypeVar("T")
PEOPLE = ("guardian", "new guardian", "new owner", "stranger")
NEW_KEY = key("a new quote key").public_key
TIMELOCK = 144
SET_UP = 10
"""Changes that the set-up makes: six keys, a number, three seats."""
FIRST, SECOND = SET_UP + 1, SET_UP + 2


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_devnet(tmp_path_factory.mktemp("govern") / "devnet") as url:
        yield url


class Scene:
    """Contracts of a deployer of the test's own, and the command line in the hands of anybody."""

    def __init__(self, url: str, folder: Path, owner: PrivateKey, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self.folder = folder
        self.owner = owner
        self._capsys = capsys
        for name in PEOPLE:
            write_key_file(folder / name, key(name))
        write_key_file(folder / "owner", owner)

    def do(self, work: Callable[[BareChain], Awaitable[T]]) -> T:
        async def run() -> T:
            async with connected(self.url) as chain:
                return await work(BareChain(chain.url, chain.session, self.owner))

        return asyncio.run(run())

    def govern(self, who: str, *words: str, agree: Sequence[str] = ("--yes",)) -> tuple[int, str]:
        """Return the exit code and all that was said."""
        where = ["--node-url", self.url, "--set", f"contracts.deployer={self.owner.address(NETWORK)}"]
        hand = [] if words[0] == "show" else ["--key", str(self.folder / who), *agree]
        code = main(["govern", *words, *hand, *where])
        said = self._capsys.readouterr()
        return code, said.out + said.err

    def must(self, who: str, *words: str) -> str:
        code, said = self.govern(who, *words)
        assert code == Exit.DONE, said
        return said

    def refused(self, who: str, *words: str) -> str:
        nonce = self.nonce(who)
        code, said = self.govern(who, *words)
        assert code == Exit.FAILED, said
        assert self.nonce(who) == nonce, "it was sent all the same"
        return said

    def nonce(self, who: str) -> int:
        sender = (self.owner if who == "owner" else key(who)).address(NETWORK)

        async def ask(chain: BareChain) -> int:
            return (await chain.node.account(sender)).nonce

        return self.do(ask)

    def read(self, function: str, *arguments: object) -> object:
        return self.do(lambda chain: chain.read(chain.deployment.registry, function, *arguments))

    def principal(self, role: str) -> object:
        return self.read("get-principal", StringAscii(role))

    def pass_blocks(self, blocks: int) -> None:
        self.do(lambda chain: chain.control.mine_burn_blocks(blocks))


@pytest.fixture
def scene(
    devnet: str, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Scene:
    async def set_up() -> PrivateKey:
        async with connected(devnet) as first:
            chain = await first.another(f"owner of {request.node.name}")
            await chain.deploy()
            for name in PEOPLE:
                await chain.fund(name)
            return chain.deployer

    return Scene(devnet, tmp_path, asyncio.run(set_up()), capsys)


def test_a_number_changes_after_the_timelock_and_not_a_block_before(scene: Scene) -> None:
    said = scene.must("owner", "propose", "parameter", "grace", "288")

    assert "grace goes from 1008 to 288: blocks after expiry before a release needs no price." in said
    assert "(in 144 blocks, about 24 hours), by the owner" in said
    assert f"the guardian {address('guardian')} or the owner" in said
    change = said.rsplit("change ", 1)[1].split()[0]

    scene.pass_blocks(TIMELOCK - 2)
    early = scene.refused("owner", "execute", change)
    assert "u124 TIMELOCK" in early
    assert "(in " in early

    scene.pass_blocks(3)
    assert "grace becomes 288" in scene.must("owner", "execute", change)
    assert scene.read("get-parameter", StringAscii("grace")) == 288
    assert "u123 UNKNOWN_CHANGE" in scene.refused("owner", "execute", change)


def test_a_key_is_registered_after_the_timelock_and_taken_away_at_once(scene: Scene) -> None:
    said = scene.must("owner", "propose", "key", "quote", f"0x{NEW_KEY.hex()}")
    change = said.rsplit("change ", 1)[1].split()[0]
    scene.pass_blocks(TIMELOCK)
    scene.must("owner", "execute", change)
    assert scene.read("is-signer", StringAscii("quote"), Buffer(NEW_KEY)) is True

    said = scene.must("guardian", "remove-key", "quote", f"0x{NEW_KEY.hex()}")

    assert "quote then has 2 keys; 1 must sign." in said
    assert scene.read("is-signer", StringAscii("quote"), Buffer(NEW_KEY)) is False


def test_the_owners_seat_passes_in_two_steps(scene: Scene) -> None:
    old, new = scene.owner.address(NETWORK), address("new owner")
    said = scene.must("owner", "propose", "seat", "owner", new)
    assert f"by the new owner {new}, who so accepts" in said
    change = said.rsplit("change ", 1)[1].split()[0]
    scene.pass_blocks(TIMELOCK)

    assert f"Only {new} may execute it, not {old}" in scene.refused("owner", "execute", change)
    assert scene.principal("owner") == old

    scene.must("new owner", "execute", change)
    assert scene.principal("owner") == new
    assert "u100 NOT_OWNER" in scene.refused("owner", "propose", "parameter", "grace", "288")
    scene.must("new owner", "propose", "parameter", "grace", "288")


def test_the_backend_is_switched_off_at_once_and_another_waits(scene: Scene) -> None:
    owner = scene.owner.address(NETWORK)
    assert "takes effect at once" in scene.must("owner", "propose", "seat", "backend", owner)
    assert scene.principal("backend") == owner

    scene.must("owner", "propose", "seat", "backend", address("backend"))
    assert scene.principal("backend") == owner


def test_the_guardian_voids_all_proposals_but_the_one_for_its_own_seat(scene: Scene) -> None:
    scene.must("owner", "propose", "parameter", "grace", "288")
    scene.must("owner", "propose", "seat", "guardian", address("new guardian"))

    said = scene.must("guardian", "cancel")

    assert "(grace becomes 288)" in said
    assert "The guardian cannot void what names its successor" in said
    shown = scene.must("owner", "show")
    first, second = [line.strip() for line in shown.splitlines() if " change " in line]
    assert first.endswith("grace becomes 288; voided")
    assert "becomes the guardian; ready from height" in second
    scene.pass_blocks(TIMELOCK)
    assert "It was voided" in scene.refused("owner", "execute", first.split()[1].rstrip(":"))
    scene.must("owner", "execute", second.split()[1].rstrip(":"))
    assert scene.principal("guardian") == address("new guardian")


def test_a_pause_ends_by_itself_or_by_a_word_and_rests_after(scene: Scene) -> None:
    assert "u103 NOT_GUARDIAN" in scene.refused("owner", "pause", "settlements", "10")
    assert "A pause lasts 1 to 180 blocks, not 181." in scene.refused(
        "guardian", "pause", "settlements", "181"
    )

    said = scene.must("guardian", "pause", "settlements", "100")
    assert "Settlements stop at once, until height" in said
    assert "(in 100 blocks, about 16 hours)" in said
    assert scene.read("is-paused", StringAscii("settlements")) is True

    assert "go on at once" in scene.must("owner", "resume", "settlements")
    assert scene.read("is-paused", StringAscii("settlements")) is False
    assert "settlements is not paused" in scene.refused("owner", "resume", "settlements")
    assert "u128 PAUSE_LIMIT" in scene.refused("guardian", "pause", "settlements", "1")
    scene.must("guardian", "pause", "sales", "5")
    scene.must("guardian", "pause", "sales", "5")


def test_a_dry_run_and_a_no_send_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = scene.nonce("owner")

    code, said = scene.govern("owner", "propose", "parameter", "grace", "288", agree=["--dry-run"])
    assert code == Exit.DONE
    assert "A dry run: nothing is sent." in said
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    code, said = scene.govern("owner", "propose", "parameter", "grace", "288", agree=[])
    assert (code, "nothing was sent" in said) == (Exit.FAILED, True)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, said = scene.govern("owner", "propose", "parameter", "grace", "288", agree=[])
    assert (code, "give --yes" in said) == (Exit.USAGE, True)
    assert scene.nonce("owner") == nonce

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, said = scene.govern("owner", "propose", "parameter", "grace", "288", agree=[])
    assert (code, "Done: it is change" in said) == (Exit.DONE, True)


def test_an_owner_of_several_keys_is_told_the_call_to_sign(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = scene.owner.address(NETWORK)
    words = ["--as", owner, "--node-url", scene.url, "--set", f"contracts.deployer={owner}"]

    code = main(["govern", "propose", "parameter", "grace", "288", *words])

    said = capsys.readouterr().out
    assert code == Exit.DONE
    assert f"{owner}.policy-registry propose-parameter 0x0d00000005" in said
    assert f"For {owner} to sign; nothing is sent." in said


async def test_what_is_refused_here_the_registry_refuses_by_the_same_number(devnet: str) -> None:
    async with connected(devnet) as first:
        chain = await first.another("parity")
        await chain.deploy()
        people = {
            "owner": chain.deployer,
            "guardian": await chain.fund("guardian"),
            "stranger": await chain.fund("stranger"),
        }
        judge = Judge(chain)
        for step in _acts(people["stranger"].address(NETWORK)):
            if isinstance(step, int):
                await judge.pass_blocks(step)
            else:
                await judge.judge(people[step[0]], step[1])
    assert judge.refused == {100, 103, 121, 122, 123, 124, 125, 126, 128}


def _acts(stranger: str) -> Iterator[tuple[str, Act] | int]:
    """Everything that may be refused, by those it is refused to; a number lets blocks pass."""
    for who in ("stranger", "guardian", "owner"):
        yield who, ProposeParameter("grace", 143)
        yield who, ProposeParameter("no-such", 1)
        yield who, ProposeKey("attestor", bytes(33))
        yield who, ProposeKey("backend", NEW_KEY)
        yield who, ProposeSeat("pool", stranger)
        yield who, RemoveKey("voucher", VOUCHER.public_key, registered=True)
        yield who, RemoveKey("quote", NEW_KEY, registered=False)
        yield who, Resume("sales")
        yield who, Pause("sales", 181)
        yield who, Pause("everything", 1)
    yield "owner", ProposeSeat("owner", stranger)
    yield "owner", ProposeParameter("attestor", 7)
    yield "guardian", Pause("withdrawals", 20)
    yield "stranger", Resume("withdrawals")
    yield "stranger", Cancel()
    yield "owner", RemoveKey("attestor", ATTESTORS[0].public_key, registered=True)
    yield "owner", RemoveKey("attestor", ATTESTORS[1].public_key, registered=True)
    yield from (("owner", Execute(change)) for change in (1, FIRST, SECOND, 999))
    yield from (("stranger", Execute(change)) for change in (FIRST, SECOND))
    yield TIMELOCK
    yield "guardian", Pause("withdrawals", 1)
    yield from (("owner", Execute(change)) for change in (FIRST, SECOND))
    yield "guardian", Cancel()
    yield from (("stranger", Execute(change)) for change in (FIRST, SECOND))
    yield from (("owner", Execute(change)) for change in (FIRST, SECOND))
    yield "owner", ProposeParameter("grace", 288)
    yield "guardian", RemoveKey("quote", QUOTE.public_key, registered=True)
    yield "owner", RemoveKey("quote", SPARE_QUOTE.public_key, registered=True)
    yield TIMELOCK + 1_010
    yield "owner", Execute(SECOND + 1)


class Judge:
    """Compares our judgement of an act with the registry's."""

    def __init__(self, chain: BareChain) -> None:
        self.refused: set[int] = set()
        self._chain = chain
        self._registry = Registry(chain.node, chain.deployment)
        self._standing: Standing | None = None

    async def pass_blocks(self, blocks: int) -> None:
        await self._chain.control.mine_burn_blocks(blocks)
        self._standing = None

    async def judge(self, signer: PrivateKey, act: Act) -> None:
        self._standing = self._standing or await self._registry.standing()
        ours: int | None = None
        try:
            rule_on(act, self._standing, signer.address(NETWORK))
        except GovernanceError as error:
            ours = error.number
            self.refused.add(ours)
        function, arguments = _call_of(act)
        found = await self._chain.call(signer, self._chain.deployment.registry, function, *arguments)
        assert found.result is not None
        theirs = None if found.succeeded else int(found.result.repr.removeprefix("(err u").removesuffix(")"))
        assert ours == theirs, f"{signer.address(NETWORK)}: {act}"
        if theirs is None:
            self._standing = None


def _call_of(act: Act) -> tuple[str, tuple[object, ...]]:
    match act:
        case ProposeSeat(seat, who):
            return "propose-principal", (StringAscii(seat), Principal.parse(who))
        case ProposeKey(role, public_key):
            return "propose-signer", (StringAscii(role), Buffer(public_key))
        case ProposeParameter(name, value):
            return "propose-parameter", (StringAscii(name), UInt(value))
        case Execute(change):
            return "execute-change", (UInt(change),)
        case Cancel():
            return "cancel-changes", ()
        case RemoveKey(role, public_key, _):
            return "remove-signer", (StringAscii(role), Buffer(public_key))
        case Pause(what, blocks):
            return "pause", (StringAscii(what), UInt(blocks))
        case Resume(what):
            return "resume", (StringAscii(what),)
