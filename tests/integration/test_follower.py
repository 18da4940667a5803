"""Reorgs: books and statuses follow the chain, and nothing is paid twice."""

from itertools import pairwise

from bithedge.stacks.signing import SignedTransaction
from tests.integration.client import BTC, Client, Json, fault_at, payout_of, usd
from tests.integration.wallet import Wallet

FALLEN = usd(58_000)


async def undo(client: Client, txid: str, *, requeue: bool = True, include: tuple[str, ...] = ()) -> Json:
    """Fork away the block of a transaction."""
    mined = await client.get(f"/v1/transactions/{txid}")
    depth = await client.depth_of(mined["block_height"])
    return await client.fork(depth, requeue=requeue, include=include)


async def books_of_the_chain(client: Client) -> None:
    """Check that the daemon's totals are the chain's."""
    pool, totals = await client.get("/v1/pool"), await client.totals()
    assert pool["available_sats"] == totals["available"]
    assert pool["locked_sats"] == totals["locked"]
    assert pool["payouts_sats"] == totals["payouts"]
    assert pool["reconciled"]


async def test_a_fork_that_un_mines_a_purchase_takes_the_policy_and_the_money_back(client: Client) -> None:
    owner = await client.wallet()
    balance, before = await client.sbtc(owner.address), await client.totals()
    policy = await client.buy(owner)

    forked = await undo(client, policy["created_txid"])
    undone = await client.get(f"/v1/policies/{policy['quote_id']}")
    balance_undone, totals_undone = await client.sbtc(owner.address), await client.totals()
    await books_of_the_chain(client)
    history = (await client.get(f"/v1/policies/{policy['quote_id']}/events"))["items"]
    again = await client.wait_policy(policy["quote_id"], "active")

    assert policy["created_txid"] in forked["orphaned"]
    assert undone["status"] == "pending_confirmation"
    assert undone["policy_id"] is None
    assert balance_undone == balance
    assert totals_undone == before
    assert [event["undone"] for event in history if event["name"] == "PolicyCreated"] == [True]
    assert "PolicyReverted" in [event["name"] for event in history]
    assert again["created_txid"] == policy["created_txid"]
    assert await client.sbtc(owner.address) == balance - policy["premium_sats"]
    await books_of_the_chain(client)


async def test_a_relayed_purchase_that_a_fork_lost_is_sent_again(client: Client) -> None:
    owner = await client.wallet()
    balance = await client.sbtc(owner.address)
    policy = await client.buy(owner)

    await undo(client, policy["created_txid"], requeue=False)
    undone = await client.get(f"/v1/policies/{policy['quote_id']}")
    again = await client.wait_policy(policy["quote_id"], "active")

    assert undone["policy_id"] is None
    assert again["created_txid"] == policy["created_txid"]
    assert await client.sbtc(owner.address) == balance - policy["premium_sats"]


async def test_a_purchase_that_only_the_wallet_knows_and_a_fork_lost_may_be_signed_again(
    client: Client,
) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    reserved = await client.reserve(owner, quote)
    signed = owner.sign(reserved["transaction"])
    await client.node("POST", "/v2/transactions", {"tx": signed.raw.hex(), "attachment": None})
    policy = await client.wait_policy(quote["quote_id"], "active")

    await client.fork(await client.depth_of(await _block_of(client, policy)), requeue=False)

    undone = await client.get(f"/v1/policies/{quote['quote_id']}")
    assert undone["status"] in ("pending_signature", "pending_confirmation")
    assert undone["policy_id"] is None
    await client.node("POST", "/v2/transactions", {"tx": signed.raw.hex(), "attachment": None})
    assert (await client.wait_policy(quote["quote_id"], "active"))["created_txid"] == signed.txid


async def test_a_purchase_whose_nonce_a_fork_gave_to_another_call_is_back_at_its_signature(
    client: Client,
) -> None:
    owner = await client.wallet()
    other = _signed(
        owner,
        await client.post("/v1/deposits", {"address": owner.address, "amount_sats": BTC, "tier": "balanced"}),
    )
    before = (await client.totals())["locked"]
    policy = await client.buy(owner)  # it has the deposit's nonce

    forked = await undo(client, policy["created_txid"], include=("0x" + other.raw.hex(),))

    undone = await client.wait_policy(policy["quote_id"], "pending_signature")
    assert policy["created_txid"] in forked["orphaned"]
    assert undone["status_detail"] == "creation_aborted"
    assert undone["policy_id"] is None
    replaced = await client.wait_transaction(policy["created_txid"], "replaced")
    assert replaced["nonce"] == 0
    assert (await client.totals())["locked"] == before
    assert (await client.account(owner))["free_sats"] == BTC
    assert await client.sbtc(owner.address) == 9 * BTC
    await books_of_the_chain(client)


async def test_a_fork_that_un_mines_a_settlement_pays_once_in_the_end(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    balance, before = await client.sbtc(owner.address), await client.totals()
    await client.mine()
    await client.price(FALLEN)
    await client.activate(owner, policy)
    paid = await client.wait_policy(policy["quote_id"], "settled")

    await undo(client, paid["closing_txid"])
    undone = await client.get(f"/v1/policies/{policy['quote_id']}")
    balance_undone = await client.sbtc(owner.address)
    await books_of_the_chain(client)
    again = await client.wait_policy(policy["quote_id"], "settled")

    assert undone["status"] == "settling"
    assert undone["closing_txid"] is None
    assert balance_undone == balance
    assert again["settlement"]["price_usd_e8"] == paid["settlement"]["price_usd_e8"]
    await client.block(3)
    await client.caught_up()
    assert await client.waiting() == 0
    assert await client.sbtc(owner.address) == balance + payout_of(policy, FALLEN)
    assert (await client.totals())["payouts"] - before["payouts"] == payout_of(policy, FALLEN)
    await books_of_the_chain(client)


async def test_a_settlement_that_a_fork_lost_is_sent_again_and_paid_once(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    balance = await client.sbtc(owner.address)
    await client.mine()
    await client.price(FALLEN)
    await client.activate(owner, policy)
    paid = await client.wait_policy(policy["quote_id"], "settled")

    await undo(client, paid["closing_txid"], requeue=False)

    again = await client.wait_policy(policy["quote_id"], "settled")
    assert again["settlement"]["payout_sats"] == payout_of(policy, FALLEN)
    assert await client.sbtc(owner.address) == balance + payout_of(policy, FALLEN)
    await books_of_the_chain(client)


async def test_a_fork_that_un_mines_a_withdrawal_gives_the_money_back_until_it_is_mined_again(
    client: Client,
) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    done = await client.withdraw(provider, BTC // 2)
    path = f"/v1/withdrawals/{done['withdrawal_id']}"

    await undo(client, done["txid"])
    undone, account = await client.get(path), await client.account(provider)
    on_chain = await client.provider_on_chain(provider.address)
    await client.until(path, lambda one: one["withdrawal"]["status"] == "withdrawn")

    assert undone["withdrawal"]["status"] == "pending_confirmation"
    assert account["withdrawn_sats"] == on_chain["withdrawn"] == 0
    assert account["pending_sats"] == BTC // 2
    assert (await client.account(provider))["withdrawn_sats"] == BTC // 2
    assert await client.sbtc(provider.address) == 9 * BTC + BTC // 2


async def test_a_deposit_that_a_fork_double_spent_was_never_there(client: Client) -> None:
    provider = await client.wallet()
    smaller = _signed(
        provider,
        await client.post(
            "/v1/deposits", {"address": provider.address, "amount_sats": 20_000, "tier": "aggressive"}
        ),
    )
    mined = await client.deposit(provider, 5 * BTC, "aggressive")
    before = await client.get("/v1/tiers/aggressive")

    await undo(client, mined["txid"], include=("0x" + smaller.raw.hex(),))

    after = await client.get("/v1/tiers/aggressive")
    assert before["total_sats"] - after["total_sats"] == 5 * BTC - 20_000
    account = await client.account(provider, "aggressive")
    assert account["deposited_sats"] == account["free_sats"] == 20_000
    ledger = (await client.get(f"/v1/providers/{provider.address}/ledger"))["items"]
    assert [(line["change_sats"], line["undone"]) for line in ledger] == [(20_000, False), (5 * BTC, True)]
    await books_of_the_chain(client)


async def test_a_policy_may_come_back_under_another_number_but_never_another_quote(client: Client) -> None:
    owners = [await client.wallet() for _ in range(2)]
    quotes = [await client.quote(owner=owner.address) for owner in owners]
    signed = []
    for owner, quote in zip(owners, quotes, strict=True):
        signed.append(_signed(owner, await client.reserve(owner, quote)))
    for one in signed:
        await client.relay(one)
    first, second = [await client.wait_policy(quote["quote_id"], "active") for quote in quotes]

    await undo(client, first["created_txid"], include=("0x" + signed[1].raw.hex(),))
    first_again, second_again = [await client.wait_policy(quote["quote_id"], "active") for quote in quotes]

    assert second["policy_id"] == first["policy_id"] + 1
    assert first_again["policy_id"] == second["policy_id"]
    assert second_again["policy_id"] == first["policy_id"]
    by_number = await client.get(f"/v1/policies/{first['policy_id']}")
    assert by_number["quote_id"] == second["quote_id"]
    on_chain = await client.policy_on_chain(first["policy_id"])
    assert on_chain["owner"] == owners[1].address


async def test_a_fork_over_an_expiry_releases_the_collateral_once(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner, tenor_blocks=144)
    await client.mine_to(policy["expiry_height"] + 13)
    expired = await client.wait_policy(policy["quote_id"], "expired")

    await undo(client, expired["closing_txid"])
    undone = await client.get(f"/v1/policies/{policy['quote_id']}")
    held = await client.collateral(policy["policy_id"])
    await client.wait_policy(policy["quote_id"], "expired")

    assert undone["status"] == "expiring"
    assert held == policy["max_payout_sats"]
    assert await client.collateral(policy["policy_id"]) == 0
    await books_of_the_chain(client)


async def test_the_blocks_that_a_fork_undid_are_shown_as_orphans(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    await client.block(2)
    await client.caught_up()
    before = (await client.get("/v1/blocks?limit=3"))["items"]

    forked = await client.fork(2)

    blocks = (await client.get("/v1/blocks?limit=10"))["items"]
    orphans = {block["hash"] for block in blocks if block["orphaned"]}
    assert {block["hash"] for block in before[:2]} <= orphans
    standing = [block for block in blocks if not block["orphaned"]]
    assert standing[0]["block_height"] == forked["block_height"] == before[0]["block_height"] + 1
    assert forked["fork_height"] == before[2]["block_height"]
    assert forked["burn_height"] >= before[0]["burn_height"]
    assert all(child["parent_hash"] == parent["hash"] for child, parent in pairwise(standing))


async def test_a_fork_that_would_undo_the_deployment_is_refused_with_the_largest_depth(
    alone: Client,
) -> None:
    refused = await alone.refusal("/v1/devnet/fork", {"depth": 100})

    assert (refused["status"], refused["code"]) == (422, "amount_out_of_range")
    largest = fault_at(refused, "depth")["limit"]
    await alone.block(3)
    await alone.fork(largest + 3)
    assert (await alone.config())["contracts"]["liquidity_pool"]
    assert (await alone.totals())["available"] == 0


async def test_a_signature_for_a_number_that_moved_exercises_nothing(client: Client) -> None:
    owner = await client.wallet()
    quotes = [await client.quote(owner=owner.address) for _ in range(2)]
    reserved = [await client.reserve(owner, quote) for quote in quotes]
    first = _signed(owner, reserved[0])
    await client.relay(first)
    policy = await client.wait_policy(quotes[0]["quote_id"], "active")
    await client.mine()
    await client.price(FALLEN)
    authorisation = await client.authorise(owner, "activate-policy", policy_id=policy["policy_id"])
    swapped = _signed(owner, reserved[1])  # the same nonce, the other policy

    await undo(client, first.txid, include=("0x" + swapped.raw.hex(),))

    other = await client.get(f"/v1/policies/{policy['policy_id']}")
    assert other["quote_id"] == quotes[1]["quote_id"]
    refused = await client.refusal(
        f"/v1/policies/{policy['policy_id']}/activation", {"authorisation": authorisation}
    )
    assert (refused["status"], refused["code"]) == (401, "invalid_signature")


async def _block_of(client: Client, policy: Json) -> int:
    events = (await client.get(f"/v1/policies/{policy['quote_id']}/events"))["items"]
    return next(event["block_height"] for event in events if event["name"] == "PolicyCreated")


def _signed(wallet: Wallet, answer: Json) -> SignedTransaction:
    return wallet.sign(answer["transaction"])
