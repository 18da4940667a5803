"""The read models: the same after a restart, and the same again from the journal alone."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator

from tests.integration.client import BTC, Client, Json, usd
from tests.integration.serving import ROOT, Daemon

FALLEN = usd(58_000)
REPLAY_S = 60.0


async def a_busy_day(client: Client) -> list[str]:
    """Let one of everything happen; return the paths that show it."""
    provider, owner, other = [await client.wallet() for _ in range(3)]
    await client.deposit(provider, BTC)
    await client.deposit(other, 2 * BTC, "aggressive")
    exercised, kept = await client.buy(owner), await client.buy(owner, strike_usd_e8=usd(60_000))
    ended = await client.buy(owner, tenor_blocks=144, strike_usd_e8=usd(50_000))
    await client.mine()
    await client.price(FALLEN)
    await client.activate(owner, exercised)
    await client.wait_policy(exercised["quote_id"], "settled")
    await client.price(usd(66_000))
    withdrawal = await client.withdraw(provider, BTC // 10)
    await client.mine_to(ended["expiry_height"] + 13)
    await client.wait_policy(ended["quote_id"], "expired")
    await client.caught_up()
    paths = [
        "/v1/pool",
        "/v1/tiers",
        "/v1/policies?limit=200",
        "/v1/transactions?limit=200",
        "/v1/oracle/attestation",
        f"/v1/withdrawals/{withdrawal['withdrawal_id']}",
    ]
    for policy in (exercised, kept, ended):
        name = policy["quote_id"]
        paths += [f"/v1/policies/{name}", f"/v1/policies/{name}/events", f"/v1/policies/{name}/backing"]
    for wallet in (provider, other):
        at = f"/v1/providers/{wallet.address}"
        paths += [at, f"{at}/ledger?limit=200", f"{at}/backing?limit=200"]
    return paths


async def shown(client: Client, paths: list[str]) -> dict[str, Json]:
    return {path: await client.get(path) for path in paths}


async def test_every_read_answers_the_same_after_a_restart(
    fresh_daemon: Callable[..., Daemon], connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    daemon = fresh_daemon()
    client = await connect(daemon)
    paths = await a_busy_day(client)
    before, blocks = await shown(client, paths), await client.get("/v1/blocks?limit=1")

    daemon.restart()

    client = await connect(daemon)
    await client.caught_up()
    after = await shown(client, paths)
    for path in paths:
        assert _standing(after[path]) == _standing(before[path]), path
    later = await client.get("/v1/blocks?limit=1")
    assert later["items"][0]["mean_burn_block_s"] == blocks["items"][0]["mean_burn_block_s"]


async def test_the_read_models_are_what_the_journal_says(
    fresh_daemon: Callable[..., Daemon], connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    daemon = fresh_daemon()
    client = await connect(daemon)
    await a_busy_day(client)
    await client.fork(3)
    await client.block(2)
    await client.caught_up()
    daemon.stop()

    replay = await asyncio.create_subprocess_exec(
        sys.executable,
        "run.py",
        "replay",
        "--data",
        str(daemon.data),
        "--verify",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(REPLAY_S):
        told, _ = await replay.communicate()

    assert replay.returncode == 0, told.decode(errors="replace")


async def test_a_ledger_adds_up_to_the_balances_that_are_shown(client: Client) -> None:
    provider, owner = await client.wallet(), await client.wallet()
    await client.deposit(provider, 3 * BTC, "conservative")
    policy = await client.buy(owner, tier="conservative", strike_usd_e8=usd(58_000))
    await client.mine(2)
    await client.price(usd(50_000))
    await client.activate(owner, policy)
    await client.wait_policy(policy["quote_id"], "settled")
    await client.price(usd(65_000))
    await client.withdraw(provider, BTC, "conservative")

    account = await client.account(provider, "conservative")
    lines = (await client.get(f"/v1/providers/{provider.address}/ledger?limit=200"))["items"]

    sums: dict[str, int] = {}
    for line in reversed(lines):
        sums[line["bucket"]] = sums.get(line["bucket"], 0) + line["change_sats"]
        assert line["balance_sats"] == sums[line["bucket"]]
        assert line["cause"]
    assert sums["free"] == account["free_sats"]
    assert sums.get("locked", 0) == account["locked_sats"]
    assert sums.get("pending", 0) == account["pending_sats"] == 0
    assert sums.get("unearned", 0) == account["unearned_sats"] + account["earned_sats"]
    assert account["losses_sats"] > 0
    assert sum(sums.values()) == (await client.get(f"/v1/providers/{provider.address}"))["total_sats"]


async def test_a_ledger_may_be_read_as_a_table(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)

    answer = await client.ask(
        "GET", f"/v1/providers/{provider.address}/ledger", headers={"Accept": "text/csv"}
    )

    header, row, *rest = answer.body.decode().splitlines()
    assert rest == []
    assert "change_sats" in header.split(",")
    assert str(BTC) in row.split(",")


def _standing(answer: Json) -> dict[str, object]:
    """Return what does not follow the tip, leaf by leaf, so that a difference names its own place."""
    return {
        path: leaf
        for path, leaf in _leaves(answer, "")
        if path.rpartition(".")[2] not in ("confirmations", "expiry_estimate_at")
    }


def _leaves(tree: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(tree, dict):
        inner = [(f"{path}.{name}", value) for name, value in tree.items()]
    elif isinstance(tree, list):
        inner = [(f"{path}.{place}", value) for place, value in enumerate(tree)]
    else:
        yield path, tree
        return
    for name, value in inner:
        yield from _leaves(value, name)
