"""Deposit, create, activate, withdraw: the whole of it by a wallet of the official library."""

from collections.abc import Awaitable, Callable

from tests.integration.client import BTC, Client
from tests.integration.lives import play
from tests.integration.serving import Daemon

STRIKE, CRASHED, AMOUNT = 5_850_000_000_000, 5_200_000_000_000, 10_000_000


async def test_a_provider_takes_out_what_the_payout_of_an_exercised_policy_left(
    living_daemon: Daemon, connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    client = await connect(living_daemon)
    before = await client.totals()
    vault = await client.vault()

    *steps, end = await play("b", living_daemon.ready)

    assert [step["step"] for step in steps] == ["deposited", "created", "activated", "withdrawn"]
    assert end["ok"]
    assert end["payout"] == AMOUNT * (STRIKE - CRASHED) // CRASHED
    earned = end["premium"] - end["fee"]
    assert steps[-1]["amount_sats"] == BTC + earned - end["payout"]
    after = await client.totals()
    assert after["payouts"] - before["payouts"] == end["payout"]
    assert await client.vault() - vault == end["fee"]


async def test_the_backend_signed_one_operation_for_an_exercise(
    living_daemon: Daemon, connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    client = await connect(living_daemon)
    steps = await play("b", living_daemon.ready)
    activated = next(step for step in steps if step.get("step") == "activated")
    created = next(step for step in steps if step.get("step") == "created")

    operation = await client.get(f"/v1/operations/{activated['operation_id']}")

    assert operation["kind"] == "settle"
    assert operation["status"] in ("confirmed", "final")
    assert operation["policy_ids"] == [created["policy_id"]]
    assert len(operation["attempts"]) == 1
    policy = await client.get(f"/v1/policies/{created['quote_id']}")
    assert policy["closing_txid"] == operation["attempts"][0]["txid"]
