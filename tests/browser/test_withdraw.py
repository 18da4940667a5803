"""Withdrawing: a refusal says the largest amount that passes and puts it one press away."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.dashboard import OpenDashboard
from tests.integration.client import BTC, Client, usd
from tests.integration.wallet import Wallet

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHECKS = [
    "Reservations",
    "Tier utilisation",
    "Pool utilisation",
    "Outflow window",
    "Yield cap",
    "Profit window",
]


async def test_too_much_is_refused_with_the_largest_amount_and_that_is_paid_out(
    open_dashboard: OpenDashboard, client: Client, provider: Wallet
) -> None:
    await client.buy(
        await client.wallet(),
        tier="conservative",
        strike_usd_e8=usd(58_000),
        amount_sats=4 * BTC,
        max_payout_sats=4 * BTC,
    )
    free = (await client.account(provider, "conservative"))["free_sats"]
    before = await client.sbtc(provider.address)
    dashboard = await open_dashboard("earn/conservative/withdraw?amount_sats=100000000", wallet=provider)
    checks = dashboard.main.get_by_role("list", name="Health checks").locator("li .name")
    await expect(checks).to_have_count(len(CHECKS))
    for line, name in zip(await checks.all_inner_texts(), CHECKS, strict=True):
        assert name in line
    await expect(dashboard.button("Review and sign")).to_be_enabled()

    await dashboard.page.get_by_label("Amount").fill(f"{free / BTC:.8f}")
    refused = dashboard.main.get_by_role("region", name="Refused")
    await expect(refused).to_contain_text(
        re.compile(r"It would leave the tier [0-9.]+.% used; the cap is 60.0.%")
    )
    await expect(dashboard.button("Review and sign")).to_be_disabled()
    take = refused.get_by_role("button", name="Take ")
    largest = (await take.inner_text()).removeprefix("Take ")
    await take.click()

    await expect(dashboard.page.get_by_label("Amount")).to_have_value(largest)
    await expect(refused).to_have_count(0)
    await dashboard.button("Review and sign").click()
    await dashboard.button("Sign request").click()
    await expect(dashboard.sheet).to_contain_text(f"You take out {largest} sBTC.")
    await dashboard.sign()
    await expect(dashboard.main).to_contain_text("A withdrawal from the pool waits in the mempool.")
    await client.block()
    await expect(dashboard.main).to_contain_text("A withdrawal from the pool is mined.")

    taken = round(float(largest) * BTC)
    assert await client.sbtc(provider.address) == before + taken
    tier = await client.get("/v1/tiers/conservative")
    assert tier["utilisation_bps"] <= tier["parameters"]["utilisation_cap_bps"]
    assert tier["utilisation_bps"] > tier["parameters"]["utilisation_cap_bps"] - 10
    await client.deposit(provider, taken, "conservative")


async def test_more_than_one_has_offers_all_that_one_has(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet(sbtc=3 * BTC)
    await client.deposit(wallet, 3 * BTC)
    dashboard = await open_dashboard("earn/balanced/withdraw?amount_sats=100000000", wallet=wallet)

    await dashboard.page.get_by_label("Amount").fill("3.5")
    await dashboard.main.get_by_role("button", name="Take 3", exact=True).click()

    await expect(dashboard.page.get_by_label("Amount")).to_have_value("3")
    await expect(dashboard.button("Review and sign")).to_be_enabled()


async def test_the_gauge_shows_the_tier_after_the_withdrawal(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet(sbtc=20 * BTC)
    await client.deposit(wallet, 20 * BTC)
    await client.buy(await client.wallet(), max_payout_sats=50_000_000, amount_sats=50_000_000)
    dashboard = await open_dashboard("earn/balanced/withdraw?amount_sats=100000000", wallet=wallet)
    gauge = dashboard.main.get_by_role("meter", name="Utilisation of the tier")
    await expect(gauge).to_have_attribute("aria-valuetext", re.compile("After this withdrawal"))
    before = float(await gauge.get_attribute("aria-valuenow") or 0)

    await dashboard.page.get_by_label("Amount").fill("19")

    await expect(gauge).not_to_have_attribute("aria-valuenow", f"{before:g}")
    assert float(await gauge.get_attribute("aria-valuenow") or 0) > before


async def test_what_a_fall_at_once_would_cost_is_shown_and_never_a_reason(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet(sbtc=BTC)
    await client.deposit(wallet, BTC)
    dashboard = await open_dashboard("earn/balanced/withdraw?amount_sats=10000000", wallet=wallet)

    await expect(dashboard.main).to_contain_text("What stays in Balanced, if Bitcoin falls at once")
    lost = dashboard.main.locator("li", has_text="lose")

    await expect(lost).to_have_count(3)
    await expect(dashboard.button("Review and sign")).to_be_enabled()


async def test_a_reload_before_the_voucher_is_used_finds_it_again(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet(sbtc=BTC)
    await client.deposit(wallet, BTC)
    dashboard = await open_dashboard("earn/balanced/withdraw?amount_sats=40000000", wallet=wallet)
    await dashboard.button("Review and sign").click()
    await dashboard.button("Sign request").click()
    await expect(dashboard.sheet).to_contain_text("You take out 0.4 sBTC.")
    await dashboard.reload()

    voucher = dashboard.main.get_by_role("region", name="Voucher")
    await expect(voucher).to_contain_text("A voucher over 0.4 sBTC is out")
    await voucher.get_by_role("button", name="Sign its use").click()
    await dashboard.button("Sign request").click()
    await dashboard.sign()
    await client.block()

    await expect(dashboard.main).to_contain_text("A withdrawal from the pool is mined.")
    assert await client.sbtc(wallet.address) == 40_000_000
