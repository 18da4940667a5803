"""Exercise: by the holder through the daemon or alone on chain, and at the floor by the daemon."""

import pytest

from tests.integration.client import SPOT, Client, fault_at, new_key, payout_of, usd

FALLEN = usd(58_000)


async def settled(client: Client, name: str) -> dict[str, object]:
    policy = await client.wait_policy(name, "settled")
    await client.caught_up()
    return policy


async def test_an_exercise_pays_the_holder_by_a_price_made_after_it_was_accepted(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    balance, held = await client.sbtc(owner.address), await client.collateral(policy["policy_id"])
    await client.mine()
    await client.price(FALLEN)

    accepted = await client.activate(owner, policy)
    paid = await settled(client, policy["quote_id"])

    owed = payout_of(policy, FALLEN)
    assert accepted["policy"]["status"] == "settling"
    assert accepted["policy"]["settlement"] is None
    assert paid["settlement"]["payout_sats"] == owed
    assert paid["settlement"]["price_usd_e8"] == FALLEN
    assert paid["settlement"]["rule"] == "daemon"
    assert paid["settlement"]["height"] > policy["start_height"]
    assert paid["exercised_by"] == "owner"
    assert await client.sbtc(owner.address) == balance + owed
    assert (held, await client.collateral(policy["policy_id"])) == (policy["max_payout_sats"], 0)
    on_chain = await client.policy_on_chain(policy["policy_id"])
    assert (on_chain["status"], on_chain["payout"]) == ("settled", owed)


async def test_the_operation_of_an_exercise_shows_its_one_attempt(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    await client.mine()
    await client.price(FALLEN)

    accepted = await client.activate(owner, policy)
    paid = await settled(client, policy["quote_id"])

    operation = await client.until(
        f"/v1/operations/{accepted['operation_id']}", lambda one: one["status"] in ("confirmed", "final")
    )
    assert operation["kind"] == "settle"
    assert operation["policy_ids"] == [policy["policy_id"]]
    (attempt,) = operation["attempts"]
    assert attempt["txid"] == paid["settlement"]["txid"] == paid["closing_txid"]
    transaction = await client.get(f"/v1/transactions/{attempt['txid']}")
    assert transaction["operation_id"] == accepted["operation_id"]
    assert transaction["function"] == "settle-policy"


async def test_an_exercise_may_demand_a_least_payout(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    await client.mine()
    await client.price(FALLEN)
    owed = payout_of(policy, FALLEN)

    authorisation = await client.authorise(
        owner, "activate-policy", policy_id=policy["policy_id"], min_payout_sats=owed + 1
    )
    refused = await client.refusal(
        f"/v1/policies/{policy['policy_id']}/activation",
        {"authorisation": authorisation, "min_payout_sats": owed + 1},
    )
    await client.activate(owner, policy, min_payout_sats=owed)

    assert (refused["status"], refused["code"]) == (409, "not_in_the_money")
    assert fault_at(refused, "min_payout_sats")["limit"] == owed
    assert (await settled(client, policy["quote_id"]))["settlement"]["payout_sats"] == owed


async def test_an_exercise_out_of_the_money_is_told_so_and_leaves_no_trace(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    before = await client.books()
    await client.price(SPOT)
    authorisation = await client.authorise(owner, "activate-policy", policy_id=policy["quote_id"])

    refused = await client.refusal(
        f"/v1/policies/{policy['quote_id']}/activation", {"authorisation": authorisation}
    )

    assert (refused["status"], refused["code"]) == (409, "not_in_the_money")
    assert await client.books() == before
    assert (await client.get(f"/v1/policies/{policy['quote_id']}"))["status"] == "active"


async def test_an_exercise_waits_for_a_block_after_the_purchase(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    assert await client.height() == policy["start_height"]
    await client.price(FALLEN)

    await client.activate(owner, policy)
    waiting = await client.get(f"/v1/policies/{policy['quote_id']}")
    await client.mine()

    paid = await settled(client, policy["quote_id"])
    assert waiting["status"] == "settling"
    assert waiting["settlement"] is None
    assert paid["settlement"]["height"] == policy["start_height"] + 1


async def test_an_exercise_that_the_next_price_no_longer_pays_leaves_the_policy_active(
    client: Client,
) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    await client.price(FALLEN)
    await client.activate(owner, policy)  # no price yet: the height is still that of the purchase
    await client.price(usd(66_000))

    await client.mine()

    policy = await client.wait_policy(policy["quote_id"], "active")
    assert policy["status_reason"]
    assert policy["settlement"] is None
    names = await client.events(policy["quote_id"])
    assert names.index("PolicyActivationRequested") < names.index("PolicyActivationFailed")
    await client.price(FALLEN)
    await client.activate(owner, policy)
    assert (await settled(client, policy["quote_id"]))["exercised_by"] == "owner"


async def test_an_exercise_is_paid_once_however_often_it_is_asked_for(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    await client.mine()
    await client.price(FALLEN)
    balance, path = await client.sbtc(owner.address), f"/v1/policies/{policy['quote_id']}/activation"
    authorisation = await client.authorise(owner, "activate-policy", policy_id=policy["quote_id"])
    fresh = await client.authorise(owner, "activate-policy", policy_id=policy["quote_id"])
    body, key = {"authorisation": authorisation}, new_key()

    first = await client.try_post(path, body, key=key)
    again = await client.try_post(path, body, key=key)
    same_message = await client.refusal(path, body)
    other_message = await client.refusal(path, {"authorisation": fresh})
    await settled(client, policy["quote_id"])
    after = await client.refusal(path, {"authorisation": fresh})

    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body
    assert (same_message["status"], same_message["code"]) == (409, "message_used")
    assert (other_message["status"], other_message["code"]) == (409, "policy_not_active")
    assert (after["status"], after["code"]) == (409, "policy_not_active")
    assert await client.sbtc(owner.address) == balance + payout_of(policy, FALLEN)


async def test_backers_lose_their_shares_of_the_payout_and_earn_the_premium(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    backing = (await client.get(f"/v1/policies/{policy['quote_id']}/backing"))["items"]
    before = [await client.get(f"/v1/providers/{one['address']}") for one in backing]
    await client.mine()
    await client.price(FALLEN)

    await client.activate(owner, policy)
    await settled(client, policy["quote_id"])

    after = [await client.get(f"/v1/providers/{one['address']}") for one in backing]
    assert sum(one["share_sats"] for one in backing) == policy["max_payout_sats"]
    lost = sum(was["total_sats"] - now["total_sats"] for was, now in zip(before, after, strict=True))
    assert lost == payout_of(policy, FALLEN)


@pytest.mark.parametrize("kind", ["put", "call"])
async def test_a_touch_at_a_later_height_is_settled_by_the_daemon_unasked(client: Client, kind: str) -> None:
    owner = await client.wallet()
    strike = {"put": usd(65_000), "call": usd(65_000)}[kind]
    policy = await client.buy(owner, kind=kind, strike_usd_e8=strike, max_payout_sats=2_500_000)
    balance = await client.sbtc(owner.address)
    touched = policy["floor_usd_e8"] if kind == "put" else policy["ceiling_usd_e8"]
    await client.price(touched)

    await client.mine(2)

    paid = await settled(client, policy["quote_id"])
    assert paid["settlement"]["rule"] == "touch"
    assert paid["exercised_by"] == "floor"
    assert paid["settlement"]["payout_sats"] == policy["max_payout_sats"]
    assert paid["settlement"]["height"] > policy["start_height"]
    assert await client.sbtc(owner.address) == balance + policy["max_payout_sats"]


async def test_a_price_just_above_the_floor_touches_nothing(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner, max_payout_sats=2_500_000)
    await client.price(policy["floor_usd_e8"] + 1)

    await client.mine(3)

    await client.caught_up()
    found = await client.get(f"/v1/policies/{policy['quote_id']}")
    assert found["status"] == "active"
    assert found["payout_now_sats"] == 2_499_999
    assert found["in_the_money"]


async def test_a_holder_who_opted_out_is_not_exercised_at_the_floor(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner, max_payout_sats=2_500_000)
    path = f"/v1/policies/{policy['quote_id']}/auto-exercise"

    for enabled in (False, False):  # the second time changes nothing and is no error
        authorisation = await client.authorise(
            owner, "set-auto-exercise", policy_id=policy["policy_id"], enabled=enabled
        )
        answer = await client.post(path, {"enabled": enabled, "authorisation": authorisation})
        assert answer == {"enabled": False}
    await client.price(policy["floor_usd_e8"])
    await client.mine(3)
    await client.caught_up()
    spared = await client.get(f"/v1/policies/{policy['quote_id']}")
    authorisation = await client.authorise(
        owner, "set-auto-exercise", policy_id=policy["quote_id"], enabled=True
    )
    await client.post(path, {"enabled": True, "authorisation": authorisation})
    await client.mine()

    assert spared["status"] == "active"
    assert not spared["auto_exercise"]
    assert (await settled(client, policy["quote_id"]))["settlement"]["rule"] == "touch"


async def test_a_holder_settles_alone_by_a_request_on_chain(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    path = f"/v1/policies/{policy['quote_id']}/settlement"
    balance = await client.sbtc(owner.address)
    await client.price(FALLEN)

    asked = await client.post(path, {"min_payout_sats": 1_000})
    await client.mined(owner, asked["transaction"])
    requested = await client.height()
    await client.mine(2)
    await client.priced(requested + 1)
    answer = await client.post(path, {})
    await client.mined(owner, answer["transaction"])

    assert (asked["step"], asked["price_height"]) == ("request", None)
    assert asked["transaction"]["function"] == "request-exercise"
    assert answer["step"] == "settle"
    assert answer["transaction"]["function"] == "settle-policy"
    paid = await settled(client, policy["quote_id"])
    assert paid["settlement"]["rule"] == "request"
    assert paid["exercised_by"] == "owner"
    assert paid["settlement"]["height"] == answer["price_height"] == requested + 1
    assert await client.sbtc(owner.address) == balance + payout_of(policy, FALLEN)
    assert "PolicyExerciseRequested" in await client.events(policy["quote_id"])


async def test_a_strangers_exercise_is_refused(client: Client) -> None:
    owner, stranger = await client.wallet(), await client.wallet()
    policy = await client.buy(owner)
    await client.mine()
    await client.price(FALLEN)
    before = await client.books()
    authorisation = await client.authorise(stranger, "activate-policy", policy_id=policy["quote_id"])

    refused = await client.refusal(
        f"/v1/policies/{policy['quote_id']}/activation", {"authorisation": authorisation}
    )

    assert (refused["status"], refused["code"]) == (403, "not_owner")
    assert await client.books() == before


async def test_a_signature_for_one_policy_does_not_exercise_another(client: Client) -> None:
    owner = await client.wallet()
    first, second = await client.buy(owner), await client.buy(owner)
    await client.mine()
    await client.price(FALLEN)
    authorisation = await client.authorise(owner, "activate-policy", policy_id=first["quote_id"])

    refused = await client.refusal(
        f"/v1/policies/{second['quote_id']}/activation", {"authorisation": authorisation}
    )

    assert (refused["status"], refused["code"]) == (401, "invalid_signature")
    assert (await client.get(f"/v1/policies/{second['quote_id']}"))["status"] == "active"
