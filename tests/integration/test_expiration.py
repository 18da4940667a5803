"""The end of a policy: released where it owes nothing, paid for its holder where it pays."""

from tests.integration.client import BTC, Client, fault_at, payout_of, usd

REQUEST_LIFE = 12
TENOR = 144


async def test_a_policy_that_owes_nothing_expires_and_its_collateral_comes_free(alone: Client) -> None:
    client, owner = alone, await alone.wallet()
    await client.deposit(await client.wallet(), BTC)
    policy = await client.buy(owner, tenor_blocks=TENOR)
    before = await client.totals()
    await client.mine_to(policy["expiry_height"] + 1)
    expiring = await client.wait_policy(policy["quote_id"], "expiring")

    await client.mine(REQUEST_LIFE)

    expired = await client.wait_policy(policy["quote_id"], "expired")
    assert expiring["status_detail"] == "in_grace"
    assert expired["settlement"] is None
    assert expired["payout_now_sats"] == 0
    assert expired["closing_txid"]
    await client.caught_up()
    after = await client.totals()
    assert before["locked"] - after["locked"] == policy["max_payout_sats"]
    assert after["available"] - before["available"] == policy["max_payout_sats"]
    assert after["payouts"] == before["payouts"]
    assert (await client.policy_on_chain(policy["policy_id"]))["status"] == "expired"
    assert await client.collateral(policy["policy_id"]) == 0


async def test_a_policy_is_exercised_for_its_holder_at_the_price_of_its_expiry(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner, tenor_blocks=TENOR)
    balance = await client.sbtc(owner.address)
    await client.mine_to(policy["expiry_height"] - 1)
    await client.price(usd(60_000))
    await client.mine()
    await client.priced(policy["expiry_height"])
    await client.price(usd(90_000))  # what comes after expiry decides nothing

    await client.mine()

    paid = await client.wait_policy(policy["quote_id"], "settled")
    assert paid["settlement"]["rule"] == "expiry"
    assert paid["exercised_by"] == "expiry"
    assert paid["settlement"]["height"] == policy["expiry_height"]
    assert paid["settlement"]["price_usd_e8"] == usd(60_000)
    owed = payout_of(policy, usd(60_000))
    assert paid["settlement"]["payout_sats"] == owed
    assert await client.sbtc(owner.address) == balance + owed


async def test_the_last_height_still_takes_an_exercise_and_the_next_does_not(client: Client) -> None:
    early, late = await client.wallet(), await client.wallet()
    first = await client.buy(early, tenor_blocks=TENOR)
    second = await client.buy(late, tenor_blocks=TENOR)
    await client.price(usd(60_000))
    authorisation = await client.authorise(
        late, "set-auto-exercise", policy_id=second["quote_id"], enabled=False
    )
    await client.post(
        f"/v1/policies/{second['quote_id']}/auto-exercise",
        {"enabled": False, "authorisation": authorisation},
    )
    await client.mine_to(first["expiry_height"])

    accepted = await client.activate(early, first)
    paid = await client.wait_policy(first["quote_id"], "settled")
    await client.mine_to(second["expiry_height"] + 1)
    authorisation = await client.authorise(late, "activate-policy", policy_id=second["quote_id"])
    refused = await client.refusal(
        f"/v1/policies/{second['quote_id']}/activation", {"authorisation": authorisation}
    )

    assert accepted["policy"]["status"] == "settling"
    assert paid["settlement"]["rule"] == "daemon"
    assert (refused["status"], refused["code"]) == (409, "policy_expired")


async def test_a_holder_who_opted_out_may_still_settle_at_the_price_of_expiry(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner, tenor_blocks=TENOR)
    authorisation = await client.authorise(
        owner, "set-auto-exercise", policy_id=policy["quote_id"], enabled=False
    )
    await client.post(
        f"/v1/policies/{policy['quote_id']}/auto-exercise",
        {"enabled": False, "authorisation": authorisation},
    )
    await client.price(usd(60_000))
    await client.mine_to(policy["expiry_height"] + REQUEST_LIFE + 2)
    await client.priced(policy["expiry_height"])
    await client.block(2)
    await client.caught_up()
    kept = await client.wait_policy(policy["quote_id"], "expiring")

    answer = await client.post(f"/v1/policies/{policy['quote_id']}/settlement", {})
    await client.mined(owner, answer["transaction"])

    paid = await client.wait_policy(policy["quote_id"], "settled")
    assert kept["settlement"] is None
    assert (answer["step"], answer["price_height"]) == ("settle", policy["expiry_height"])
    assert paid["settlement"]["rule"] == "expiry"
    assert paid["settlement"]["payout_sats"] == payout_of(policy, usd(60_000))


async def test_a_request_at_the_last_height_is_too_late(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner, tenor_blocks=TENOR)
    await client.mine_to(policy["expiry_height"])

    refused = await client.refusal(f"/v1/policies/{policy['quote_id']}/settlement", {})

    assert (refused["status"], refused["code"]) == (409, "policy_expired")
    assert fault_at(refused, "policy_id")["limit"] == policy["expiry_height"] - 1


async def test_many_policies_of_one_expiry_are_released_in_one_transaction(client: Client) -> None:
    owners = [await client.wallet() for _ in range(3)]
    expiry = await client.height() + TENOR + 20
    policies = [await client.buy(one, tenor_blocks=None, expiry_height=expiry) for one in owners]

    await client.mine_to(expiry + REQUEST_LIFE + 1)

    expired = [await client.wait_policy(policy["quote_id"], "expired") for policy in policies]
    assert len({policy["closing_txid"] for policy in expired}) == 1
    transaction = await client.get(f"/v1/transactions/{expired[0]['closing_txid']}")
    assert transaction["function"] == "release-collateral-aggregate"
    operation = await client.get(f"/v1/operations/{transaction['operation_id']}")
    assert operation["kind"] == "release"
    assert {policy["policy_id"] for policy in policies} <= set(operation["policy_ids"])


async def test_an_expired_policys_premium_is_its_backers_and_all_of_it(alone: Client) -> None:
    provider, owner = await alone.wallet(), await alone.wallet()
    await alone.deposit(provider, BTC)
    policy = await alone.buy(owner, tenor_blocks=TENOR)
    earned = policy["premium_sats"] - policy["fee_sats"]
    sold = await alone.account(provider)
    await alone.mine_to(policy["start_height"] + TENOR // 2)
    half = await alone.account(provider)

    await alone.mine_to(policy["expiry_height"] + REQUEST_LIFE + 1)
    await alone.wait_policy(policy["quote_id"], "expired")

    ended = await alone.account(provider)
    assert sold["unearned_sats"] == earned
    assert sold["locked_sats"] == policy["max_payout_sats"]
    assert sold["free_sats"] == BTC - policy["max_payout_sats"]
    assert half["earned_sats"] == earned // 2
    assert half["earned_sats"] + half["unearned_sats"] == earned
    assert ended["free_sats"] == ended["withdrawable_sats"] == BTC + earned
    assert ended["locked_sats"] == ended["unearned_sats"] == ended["earned_sats"] == 0
    assert ended["active_policies"] == 0
