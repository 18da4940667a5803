"""No daemon runs here: a holder is paid and providers leave by a key, a node and public prices alone."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bithedge.devnet.binary import find_node
from bithedge.stacks.clarity import Buffer, List, StringAscii, UInt
from bithedge.stacks.keys import PrivateKey, write_key_file
from bithedge.stacks.liabilities import Leaf, LiabilityTree
from bithedge.stacks.messages import Attestation, Quote, Reading, Terms
from tests.integration.bare_chain import (
    ATTESTORS,
    BTC,
    NETWORK,
    QUOTE,
    BareChain,
    address,
    bare_devnet,
    connected,
    key,
)

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "without-us" / "bithedge.mjs"
STRIKE, SPOT = 6_000_000_000_000, 6_500_000_000_000
AMOUNT, MAX_PAYOUT, PREMIUM, FEE = 10_000_000, 5_000_000, 300_000, 15_000
FLOOR = STRIKE * AMOUNT // (AMOUNT + MAX_PAYOUT)
DEPOSIT = 2 * BTC
TENOR = 144
REQUEST_LIFE, GRACE, SILENCE = 12, 1_008, 4_320
FOR_EVER_S = 2**40


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with bare_devnet(tmp_path_factory.mktemp("without us") / "devnet", block_time_s=0.2) as url:
        yield url


class Alone:
    """A holder and two providers, whose daemon is gone; the test is the attestors and the miners."""

    def __init__(self, chain: BareChain, name: str, folder: Path, node: Path) -> None:
        self.chain = chain
        self.name = name
        self._folder = folder
        self._node = node
        self.holder = key(f"{name} holder")
        self.providers = (key(f"{name} provider 1"), key(f"{name} provider 2"))

    async def begin(self) -> None:
        """Deploy, deposit and leave; what the daemon did for a purchase is done by `sold`."""
        chain = self.chain
        await chain.deploy()
        await chain.fund(f"{self.name} holder", sbtc=BTC)
        for number, provider in enumerate(self.providers, 1):
            await chain.fund(f"{self.name} provider {number}", sbtc=DEPOSIT)
            amount = (UInt(DEPOSIT), StringAscii("balanced"))
            await chain.must(provider, chain.deployment.pool, "deposit-funds", *amount)
        for who, secret in (("holder", self.holder), ("stranger", key("stranger"))):
            write_key_file(self._folder / who, secret)
        await chain.fund("stranger")

    async def sold(self, number: int = 1) -> int:
        """Sell the holder a put, the last thing the daemon did; return its id."""
        chain, registry = self.chain, self.chain.deployment.registry
        height = await chain.height()
        terms = Terms(
            quote_id=number.to_bytes(16, "big"),
            owner=self.holder.address(NETWORK),
            option="put",
            strike=STRIKE,
            amount=AMOUNT,
            collateral=MAX_PAYOUT,
            premium=PREMIUM,
            fee=FEE,
            tier="balanced",
            expiry=height + TENOR,
            valid_until=height + 2,
            valid_until_time=FOR_EVER_S,
        )
        quote = Quote(contract=registry, terms=terms)
        reading = Reading(
            contract=registry, quote_id=terms.quote_id, id=quote.sale_id(NETWORK), price=SPOT, height=height
        )
        signed = (
            terms.to_clarity(),
            List((Buffer(QUOTE.sign(quote.digest(NETWORK))),)),
            UInt(SPOT),
            UInt(height),
            List(tuple(Buffer(one.sign(reading.digest(NETWORK))) for one in ATTESTORS[:2])),
        )
        await chain.must(self.holder, chain.deployment.pool, "buy-policy", *signed)
        found = await chain.read(registry, "get-policy-count")
        assert isinstance(found, int)
        return found

    def attested(self, price: int, height: int, signers: tuple[PrivateKey, ...] = ATTESTORS[:2]) -> str:
        """Write the public price of a height to a file, as the attestors publish it."""
        message = Attestation(contract=self.chain.deployment.registry, price=price, height=height)
        digest = message.digest(NETWORK)
        signatures = [
            {"public_key": "0x" + one.public_key.hex(), "signature": "0x" + one.sign(digest).hex()}
            for one in signers
        ]
        path = self._folder / f"price-{price}-{height}-{len(signers)}.json"
        body = {"price_usd_e8": price, "height": height, "threshold": 2, "attestations": signatures}
        path.write_text(json.dumps(body))
        return str(path)

    def run(self, word: str, *options: str, who: str = "stranger") -> subprocess.CompletedProcess[str]:
        command = [str(self._node), str(SCRIPT), word, *options, "--send", "--wait", "20"]
        where = ["--node", self.chain.url, "--contracts", self.chain.deployment.deployer]
        return subprocess.run(  # noqa: S603 - our own script
            [*command, *where, "--key", str(self._folder / who)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )

    def must(self, word: str, *options: str, who: str = "stranger") -> str:
        done = self.run(word, *options, who=who)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, word: str, *options: str, who: str = "stranger") -> str:
        done = self.run(word, *options, who=who)
        assert done.returncode == 1, done.stdout
        assert "sent 0x" not in done.stdout
        return done.stderr

    async def holds(self) -> int:
        return await self.chain.sbtc(self.holder.address(NETWORK))

    async def totals(self) -> dict[str, int]:
        found = await self.chain.read(self.chain.deployment.pool, "get-pool-totals")
        assert isinstance(found, dict)
        return found


@pytest.fixture
async def alone(devnet: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Alone]:
    async with connected(devnet) as first:
        name = request.node.name
        scene = Alone(await first.another(f"deployer of {name}"), name, tmp_path, await find_node())
        await scene.begin()
        yield scene


async def test_a_holder_exercises_at_the_price_of_the_next_height(alone: Alone) -> None:
    policy = str(await alone.sold())
    before = await alone.holds()
    assert "only its owner may request" in alone.refused("request", "--policy", policy)
    await alone.chain.control.mine_burn_blocks(3)

    said = alone.must("request", "--policy", policy, "--min-payout", "1000000", who="holder")
    asked = int(said.split("requested at height ")[1].split(":")[0])
    await alone.chain.reach(asked + 2)

    price = STRIKE * 4 // 5
    wrong = alone.refused("settle", "--policy", policy, "--attestation", alone.attested(price, asked + 2))
    assert "no rule takes this price" in wrong
    unsigned = alone.attested(price, asked + 1, ATTESTORS[:1])
    few = alone.refused("settle", "--policy", policy, "--attestation", unsigned)
    assert "not signed by enough registered attestors" in few
    assert await alone.holds() == before

    alone.must("settle", "--policy", policy, "--attestation", alone.attested(price, asked + 1))

    assert await alone.holds() == before + AMOUNT * (STRIKE - price) // price
    assert "it is settled" in alone.refused(
        "settle", "--policy", policy, "--attestation", alone.attested(price, asked + 1)
    )


async def test_a_holder_is_paid_all_at_a_touch_by_anybodys_hand(alone: Alone) -> None:
    policy = str(await alone.sold())
    before = await alone.holds()
    touched = await alone.chain.height() + 5
    await alone.chain.reach(touched + 40)

    above = alone.refused("settle", "--policy", policy, "--attestation", alone.attested(FLOOR + 1, touched))
    assert "no rule takes this price" in above
    said = alone.must("settle", "--policy", policy, "--attestation", alone.attested(FLOOR, touched))

    assert 'by the rule "touch"' in said
    assert await alone.holds() == before + MAX_PAYOUT


async def test_a_holder_is_paid_after_expiry_and_what_owes_nothing_is_set_free(alone: Alone) -> None:
    paying, owing_nothing = str(await alone.sold(1)), str(await alone.sold(2))
    expiry = (await alone.chain.height()) + TENOR
    before = await alone.holds()
    price = STRIKE * 9 // 10
    await alone.chain.reach(expiry)
    early = alone.refused("settle", "--policy", paying, "--attestation", alone.attested(price, expiry))
    assert "no rule takes this price" in early
    await alone.chain.reach(expiry + 1)

    alone.must("settle", "--policy", paying, "--attestation", alone.attested(price, expiry))

    assert await alone.holds() == before + AMOUNT * (STRIKE - price) // price
    free = ["--policies", f"{paying},{owing_nothing}", "--attestation", alone.attested(STRIKE, expiry)]
    assert "nothing is due" in alone.refused("release", *free)
    await alone.chain.reach(expiry + REQUEST_LIFE + 1)
    assert f"released {owing_nothing}" in alone.must("release", *free)
    assert (await alone.totals())["locked"] == 0


async def test_what_nobody_claimed_is_set_free_without_a_price_after_the_grace(alone: Alone) -> None:
    policy = str(await alone.sold())
    expiry = (await alone.chain.height()) + TENOR
    await alone.chain.reach(expiry + GRACE)
    assert "nothing is due" in alone.refused("release", "--policies", policy)
    await alone.chain.reach(expiry + GRACE + 1)

    alone.must("release", "--policies", policy)

    assert (await alone.totals())["locked"] == 0


async def test_providers_leave_after_the_silence_though_no_root_was_ever_published(alone: Alone) -> None:
    policy = str(await alone.sold())
    await alone.chain.control.mine_burn_blocks(1)
    first, second = (provider.address(NETWORK) for provider in alone.providers)
    before = await alone.chain.sbtc(address("treasury"))
    at = await _last_sign_of_life(alone)
    assert "the pool is open" in alone.refused("escape", "--provider", first)
    await alone.chain.reach(at + SILENCE)
    assert f"wait for height {at + SILENCE + 1}" in alone.refused("open-escape")
    await alone.chain.reach(at + SILENCE + 1)

    alone.must("open-escape")
    alone.must("release", "--policies", policy)
    for provider in (first, second, address("treasury")):
        alone.must("escape", "--provider", provider)

    # Without a root a claim is what was put in, and what the pool earned beside it is shared alike.
    vault, claims = 2 * DEPOSIT + PREMIUM, 2 * DEPOSIT + FEE
    assert await alone.chain.sbtc(first) == DEPOSIT * vault // claims
    assert await alone.chain.sbtc(second) == DEPOSIT * vault // claims
    assert await alone.chain.sbtc(address("treasury")) == before + FEE * vault // claims
    assert (await alone.totals())["available"] <= len(alone.providers)
    assert "nothing is due now" in alone.refused("escape", "--provider", first)
    assert "the way out is open already" in alone.refused("open-escape")


async def test_providers_leave_by_the_last_root_with_the_exact_sats_of_their_leaves(
    alone: Alone, tmp_path: Path
) -> None:
    policy = str(await alone.sold())
    await alone.chain.control.mine_burn_blocks(2)
    earned = PREMIUM - FEE
    first, second = (provider.address(NETWORK) for provider in alone.providers)
    leaves = [
        Leaf(first, DEPOSIT + earned // 3, DEPOSIT, 0),
        Leaf(second, DEPOSIT + earned - earned // 3, DEPOSIT, 0),
        Leaf(address("treasury"), FEE, FEE, 0),
    ]
    tree = LiabilityTree(leaves)
    as_of = await alone.chain.height() - 1
    sums = (2 * DEPOSIT + PREMIUM, 2 * DEPOSIT + FEE, 0, as_of)
    await alone.chain.fund("backend")
    root = (Buffer(tree.root), *(UInt(one) for one in sums))
    await alone.chain.must(key("backend"), alone.chain.deployment.pool, "publish-liabilities", *root)
    await alone.chain.reach(await _last_sign_of_life(alone) + SILENCE + 1)
    before = await alone.chain.sbtc(address("treasury"))

    alone.must("open-escape")
    alone.must("release", "--policies", policy)
    forged = _leaf_file(tmp_path, tree, Leaf(first, 2 * DEPOSIT, DEPOSIT, 0))
    told = alone.refused("escape", "--provider", first, "--leaf", forged)
    assert "the leaf is not under the last root" in told
    assert "the leaf is not under the last root" in alone.refused("escape", "--provider", first)
    for leaf in leaves:
        alone.must("escape", "--provider", leaf.provider, "--leaf", _leaf_file(tmp_path, tree, leaf))

    assert await alone.chain.sbtc(first) == DEPOSIT + earned // 3
    assert await alone.chain.sbtc(second) == DEPOSIT + earned - earned // 3
    assert await alone.chain.sbtc(address("treasury")) == before + FEE
    assert (await alone.totals())["available"] == 0


async def test_nothing_is_sent_unless_asked_and_a_key_that_others_can_read_is_not_used(
    alone: Alone, tmp_path: Path
) -> None:
    policy = str(await alone.sold())
    words = [str(SCRIPT), "request", "--policy", policy, "--node", alone.chain.url]
    node = shutil.which("node") or str(await find_node())
    shown = subprocess.run(  # noqa: S603, ASYNC221 - our own script
        [node, *words, "--contracts", alone.chain.deployment.deployer],
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "holder").chmod(0o644)

    assert "nothing was sent: add --send" in shown.stdout
    assert "others can read it" in alone.refused("request", "--policy", policy, who="holder")
    assert await alone.chain.read(alone.chain.deployment.registry, "get-request", UInt(int(policy))) is None


async def _last_sign_of_life(alone: Alone) -> int:
    found = await alone.chain.read(alone.chain.deployment.pool, "get-liabilities")
    assert isinstance(found, dict)
    return found["at"]


def _leaf_file(folder: Path, tree: LiabilityTree, leaf: Leaf) -> str:
    proof = tree.proof(leaf.provider)
    body = {
        "leaf": {
            "equity_sats": leaf.equity,
            "deposited_sats": leaf.deposited,
            "withdrawn_sats": leaf.withdrawn,
        },
        "proof": [{"sibling": "0x" + step.sibling.hex(), "left": step.left} for step in proof],
        "root": "0x" + tree.root.hex(),
    }
    path = folder / f"leaf-{leaf.provider}-{leaf.equity}.json"
    path.write_text(json.dumps(body))
    return str(path)
