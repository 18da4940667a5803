"""Protect: the chart is the form, the latest quote is the one shown, and a purchase takes two signatures."""

import asyncio
import itertools
import re
from typing import Any

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from tests.browser.dashboard import OpenDashboard
from tests.browser.tampering import TAMPERED
from tests.integration.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="session")

Json = dict[str, Any]


async def test_a_visitor_without_a_wallet_sees_a_price(open_dashboard: OpenDashboard) -> None:
    dashboard = await open_dashboard()

    await dashboard.quoted()

    await expect(dashboard.main.get_by_role("heading", level=1)).to_contain_text("$60,500")
    await expect(dashboard.page.get_by_test_id("premium")).to_contain_text("sBTC")
    await expect(dashboard.button("Connect wallet to sign")).to_be_enabled()


async def test_a_holder_signs_twice_and_is_covered_once_the_block_is_mined(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    dashboard = await open_dashboard(wallet=wallet)
    await dashboard.begin_purchase()
    premium = await dashboard.sheet.locator("dd").first.inner_text()
    await dashboard.sign()

    await dashboard.at_step("In mempool")
    await client.block()
    await dashboard.at_step("Active")

    policies = (await client.get(f"/v1/policies?owner={wallet.address}"))["items"]
    assert [policy["status"] for policy in policies] == ["active"]
    assert f"{policies[0]['premium_sats'] / 1e8:.8f}" == premium.split()[0]
    await expect(dashboard.main).to_contain_text("1 active, covering 0.25 BTC")


async def test_the_figures_of_the_four_lines_add_up_to_the_premium(open_dashboard: OpenDashboard) -> None:
    dashboard = await open_dashboard()
    await dashboard.quoted()

    total = await dashboard.page.get_by_test_id("premium").locator(".sats").inner_text()
    lines = await dashboard.main.locator(".premium-lines .sats, .premium-line .sats").all_inner_texts()

    assert len(lines) == 4
    assert sum(map(sats, lines)) == sats(total)


async def test_a_drag_of_the_strike_ends_with_the_quote_of_the_last_place(
    open_dashboard: OpenDashboard,
) -> None:
    dashboard = await open_dashboard()
    await dashboard.quoted()
    asked: list[int] = []
    answered: dict[int, int] = {}

    async def slow_at_first(route: Route) -> None:
        strike = route.request.post_data_json["strike_usd_e8"]
        asked.append(strike)
        response = await route.fetch()
        answered[strike] = (await response.json())["premium"]["total_sats"]
        if len(asked) == 1:
            await asyncio.sleep(1)
        await route.fulfill(response=response)

    await dashboard.page.route("**/v1/quotes", slow_at_first)
    box = await dashboard.handle("Strike").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = dashboard.page.mouse
    await mouse.move(x, y)
    await mouse.down()
    await mouse.move(x, y + 30)
    await until(lambda: asked)
    for step in range(31, 81, 2):
        await mouse.move(x, y + step)
    await mouse.up()

    await dashboard.quoted()
    last = asked[-1]
    assert last == await dashboard.strike() * 100_000_000
    assert len(set(asked)) < 25, "each move of the pointer was asked for"
    shown = await dashboard.page.get_by_test_id("premium").locator(".sats").inner_text()
    assert sats(shown) == answered[last]
    await asyncio.sleep(1.2)  # the first answer has come by now, and is not shown
    assert await dashboard.page.get_by_test_id("premium").locator(".sats").inner_text() == shown


async def test_the_strike_moves_by_keys_alone_and_stops_at_what_is_backed(
    open_dashboard: OpenDashboard,
) -> None:
    dashboard = await open_dashboard()
    await dashboard.quoted()
    handle = dashboard.handle("Strike")
    assert await dashboard.strike() == 60_500

    await handle.press("ArrowDown")
    assert await dashboard.strike() == 60_000
    await handle.press("PageDown")
    assert await dashboard.strike() == 57_000
    await handle.press("End")
    highest = await dashboard.strike()
    await handle.press("ArrowUp")

    assert await dashboard.strike() == highest == 71_500
    await expect(handle).to_have_attribute(
        "aria-valuetext", re.compile(r"71,500 dollars, 10\.0\s% above the price now")
    )


async def test_the_address_holds_the_form(open_dashboard: OpenDashboard) -> None:
    dashboard = await open_dashboard("protect?kind=call&amount_sats=50000000&strike_usd_e8=7000000000000")
    await dashboard.quoted()

    await expect(dashboard.page.get_by_label("Amount")).to_have_value("0.5")
    assert await dashboard.strike() == 70_000
    await expect(dashboard.main.get_by_role("heading", level=1)).to_contain_text("above $70,000")


async def test_a_max_payout_beyond_capacity_offers_the_largest_that_can_be_sold(
    open_dashboard: OpenDashboard,
) -> None:
    dashboard = await open_dashboard("protect?amount_sats=1000000000&max_payout_sats=1000000000")

    offer = dashboard.main.get_by_role("button", name="Set max payout to")
    await offer.click()

    await dashboard.quoted()
    await expect(dashboard.page.get_by_test_id("premium")).to_be_visible()


@pytest.mark.parametrize("tampered", TAMPERED, ids=[name for name, _ in TAMPERED])
async def test_a_tampered_purchase_is_refused_and_never_sent(
    open_dashboard: OpenDashboard, client: Client, tampered: tuple[str, Any]
) -> None:
    _, change = tampered
    dashboard = await open_dashboard(wallet=await client.wallet())
    sent: list[str] = []
    dashboard.page.on("request", lambda request: sent.append(request.url))

    async def tamper(route: Route) -> None:
        response = await route.fetch()
        answer: Json = await response.json()
        change(answer["transaction"])
        await route.fulfill(response=response, json=answer)

    await dashboard.page.route("**/v1/policies", tamper)
    await dashboard.quoted()
    await dashboard.button("Review and sign").click()
    await dashboard.button("Reserve").click()

    await expect(dashboard.sheet.get_by_role("alert")).to_contain_text("Do not sign")
    await expect(dashboard.sheet.locator(".button.primary")).to_have_count(0)
    assert not [url for url in sent if url.endswith("/v1/transactions")]


async def test_a_reload_between_the_two_signatures_buys_once(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    wallet = await client.wallet()
    dashboard = await open_dashboard(wallet=wallet)
    await dashboard.begin_purchase()
    await dashboard.reload()

    await dashboard.go("policies")
    await dashboard.button("Sign again").click()
    await dashboard.button("Reserve").click()
    await dashboard.sign()
    await client.block()
    await dashboard.at_step("Active")

    policies = (await client.get(f"/v1/policies?owner={wallet.address}"))["items"]
    assert len(policies) == 1
    assert await client.sbtc(wallet.address) == 1_000_000_000 - policies[0]["premium_sats"]


async def test_a_socket_cut_in_mid_purchase_resumes_and_loses_nothing(
    open_dashboard: OpenDashboard, client: Client
) -> None:
    dashboard = await open_dashboard("help", wallet=await client.wallet())
    sockets: list[WebSocketRoute] = []
    said: list[str] = []
    is_down = asyncio.Event()

    async def relay(socket: WebSocketRoute) -> None:
        if is_down.is_set():
            await socket.close(code=1011)
            return
        server = socket.connect_to_server()
        socket.on_message(lambda message: (said.append(str(message)), server.send(message))[1])
        sockets.append(socket)

    await dashboard.page.route_web_socket("**/v1/stream", relay)
    await dashboard.page.goto(f"{client.ready.http}/?cut#/protect")
    await dashboard.is_live()
    await dashboard.buy()
    await dashboard.at_step("In mempool")

    is_down.set()
    await sockets[-1].close(code=1011)
    connection = dashboard.page.get_by_test_id("connection")
    await expect(connection).to_have_attribute("data-kind", "offline")
    await client.block()
    await client.caught_up()
    await expect(dashboard.button("Try now")).to_be_visible()
    is_down.clear()
    # The page may come back by itself at any moment: pressing a button that is going would be a race.
    await dashboard.page.evaluate("() => { window.dispatchEvent(new Event('online')) }")

    await dashboard.is_live()
    await dashboard.at_step("Active")
    assert '"since"' in next(words for words in said[::-1] if '"subscribe"' in words and "oracle" in words)
    history = dashboard.main.locator(".history li")
    await expect(history.filter(has_text="PolicyCreated")).to_have_count(1)
    await expect(history.filter(has_text="PolicyPending")).to_have_count(1)


def sats(text: str) -> int:
    """Return the sats of an amount as it is copied, whatever its unit says."""
    return round(float(text.split(maxsplit=1)[0]) * 1e8)


async def until(is_true: Any) -> None:
    for _ in itertools.repeat(None, 200):
        if is_true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true in 4 s")
