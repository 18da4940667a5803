"""My policies: exercised and paid, moved back and forward by reorgs, settled without us, listed."""

import csv
import io
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.dashboard import OpenDashboard
from tests.integration.client import Client, usd

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_fall_of_the_price_is_shown_by_the_stream_exercised_and_paid(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet, strike_usd_e8=usd(60_000), max_payout_sats=5_000_000)
    before = await client.sbtc(wallet.address)
    dashboard = await open_dashboard(f"policies/{policy['quote_id']}", wallet=wallet)
    await expect(dashboard.main).to_contain_text("It pays nothing at today's price.")
    await expect(dashboard.button("Exercise…")).to_be_disabled()

    await client.mine()
    await client.price(usd(50_000))
    await expect(dashboard.main).to_contain_text("It pays 0.0200 sBTC today.")
    assert (await dashboard.steps())["In the money"] == "now"

    await dashboard.button("Exercise…").click()
    await dashboard.button("Sign and exercise").click()
    await dashboard.at_step("Settling")
    await client.wait_policy(policy["quote_id"], "settled")
    await expect(dashboard.main).to_contain_text("It paid 0.02 sBTC at $50,000.00.")

    assert await client.sbtc(wallet.address) == before + 2_000_000
    assert (await dashboard.steps())["Settled"] == "done"


async def test_a_reorg_moves_the_life_line_back_and_forward_again(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet)
    dashboard = await open_dashboard(f"policies/{policy['quote_id']}", wallet=wallet)
    await dashboard.at_step("Active")
    mined = await client.get(f"/v1/transactions/{policy['created_txid']}")

    fork = await client.fork(await client.depth_of(mined["block_height"]))
    await dashboard.at_step("In mempool")
    note = dashboard.main.get_by_role("status", name="Reorganisation")
    await expect(note).to_contain_text("active → is now in mempool")
    await expect(note).to_contain_text(f"after block {fork['fork_height']}. Your purchase is waiting again")

    await client.block()
    await dashboard.at_step("Active")
    await expect(note).to_have_count(0)
    await expect(dashboard.main.locator(".history .undone", has_text="PolicyCreated")).to_have_count(1)


async def test_a_holder_settles_on_chain_without_the_daemons_hand(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet, strike_usd_e8=usd(60_000), max_payout_sats=5_000_000)
    await client.mine()
    await client.price(usd(50_000))
    dashboard = await open_dashboard(f"policies/{policy['quote_id']}", wallet=wallet)

    await dashboard.main.get_by_role("button", name="on chain myself").click()
    await dashboard.button("Prepare the request").click()
    await expect(dashboard.sheet).to_contain_text("You ask the chain to exercise policy")
    await dashboard.sign()
    await client.block()

    await expect(dashboard.main).to_contain_text("Asked at block")
    await client.mine()
    await dashboard.main.get_by_role("button", name="myself…").click()
    await expect(dashboard.sheet).to_contain_text("at $50,000.00: it pays you 0.02 sBTC.")
    await dashboard.sign()
    settled = await client.wait_policy(policy["quote_id"], "settled")
    assert settled["settlement"]["rule"] == "request"
    await expect(dashboard.main).to_contain_text("It paid 0.02 sBTC at $50,000.00.")


async def test_automatic_exercise_is_switched_off_by_a_signed_message(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet)
    dashboard = await open_dashboard(f"policies/{policy['quote_id']}", wallet=wallet)
    switch = dashboard.page.get_by_role("switch", name="Exercise it for me")
    await expect(switch).to_be_checked()

    await switch.click()
    await expect(dashboard.sheet).to_contain_text("If you forget, a policy that pays ends unpaid.")
    await dashboard.button("Sign: I do it myself").click()

    await expect(switch).not_to_be_checked()
    assert (await client.get(f"/v1/policies/{policy['quote_id']}"))["auto_exercise"] is False


async def test_a_stale_price_is_said_and_nothing_is_exercised_until_it_is_back(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet)
    await client.mine()
    await client.price(usd(60_000))
    dashboard = await open_dashboard(f"policies/{policy['quote_id']}", wallet=wallet)
    exercise = dashboard.button("Exercise…")
    await expect(exercise).to_be_enabled()

    await client.price(None)
    await expect(dashboard.page.locator(".banners")).to_contain_text("Your policies stand.")
    await expect(exercise).to_be_disabled()
    await expect(dashboard.main).to_contain_text("Waits for a fresh price.")

    await client.price(usd(60_000))
    await expect(exercise).to_be_enabled()
    await expect(dashboard.page.locator(".banners")).to_be_empty()


async def test_the_list_is_sorted_by_what_each_pays_and_parted_by_what_has_ended(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    for strike, tenor in ((60_000, 1_008), (65_000, 2_016), (62_000, 1_296)):
        await client.buy(wallet, strike_usd_e8=usd(strike), tenor_blocks=tenor)
    dashboard = await open_dashboard("policies", wallet=wallet)
    rows = dashboard.main.locator("a.policy-row b:first-child")

    async def strikes() -> list[str]:
        lines = await dashboard.main.locator("a.policy-row > span:first-child .sub").all_inner_texts()
        return [line.rpartition(" · ")[2] for line in lines]

    await expect(rows.first).to_be_visible()
    assert await strikes() == ["60,000", "62,000", "65,000"]
    await dashboard.page.get_by_label("Sort by").select_option("value now")
    await expect(dashboard.main.locator("a.policy-row").first).to_contain_text("65,000")
    assert await strikes() == ["65,000", "62,000", "60,000"]

    await dashboard.page.get_by_role("radio", name="Ended").click()
    await expect(dashboard.main).to_contain_text("None of these.")


async def test_arrows_walk_the_list_and_enter_opens_a_policy(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    bought = [await client.buy(wallet, tenor_blocks=tenor) for tenor in (1_008, 2_016)]
    dashboard = await open_dashboard("policies", wallet=wallet)

    await dashboard.main.locator("a.policy-row").first.focus()
    await dashboard.page.keyboard.press("ArrowDown")
    await dashboard.page.keyboard.press("Enter")

    await dashboard.page.wait_for_url(f"**/#/policies/{bought[1]['quote_id']}*")


async def test_the_csv_holds_the_holders_policies_and_no_others(
    open_dashboard: OpenDashboard, client: Client, tmp_path: Path
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet)
    await client.buy(await client.wallet())
    dashboard = await open_dashboard("policies", wallet=wallet)

    async with dashboard.page.expect_download() as download:
        await dashboard.button("CSV").click()
    saved = tmp_path / "policies.csv"
    await (await download.value).save_as(saved)

    lines = list(csv.DictReader(io.StringIO(saved.read_text())))
    assert [line["quote_id"] for line in lines] == [policy["quote_id"]]
    assert lines[0]["premium_sats"] == str(policy["premium_sats"])
