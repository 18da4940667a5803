"""Deposit, create, expire, withdraw: the whole of it by a wallet of the official library."""

from collections.abc import Awaitable, Callable

from tests.integration.client import BTC, Client
from tests.integration.lives import play
from tests.integration.serving import Daemon


async def test_a_provider_takes_out_her_deposit_and_the_premium_of_a_policy_that_expired(
    living_daemon: Daemon, connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    client = await connect(living_daemon)
    before = await client.totals()
    vault = await client.vault()

    *steps, end = await play("a", living_daemon.ready)

    assert [step["step"] for step in steps] == ["deposited", "created", "expired", "withdrawn"]
    assert end["ok"]
    assert end["payout"] == 0
    earned = end["premium"] - end["fee"]
    assert earned > 0
    assert steps[-1]["amount_sats"] == BTC + earned
    after = await client.totals()
    assert after["premiums"] - before["premiums"] == earned
    assert after["payouts"] == before["payouts"]
    assert await client.vault() - vault == end["fee"]


async def test_the_books_meet_the_chain_after_a_policy_has_expired(
    living_daemon: Daemon, connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    client = await connect(living_daemon)
    await play("a", living_daemon.ready)

    pool = await client.until("/v1/pool", lambda pool: pool["reconciled"], mining=False)

    totals = await client.totals()
    assert pool["vault_sats"] == totals["available"] + totals["locked"] + totals["buffer"]
    assert pool["locked_sats"] == totals["locked"] == 0
    assert pool["active_policies"] == 0
