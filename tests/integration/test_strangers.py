"""A sound signature of somebody else opens nothing."""

from tests.integration.client import Client


async def test_a_stranger_cannot_choose_when_a_policy_is_exercised(client: Client) -> None:
    holder, stranger = await client.wallet(), await client.wallet()
    policy = await client.buy(holder)
    number = policy["policy_id"]
    wish = {"policy_id": number, "enabled": False}
    signed = await client.authorise(stranger, "set-auto-exercise", **wish)

    problem = await client.refusal(
        f"/v1/policies/{number}/auto-exercise", {"enabled": False, "authorisation": signed}
    )

    assert (problem["status"], problem["code"]) == (403, "not_owner")
    assert (await client.get(f"/v1/policies/{number}"))["auto_exercise"] is True
