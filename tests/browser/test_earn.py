"""Earn: a provider's money goes in, stands behind policies, earns, and says where each sat went."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.dashboard import OpenDashboard
from tests.integration.client import BTC, Client, usd

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_provider_deposits_backs_a_policy_and_earns_its_premium(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet(sbtc=5 * BTC)
    dashboard = await open_dashboard("earn/balanced/deposit", wallet=wallet)
    await dashboard.page.get_by_label("Amount").fill("5")
    await dashboard.button("Review and sign").click()
    await expect(dashboard.sheet).to_contain_text("You put 5 sBTC into Balanced.")
    await dashboard.sign()

    await expect(dashboard.main).to_contain_text("A deposit into the pool waits in the mempool.")
    await client.block()
    await expect(dashboard.main).to_contain_text("A deposit into the pool is mined.")
    assert await client.sbtc(wallet.address) == 0

    await dashboard.go("earn")
    heading = dashboard.main.get_by_role("heading", level=1)
    await expect(heading).to_contain_text("You have 5.0000 sBTC in the pool")
    holder = await client.wallet()
    policy = await client.buy(holder, max_payout_sats=10_000_000)
    await expect(heading).to_contain_text("stands behind 1 policy")
    backed = dashboard.main.get_by_role("row", name=re.compile(rf"^#{policy['policy_id']} balanced"))
    await expect(backed).to_be_visible()

    await client.mine()
    await client.price(usd(64_000))
    await client.activate(holder, policy)
    await client.wait_policy(policy["quote_id"], "settled")
    await expect(backed).to_have_count(0)
    ledger = dashboard.main.locator("#ledger")
    await expect(ledger).to_contain_text(f"Earned, #{policy['policy_id']}")
    await expect(ledger).to_contain_text("free → locked")
    account = await client.account(wallet)
    assert account["losses_sats"] > 0
    assert account["free_sats"] + account["earned_sats"] != 5 * BTC


async def test_who_has_no_money_in_the_pool_is_told_how_it_works(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    dashboard = await open_dashboard("earn", wallet=await client.wallet())

    await expect(dashboard.main).to_contain_text("You have no money in the pool yet.")
    await expect(dashboard.main.get_by_role("button", name="Deposit into")).to_have_count(3)


async def test_a_deposit_of_more_than_one_has_cannot_be_signed(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    dashboard = await open_dashboard("earn/balanced/deposit", wallet=await client.wallet(sbtc=BTC))

    await dashboard.page.get_by_label("Amount").fill("1.00000001")

    await expect(dashboard.main).to_contain_text("You have 1 sBTC")
    await expect(dashboard.button("Review and sign")).to_be_disabled()


async def test_exit_mode_is_switched_by_a_signed_message(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet(sbtc=2 * BTC)
    await client.deposit(wallet, 2 * BTC)
    dashboard = await open_dashboard("earn/balanced/withdraw", wallet=wallet)
    switch = dashboard.page.get_by_role("switch", name="Exit mode")
    await expect(switch).not_to_be_checked()

    await switch.click()
    await dashboard.button("Sign: exit mode").click()

    await expect(switch).to_be_checked()
    assert (await client.account(wallet))["exit"] is True
