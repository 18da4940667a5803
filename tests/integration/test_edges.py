"""Each refusal of a command for its signature, its owner, its time or its state: nothing has changed."""

import time
from typing import Any

import pytest

from bithedge.stacks.hexes import from_hex
from bithedge.stacks.messages import ReservePolicy, command_id
from bithedge.stacks.networks import Network
from tests.integration.client import (
    Client,
    Json,
    problem_of,
    usd,
)
from tests.integration.edges import BODIES, SOMEBODY

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


async def test_a_command_without_a_key_is_refused(client: Client) -> None:
    answer = await client.ask("POST", "/v1/policies", body=BODIES["/v1/policies"])

    assert (answer.status, problem_of(answer)["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize("key", ["short", "x" * 129, "sixteen chars and spaces"])
async def test_a_key_that_is_none_is_refused(client: Client, key: str) -> None:
    answer = await client.try_post("/v1/policies", BODIES["/v1/policies"], key=key)

    assert (answer.status, problem_of(answer)["code"]) == (400, "validation_failed")


async def test_a_quote_that_was_never_given_cannot_be_reserved(client: Client) -> None:
    refused = await client.refusal("/v1/policies", BODIES["/v1/policies"])

    assert (refused["status"], refused["code"]) == (404, "unknown_quote")


async def reserving(client: Client, quote: Json, authorisation: dict[str, str]) -> Json:
    return await client.refusal(
        "/v1/policies", {"quote_id": quote["quote_id"], "authorisation": authorisation}
    )


async def test_a_strangers_signature_reserves_nothing(client: Client) -> None:
    owner, stranger = await client.wallet(), await client.wallet()
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(stranger, "reserve-policy", quote_id=quote["quote_id"])
    before = await client.books()

    refused = await reserving(client, quote, authorisation)

    assert (refused["status"], refused["code"]) == (403, "not_owner")
    assert await client.books() == before


@pytest.mark.parametrize(
    "fault", ["another message", "another network", "another contract", "one bit", "key"]
)
async def test_a_signature_over_anything_else_is_refused(client: Client, fault: str) -> None:
    owner, other = await client.wallet(), await client.wallet()
    quote, registry = await client.quote(), (await client.config())["contracts"]["policy_registry"]
    action = ReservePolicy(bytes.fromhex(quote["quote_id"][2:]))
    name = a_command_id()
    match fault:
        case "another message":
            wrong = owner.authorise_own(registry, name, ReservePolicy(b"\1" * 16))
        case "another network":
            wrong = owner.authorise_own(registry, name, action, network=Network.MAINNET)
        case "another contract":
            wrong = owner.authorise_own(f"{owner.address}.policy-registry", name, action)
        case "one bit":
            wrong = owner.authorise_own(registry, name, action)
            wrong["message_id"] = wrong["message_id"][:-1] + ("0" if wrong["message_id"][-1] != "0" else "1")
        case _:
            wrong = owner.authorise_own(registry, name, action)
            wrong["public_key"] = "0x" + other.key.public_key.hex()
    before = await client.books()

    refused = await reserving(client, quote, wrong)

    assert (refused["status"], refused["code"]) == (401, "invalid_signature")
    assert await client.books() == before


@pytest.mark.parametrize(
    ("ahead_s", "code"), [(-1, "message_expired"), (-100_000, "message_expired"), (400, "invalid_signature")]
)
async def test_a_message_is_good_for_five_minutes(client: Client, ahead_s: int, code: str) -> None:
    owner, quote = await client.wallet(), await client.quote()
    registry = (await client.config())["contracts"]["policy_registry"]
    action = ReservePolicy(bytes.fromhex(quote["quote_id"][2:]))

    refused = await reserving(client, quote, owner.authorise_own(registry, a_command_id(ahead_s), action))

    assert (refused["status"], refused["code"]) == (401, code)


async def test_a_command_may_be_built_without_asking_for_its_message(client: Client) -> None:
    owner, quote = await client.wallet(), await client.quote()
    registry = (await client.config())["contracts"]["policy_registry"]
    action = ReservePolicy(bytes.fromhex(quote["quote_id"][2:]))
    authorisation = owner.authorise_own(registry, a_command_id(), action)

    answer = await client.post(
        "/v1/policies", {"quote_id": quote["quote_id"], "authorisation": authorisation}
    )

    assert answer["policy"]["owner"] == owner.address


async def test_a_wallets_high_s_and_shifted_v_are_taken(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])
    signature = from_hex(authorisation["signature"])
    high = ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + high.to_bytes(32, "big") + bytes(((signature[64] ^ 1) + 27,))
    other = authorisation | {
        "signature": twin.hex().upper(),
        "public_key": authorisation["public_key"][2:].upper(),
    }

    answer = await client.post("/v1/policies", {"quote_id": quote["quote_id"], "authorisation": other})

    assert answer["policy"]["owner"] == owner.address


async def test_a_message_is_used_up_by_its_command(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])
    await client.post("/v1/policies", {"quote_id": quote["quote_id"], "authorisation": authorisation})
    before = await client.books()

    refused = await reserving(client, quote, authorisation)

    assert (refused["status"], refused["code"]) == (409, "message_used")
    assert await client.books() == before


async def test_a_quote_that_was_bought_cannot_be_reserved_again(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=policy["quote_id"])

    refused = await reserving(client, policy, authorisation)

    assert (refused["status"], refused["code"]) == (409, "quote_used")


async def test_a_reserved_quote_is_nobody_elses(client: Client) -> None:
    owner, other = await client.wallet(), await client.wallet()
    quote = await client.quote()
    await client.reserve(owner, quote)
    authorisation = await client.authorise(other, "reserve-policy", quote_id=quote["quote_id"])

    refused = await reserving(client, quote, authorisation)

    assert (refused["status"], refused["code"]) == (403, "not_owner")


async def test_a_quote_whose_last_height_has_passed_cannot_be_reserved(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])
    await client.mine_to(quote["valid_until_height"] + 1)
    before = await client.books()

    refused = await reserving(client, quote, authorisation)

    assert (refused["status"], refused["code"]) == (409, "quote_expired")
    assert await client.books() == before


@pytest.mark.parametrize(
    ("wish", "moved", "code"),
    [
        ({"kind": "put"}, usd(64_838), None),
        ({"kind": "put"}, usd(64_837), "price_moved"),
        ({"kind": "put"}, usd(70_000), None),
        ({"kind": "call"}, usd(65_162), None),
        ({"kind": "call"}, usd(65_163), "price_moved"),
        ({"kind": "call"}, usd(60_000), None),
    ],
)
async def test_a_quote_stands_unless_the_price_moved_against_the_pool(
    client: Client, wish: Json, moved: int, code: str | None
) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address, **wish)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])
    await client.price(moved)

    answer = await client.try_post(
        "/v1/policies", {"quote_id": quote["quote_id"], "authorisation": authorisation}
    )

    if code is not None:
        problem = problem_of(answer)
        assert (problem["status"], problem["code"]) == (409, code)
    else:
        assert answer.status == 201
        assert answer.json["policy"]["premium_sats"] == quote["premium"]["total_sats"]


async def test_whoever_does_not_hold_the_premium_reserves_nothing(client: Client) -> None:
    poor = await client.wallet(sbtc=1_000)
    quote = await client.quote(owner=poor.address)
    authorisation = await client.authorise(poor, "reserve-policy", quote_id=quote["quote_id"])
    before = await client.books()

    refused = await reserving(client, quote, authorisation)

    assert (refused["status"], refused["code"]) == (422, "insufficient_funds")
    (fault,) = refused["errors"]
    assert (fault["limit"], fault["actual"]) == (quote["premium"]["total_sats"], 1_000)
    assert await client.books() == before


async def test_an_owner_has_at_most_three_live_reservations(client: Client) -> None:
    owner = await client.wallet()
    for _ in range((await client.config())["limits"]["max_reservations"]):
        await client.reserve(owner, await client.quote(owner=owner.address))
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])

    refused = await reserving(client, quote, authorisation)

    assert (refused["status"], refused["code"]) == (429, "too_many_reservations")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"action": "sell-everything"}, 400, "validation_failed"),
        ({"action": "reserve-policy", "quote_id": "q_" + "0" * 32}, 404, "unknown_quote"),
        ({"action": "activate-policy", "policy_id": 10**9}, 404, "unknown_policy"),
        ({"action": "activate-policy", "policy_id": "q_" + "0" * 32}, 404, "unknown_policy"),
        ({"action": "set-auto-exercise", "policy_id": 10**9, "enabled": True}, 404, "unknown_policy"),
        ({"action": "request-withdrawal", "amount_sats": 1, "tier": "balanced"}, 404, "unknown_provider"),
        ({"action": "set-exit", "tier": "balanced", "enabled": True}, 404, "unknown_provider"),
        ({"action": "set-exit", "tier": "balanced", "enabled": 1}, 400, "validation_failed"),
        ({"action": "reserve-policy", "quote_id": "q_123"}, 400, "validation_failed"),
        ({"action": "reserve-policy", "quote_id": "q_" + "0" * 32, "tier": "x"}, 400, "validation_failed"),
    ],
)
async def test_a_message_about_nothing_is_refused(client: Client, body: Json, status: int, code: str) -> None:
    refused = await client.refusal("/v1/messages", body | {"address": SOMEBODY})

    assert (refused["status"], refused["code"]) == (status, code)


@pytest.mark.parametrize("below", ["activation", "auto-exercise", "settlement"])
async def test_a_command_to_an_unknown_policy_is_refused(client: Client, below: str) -> None:
    body: dict[str, Any] = {} if below == "settlement" else dict(BODIES["/v1/policies"])
    body.pop("quote_id", None)
    if below == "auto-exercise":
        body["enabled"] = True

    refused = await client.refusal(f"/v1/policies/{10**9}/{below}", body)

    assert (refused["status"], refused["code"]) == (404, "unknown_policy")


def a_command_id(ahead_s: int = 200) -> bytes:
    return command_id(int(time.time()) + ahead_s, time.monotonic_ns().to_bytes(11, "big"))  # noqa: TID251 - the real clock is what the daemon compares with
