"""Pool: what is owed, cell by cell, and the proof, added up again in the browser."""

import pytest
from playwright.async_api import expect

from tests.browser.dashboard import OpenDashboard
from tests.integration.client import Client, usd

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_browser_adds_up_all_policies_to_what_is_locked(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    await client.buy(await client.wallet())
    dashboard = await open_dashboard("pool/proof")
    pool = await client.get("/v1/pool")

    await dashboard.button("Add up all policies here").click()

    sums = dashboard.main.locator(".own-check .proofs li").first
    await expect(sums).to_contain_text("locked = sum of max payouts")
    locked = f"{pool['locked_sats'] / 1e8:.8f}"
    await expect(sums).to_contain_text(f"{locked} = {locked} over {pool['active_policies']} live")


async def test_the_four_equations_hold(open_dashboard: OpenDashboard, client: Client) -> None:
    await client.buy(await client.wallet())
    dashboard = await open_dashboard("pool")

    proof = dashboard.main.get_by_role("region", name="Solvency proof")
    await expect(proof).to_contain_text("holds")
    await expect(proof.locator(".proofs").first.locator("li")).to_have_count(4)
    await expect(dashboard.main.get_by_role("heading", level=1)).to_contain_text(
        "Every policy can be paid in full"
    )


async def test_a_cell_of_the_heat_map_opens_its_policies(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    policy = await client.buy(await client.wallet(), strike_usd_e8=usd(41_500), tenor_blocks=4_320)
    dashboard = await open_dashboard("pool")

    await dashboard.main.get_by_role("button", name="in 1 policy").last.click()

    cell = dashboard.main.get_by_role("region", name="Policies of the cell")
    await expect(cell.get_by_role("link", name=f"#{policy['policy_id']}", exact=True)).to_be_visible()


async def test_the_heat_map_has_one_tab_stop_and_is_walked_by_arrows(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    for strike in (50_000, 60_000):
        await client.buy(await client.wallet(), strike_usd_e8=usd(strike), tenor_blocks=4_320)
    dashboard = await open_dashboard("pool")
    cells = dashboard.main.locator(".heat button.cell")
    await expect(cells.first).to_be_visible()
    assert await dashboard.main.locator(".heat button[tabindex='0']").count() == 1

    await cells.first.focus()
    await dashboard.page.keyboard.press("ArrowDown")

    await expect(dashboard.main.locator(".heat [data-at='1.0']")).to_be_focused()


@pytest.mark.parametrize("width", [360, 320])
async def test_the_pool_does_not_scroll_sideways_on_a_phone(
    open_dashboard: OpenDashboard, client: Client, width: int
) -> None:
    await client.buy(await client.wallet())
    dashboard = await open_dashboard("pool", size=(width, 740))

    await expect(dashboard.main.locator(".heat")).to_be_visible()

    assert not await dashboard.is_wider_than_the_window()
