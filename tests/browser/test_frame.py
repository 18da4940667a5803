"""The frame round every view: narrow windows, keys, settings, a daemon that goes away."""

import pytest
from playwright.async_api import expect

from tests.browser.dashboard import OpenDashboard
from tests.integration.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = ("protect", "policies", "earn", "earn/balanced/deposit", "account", "settings", "help")
NARROW = ((360, 740), (320, 640), (844, 390))


@pytest.mark.parametrize("size", NARROW, ids=[f"{width} by {height}" for width, height in NARROW])
async def test_no_view_scrolls_sideways(
    open_dashboard: OpenDashboard, client: Client, size: tuple[int, int]
) -> None:
    wallet = await client.wallet()
    policy = await client.buy(wallet)
    dashboard = await open_dashboard("protect", wallet=wallet, size=size)
    await dashboard.quoted_on_phone()

    wide = []
    for view in (*VIEWS, f"policies/{policy['quote_id']}"):
        await dashboard.go(view)
        await expect(dashboard.main.locator("h1:visible, h2:visible").first).to_be_visible()
        if await dashboard.is_wider_than_the_window():
            wide.append(view)

    assert wide == []


async def test_two_keys_open_a_view_and_can_be_switched_off(open_dashboard: OpenDashboard) -> None:
    dashboard = await open_dashboard("help")
    keyboard = dashboard.page.keyboard

    await keyboard.press("g")
    await keyboard.press("e")
    await dashboard.page.wait_for_url("**/#/earn")

    await dashboard.go("settings")
    await dashboard.page.get_by_role("switch", name="Single-key shortcuts").click()
    await keyboard.press("?")
    assert dashboard.page.url.endswith("#/settings")


async def test_the_theme_is_kept_over_a_reload(open_dashboard: OpenDashboard) -> None:
    dashboard = await open_dashboard("settings")
    root = dashboard.page.locator("html")
    await expect(root).to_have_attribute("data-theme", "light")

    await dashboard.page.get_by_role("radio", name="Dark").click()
    await dashboard.reload()

    await expect(root).to_have_attribute("data-theme", "dark")
    await expect(dashboard.page.get_by_role("radio", name="Dark")).to_be_checked()


async def test_amounts_are_shown_in_sats_where_that_was_chosen(open_dashboard: OpenDashboard) -> None:
    dashboard = await open_dashboard("settings")

    await dashboard.page.get_by_role("radio", name="sats").click()
    await dashboard.go("protect")
    await dashboard.quoted()

    await expect(dashboard.page.get_by_test_id("premium")).to_contain_text("sats")
    await expect(dashboard.page.get_by_test_id("premium")).not_to_contain_text(".")


async def test_a_link_never_opens_a_signature(open_dashboard: OpenDashboard, client: Client) -> None:
    wallet = await client.wallet()
    dashboard = await open_dashboard("protect?amount_sats=25000000", wallet=wallet)
    await dashboard.quoted()

    await expect(dashboard.sheet).to_have_count(0)


async def test_escape_leaves_the_sheet_and_nothing_was_reserved(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    dashboard = await open_dashboard(wallet=await client.wallet())
    before = (await client.get("/v1/pool"))["reserved_sats"]
    await dashboard.quoted()
    await dashboard.button("Review and sign").click()
    await expect(dashboard.sheet).to_be_visible()

    await dashboard.page.keyboard.press("Escape")

    await expect(dashboard.sheet).to_have_count(0)
    await expect(dashboard.button("Review and sign")).to_be_focused()
    assert (await client.get("/v1/pool"))["reserved_sats"] == before
