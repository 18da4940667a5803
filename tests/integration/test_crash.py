"""kill -9 of the whole process group: nothing acknowledged is lost, nothing is done twice."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.client import BTC, Client, a_withdrawal, new_key, payout_of, usd
from tests.integration.serving import Chain, Daemon

Connect = Callable[[Daemon], Awaitable[Client]]
FALLEN = usd(58_000)


@pytest.fixture
def daemon(fresh_daemon: Callable[..., Daemon]) -> Daemon:
    return fresh_daemon()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    started = Chain(tmp_path / "chain")
    yield started
    started.discard()


async def killed(daemon: Daemon, connect: Connect) -> Client:
    """Kill everything, start again on the same folder, and connect."""
    daemon.kill()
    daemon.start()
    return await connect(daemon)


async def test_what_was_acknowledged_before_the_next_block_is_there_after_a_kill(
    daemon: Daemon, connect: Connect
) -> None:
    client = await connect(daemon)
    provider, owner = await client.wallet(), await client.wallet()
    await client.deposit(provider, BTC)
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])
    body, key = {"quote_id": quote["quote_id"], "authorisation": authorisation}, new_key()
    reserved = await client.try_post("/v1/policies", body, key=key)
    leave = await client.authorise(provider, "request-withdrawal", amount_sats=BTC // 10, tier="balanced")
    wish, other_key = a_withdrawal(provider, BTC // 10, "balanced", leave), new_key()
    issued = await client.try_post("/v1/withdrawals", wish, key=other_key)
    assert (reserved.status, issued.status) == (201, 201)
    pool, account = await client.get("/v1/pool"), await client.account(provider)

    client = await killed(daemon, connect)

    again = await client.try_post("/v1/policies", body, key=key)
    issued_again = await client.try_post("/v1/withdrawals", wish, key=other_key)
    assert again.headers["Idempotent-Replayed"] == issued_again.headers["Idempotent-Replayed"] == "true"
    assert again.body == reserved.body
    assert issued_again.body == issued.body
    after = await client.get("/v1/pool")
    assert after["reserved_sats"] == pool["reserved_sats"] == quote["max_payout_sats"]
    assert await client.account(provider) == account
    await client.send(owner, again.json["transaction"])
    await client.send(provider, issued_again.json["transaction"])
    assert (await client.wait_policy(quote["quote_id"], "active"))["premium_sats"] > 0
    await client.until(
        f"/v1/withdrawals/{issued.json['withdrawal']['withdrawal_id']}",
        lambda one: one["withdrawal"]["status"] == "withdrawn",
    )


async def test_a_relayed_transaction_is_mined_although_the_mempool_may_have_died(
    daemon: Daemon, connect: Connect
) -> None:
    client = await connect(daemon)
    provider = await client.wallet()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    txid = await client.send(provider, answer["transaction"])

    client = await killed(daemon, connect)

    mined = await client.wait_transaction(txid, "confirmed")
    assert mined["txid"] == txid
    assert (await client.account(provider))["free_sats"] == BTC
    assert await client.sbtc(provider.address) == 9 * BTC


async def test_an_exercise_that_was_accepted_is_paid_once_after_a_kill(
    daemon: Daemon, connect: Connect
) -> None:
    client = await connect(daemon)
    provider, owner = await client.wallet(), await client.wallet()
    await client.deposit(provider, BTC)
    policy = await client.buy(owner)
    balance = await client.sbtc(owner.address)
    await client.mine()
    await client.price(FALLEN)
    accepted = await client.activate(owner, policy)

    client = await killed(daemon, connect)

    paid = await client.wait_policy(policy["quote_id"], "settled")
    owed = payout_of(policy, FALLEN)
    assert accepted["policy"]["status"] == "settling"
    assert paid["settlement"]["payout_sats"] == owed
    assert (await client.get("/v1/oracle"))["spot_usd_e8"] == FALLEN
    await client.block(2)
    await client.caught_up()
    assert await client.waiting() == 0
    assert await client.sbtc(owner.address) == balance + owed
    assert (await client.totals())["payouts"] == owed
    assert (await client.events(policy["quote_id"])).count("PolicySettled") == 1


async def test_a_settlement_in_flight_is_the_same_transaction_after_a_kill(
    daemon: Daemon, connect: Connect
) -> None:
    client = await connect(daemon)
    provider, owner = await client.wallet(), await client.wallet()
    await client.deposit(provider, BTC)
    policy = await client.buy(owner)
    balance = await client.sbtc(owner.address)
    await client.mine()
    await client.price(FALLEN)
    await client.activate(owner, policy)
    await client.until(
        f"/v1/policies/{policy['quote_id']}",
        lambda one: one["status_detail"] == "settlement_sent",
        mining=False,
    )
    (sent,) = (await client.get("/v1/transactions?status=pending"))["items"]

    client = await killed(daemon, connect)

    paid = await client.wait_policy(policy["quote_id"], "settled")
    assert paid["closing_txid"] == sent["txid"]
    operation = await client.get(f"/v1/operations/{sent['operation_id']}")
    assert [attempt["txid"] for attempt in operation["attempts"]] == [sent["txid"]]
    assert await client.sbtc(owner.address) == balance + payout_of(policy, FALLEN)


async def test_blocks_that_came_while_the_daemon_was_dead_are_followed(
    chain: Chain, fresh_daemon: Callable[..., Daemon], connect: Connect
) -> None:
    daemon = fresh_daemon(f"node.url={chain.start()}")
    client = await connect(daemon)
    early, late = await client.wallet(), await client.wallet()
    await client.deposit(early, BTC)
    prepared = await client.post(
        "/v1/deposits", {"address": late.address, "amount_sats": 2 * BTC, "tier": "balanced"}
    )
    raw = late.sign(prepared["transaction"]).raw
    daemon.kill()

    await client.node("POST", "/v2/transactions", {"tx": raw.hex(), "attachment": None})
    await client.block()
    await client.node("POST", "/devnet/mine", {"burn": 300})
    daemon.start()

    client = await connect(daemon)
    await client.caught_up()
    assert (await client.account(early))["free_sats"] == BTC
    assert (await client.account(late))["free_sats"] == 2 * BTC
    pool = await client.until("/v1/pool", lambda pool: pool["reconciled"], mining=False)
    assert pool["vault_sats"] == await client.vault() == 3 * BTC


async def test_a_fork_that_happened_while_the_daemon_was_dead_is_followed(
    chain: Chain, fresh_daemon: Callable[..., Daemon], connect: Connect
) -> None:
    daemon = fresh_daemon(f"node.url={chain.start()}")
    client = await connect(daemon)
    provider, owner = await client.wallet(), await client.wallet()
    await client.deposit(provider, BTC)
    policy = await client.buy(owner)
    mined = await client.get(f"/v1/transactions/{policy['created_txid']}")
    depth = await client.depth_of(mined["block_height"])
    daemon.kill()

    await client.node("POST", "/devnet/fork", {"depth": depth, "requeue": False})
    daemon.start()

    client = await connect(daemon)
    await client.caught_up()
    assert (await client.get("/v1/pool"))["locked_sats"] == (await client.totals())["locked"] == 0
    again = await client.wait_policy(policy["quote_id"], "active")
    assert again["created_txid"] == policy["created_txid"]
    assert await client.sbtc(owner.address) == 10 * BTC - policy["premium_sats"]
