"""Withdrawals: the health check, the voucher, the money."""

import msgspec

from bithedge.stacks.clarity import Buffer
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.signing import SignedTransaction
from bithedge.stacks.transactions import deserialise_transaction
from tests.integration.client import BTC, Client, Json, a_withdrawal, fault_at, new_key
from tests.integration.wallet import Wallet

CHECKS = [
    "reservations",
    "tier_utilisation",
    "pool_utilisation",
    "outflow_window",
    "yield_cap",
    "profit_window",
]


async def test_a_withdrawal_moves_exactly_its_sats_to_the_provider(client: Client) -> None:
    provider = await client.wallet(sbtc=2 * BTC)
    await client.deposit(provider, 2 * BTC)
    vault = await client.vault()

    issued = await client.voucher(provider, BTC + 7)
    pending = await client.account(provider)
    await client.send(provider, issued["transaction"])
    name = issued["withdrawal"]["withdrawal_id"]
    sent = await client.until(
        f"/v1/withdrawals/{name}",
        lambda one: one["withdrawal"]["status"] == "pending_confirmation",
        mining=False,
    )
    done = await client.until(
        f"/v1/withdrawals/{name}", lambda one: one["withdrawal"]["status"] == "withdrawn"
    )

    assert issued["withdrawal"]["status"] == "pending_signature"
    assert pending["pending_sats"] == BTC + 7
    assert pending["free_sats"] == BTC - 7
    assert sent["withdrawal"]["txid"] == done["withdrawal"]["txid"]
    assert await client.sbtc(provider.address) == BTC + 7
    assert await client.vault() == vault - BTC - 7
    after = await client.account(provider)
    assert after["withdrawn_sats"] == BTC + 7
    assert after["pending_sats"] == 0
    assert after["free_sats"] == BTC - 7
    serial = Buffer(bytes.fromhex(name[2:]))
    assert await client.read("liquidity_pool", "is-serial-used", serial)


async def test_the_health_check_shows_six_figures_and_three_falls(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    path = f"/v1/providers/{provider.address}/withdrawal-check?tier=balanced&amount_sats={BTC}"

    thought_of = await client.get(path)
    issued = await client.voucher(provider, BTC)

    health = issued["withdrawal"]["health"]
    assert health["ok"]
    assert [check["name"] for check in health["checks"]] == CHECKS
    assert all(check["ok"] for check in health["checks"])
    assert [step["change_bps"] for step in health["stress"]] == [-1_000, -3_000, -5_000]
    assert thought_of["largest_sats"] == health["largest_sats"] == BTC
    assert (await client.account(provider))["pending_sats"] == BTC


async def test_a_withdrawal_is_read_again_with_a_fresh_transaction(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    issued = await client.voucher(provider, BTC // 2)
    other = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    await client.send(provider, other["transaction"])

    again = await client.get(f"/v1/withdrawals/{issued['withdrawal']['withdrawal_id']}")

    assert again["withdrawal"]["status"] == "pending_signature"
    assert again["transaction"]["arguments"] == issued["transaction"]["arguments"]
    assert again["transaction"]["nonce"] == issued["transaction"]["nonce"] + 1


async def test_the_same_amount_again_is_the_same_withdrawal_and_another_has_to_wait(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    first = await client.voucher(provider, BTC // 2)

    again = await client.voucher(provider, BTC // 2)
    authorisation = await client.authorise(
        provider, "request-withdrawal", amount_sats=BTC // 4, tier="balanced"
    )
    refused = await client.refusal(
        "/v1/withdrawals", a_withdrawal(provider, BTC // 4, "balanced", authorisation)
    )

    assert again["withdrawal"]["withdrawal_id"] == first["withdrawal"]["withdrawal_id"]
    assert again["transaction"]["arguments"] == first["transaction"]["arguments"]
    assert (refused["status"], refused["code"]) == (429, "too_many_reservations")
    assert (await client.account(provider))["pending_sats"] == BTC // 2


async def test_more_than_is_free_is_refused_with_the_largest_amount(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    before = await client.books()
    authorisation = await client.authorise(
        provider, "request-withdrawal", amount_sats=BTC + 1, tier="balanced"
    )

    refused = await client.refusal(
        "/v1/withdrawals", a_withdrawal(provider, BTC + 1, "balanced", authorisation)
    )

    assert (refused["status"], refused["code"]) == (422, "insufficient_free_balance")
    assert fault_at(refused, "amount_sats")["limit"] == BTC
    assert await client.books() == before
    await client.withdraw(provider, BTC)
    assert await client.sbtc(provider.address) == 10 * BTC


async def test_a_withdrawal_that_would_leave_the_tier_too_full_is_refused_with_the_check(
    alone: Client,
) -> None:
    provider, owner = await alone.wallet(), await alone.wallet()
    await alone.deposit(provider, BTC)
    policy = await alone.buy(owner, max_payout_sats=10_000_000)
    account = await alone.account(provider)
    free = account["free_sats"]
    authorisation = await alone.authorise(provider, "request-withdrawal", amount_sats=free, tier="balanced")

    refused = await alone.refusal("/v1/withdrawals", a_withdrawal(provider, free, "balanced", authorisation))

    assert (refused["status"], refused["code"]) == (422, "health_check_failed")
    health = refused["health"]
    assert not health["ok"]
    assert [check["name"] for check in health["checks"]] == CHECKS
    failed = [check["name"] for check in health["checks"] if not check["ok"]]
    assert "tier_utilisation" in failed
    assert fault_at(refused, "amount_sats")["limit"] == health["largest_sats"] < free
    assert account["withdrawable_sats"] == health["largest_sats"]
    one_more = health["largest_sats"] + 1
    authorisation = await alone.authorise(
        provider, "request-withdrawal", amount_sats=one_more, tier="balanced"
    )
    still = await alone.refusal(
        "/v1/withdrawals", a_withdrawal(provider, one_more, "balanced", authorisation)
    )
    assert still["code"] == "health_check_failed"
    await alone.withdraw(provider, health["largest_sats"])
    assert await alone.collateral(policy["policy_id"]) == policy["max_payout_sats"]


async def test_a_voucher_that_nobody_uses_lapses_and_its_money_is_free_again(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    issued = await client.voucher(provider, BTC)
    final = (await client.config())["confirmations"]["final"]
    name = issued["withdrawal"]["withdrawal_id"]

    await client.mine_to(issued["withdrawal"]["valid_until_height"] + final + 1)

    lapsed = await client.until(
        f"/v1/withdrawals/{name}", lambda one: one["withdrawal"]["status"] == "lapsed"
    )
    assert lapsed["transaction"] is None
    account = await client.account(provider)
    assert (account["free_sats"], account["pending_sats"]) == (BTC, 0)
    await client.withdraw(provider, BTC // 2)


async def test_a_lapsed_voucher_opens_nothing_on_chain(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    issued = await client.voucher(provider, BTC)
    await client.mine_to(issued["withdrawal"]["valid_until_height"] + 1)

    txid = await client.send(provider, issued["transaction"])

    assert (await client.wait_transaction(txid, "aborted"))["reason"]
    assert (await client.account(provider))["withdrawn_sats"] == 0


async def test_a_stranger_cannot_ask_for_a_providers_money(client: Client) -> None:
    provider, stranger = await client.wallet(), await client.wallet()
    await client.deposit(provider, BTC)
    await client.deposit(stranger, BTC)
    before = await client.books()
    authorisation = await client.authorise(stranger, "request-withdrawal", amount_sats=BTC, tier="balanced")

    refused = await client.refusal("/v1/withdrawals", a_withdrawal(provider, BTC, "balanced", authorisation))

    assert (refused["status"], refused["code"]) == (401, "invalid_signature")
    assert await client.books() == before


async def test_a_strangers_hand_under_a_voucher_moves_nothing(client: Client) -> None:
    provider, stranger = await client.wallet(), await client.wallet()
    await client.deposit(provider, BTC)
    issued = await client.voucher(provider, BTC)
    taken = await client.post(
        "/v1/deposits", {"address": stranger.address, "amount_sats": BTC, "tier": "balanced"}
    )
    theft = _as_if_by(stranger, issued["transaction"], taken["transaction"])

    txid = await client.relay(theft)

    await client.wait_transaction(txid, "aborted")
    assert await client.sbtc(stranger.address) == 10 * BTC
    assert (await client.account(provider))["pending_sats"] == BTC


async def test_a_provider_in_exit_mode_backs_nothing_new(alone: Client) -> None:
    leaving, staying, owner = [await alone.wallet() for _ in range(3)]
    await alone.deposit(leaving, BTC)
    await alone.deposit(staying, BTC)
    authorisation = await alone.authorise(leaving, "set-exit", tier="balanced", enabled=True)
    body = {"tier": "balanced", "enabled": True, "authorisation": authorisation}

    answer = await alone.post(f"/v1/providers/{leaving.address}/exit", body)

    assert answer == {"tier": "balanced", "enabled": True}
    assert (await alone.account(leaving))["exit"]
    policy = await alone.buy(owner, amount_sats=5_000_000, max_payout_sats=5_000_000)
    backing = (await alone.get(f"/v1/policies/{policy['quote_id']}/backing"))["items"]
    assert [one["address"] for one in backing] == [staying.address]
    await alone.withdraw(leaving, BTC)
    assert await alone.sbtc(leaving.address) == 10 * BTC


async def test_the_answer_to_a_withdrawal_is_kept_for_its_key(client: Client) -> None:
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    authorisation = await client.authorise(provider, "request-withdrawal", amount_sats=BTC, tier="balanced")
    body, key = a_withdrawal(provider, BTC, "balanced", authorisation), new_key()

    first = await client.try_post("/v1/withdrawals", body, key=key)
    again = await client.try_post("/v1/withdrawals", body, key=key)
    used = await client.refusal("/v1/withdrawals", body)

    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert first.headers["Location"] == f"/v1/withdrawals/{first.json['withdrawal']['withdrawal_id']}"
    assert (used["status"], used["code"]) == (409, "message_used")


def _as_if_by(stranger: Wallet, prepared: Json, own: Json) -> SignedTransaction:
    """Return the prepared call under the stranger's own hand."""
    call = deserialise_transaction(from_hex(prepared["unsigned"]))
    mine = deserialise_transaction(from_hex(own["unsigned"]))
    return stranger.sign_transaction(msgspec.structs.replace(call, authorisation=mine.authorisation))
