"""What a user does on the dashboard, in the words of the page."""

import json
import re
from collections.abc import Awaitable, Callable

from playwright.async_api import ConsoleMessage, Locator, Page, Route, expect

from tests.integration.client import Client
from tests.integration.wallet import Wallet

# What a refusal of the interface leaves in the browser's own console, whatever the page does with it.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4(09|22|29)")
WITHIN_MS = 10_000


class Dashboard:
    """One page on the daemon; its wallet, if any, is the only one that the devnet's chooser offers."""

    def __init__(self, page: Page, client: Client, wallet: Wallet | None) -> None:
        self.page = page
        self.client = client
        self.wallet = wallet
        self.complaints: list[str] = []
        page.set_default_timeout(WITHIN_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    # ------------------------------------------------------------ going about

    async def open(self, path: str) -> None:
        """Load the page at a route and wait until it is live."""
        if self.wallet is not None:
            await self._offer(self.wallet)
        await self.page.goto(f"{self.client.ready.http}/#/{path}")
        await self.is_live()

    async def go(self, path: str) -> None:
        """Change the route without loading anything anew."""
        await self.page.evaluate("path => { location.hash = `#/${path}`; }", path)

    async def reload(self) -> None:
        await self.page.reload()
        await self.is_live()

    async def is_live(self) -> None:
        await expect(self.page.get_by_test_id("connection")).to_have_attribute(
            "data-kind", "live", timeout=WITHIN_MS
        )

    # ------------------------------------------------------------ reading

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    @property
    def sheet(self) -> Locator:
        return self.page.locator("dialog.sheet")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def handle(self, name: str) -> Locator:
        return self.page.get_by_role("slider", name=name)

    def life(self, name: str = "Life of the policy") -> Locator:
        return self.page.get_by_role("list", name=name)

    async def at_step(self, name: str) -> None:
        """Wait until a policy's life line stands at a step."""
        await expect(self.life().locator("[aria-current=step] .name")).to_have_text(name)

    async def steps(self) -> dict[str, str]:
        """Return each step of the life line with its state."""
        steps = await self.life().locator("li[data-state]").all()
        return {
            await step.locator(".name").inner_text(): await step.get_attribute("data-state") or ""
            for step in steps
        }

    async def quoted(self) -> None:
        """Wait until what is shown is priced and may be signed."""
        await expect(self.page.locator(".good-for")).to_be_visible()

    async def quoted_on_phone(self) -> None:
        """Wait likewise where the words under the button have no room."""
        await expect(self.button("Review and sign")).to_be_enabled()

    async def strike(self) -> int:
        """Return the strike that the handle says, in whole dollars."""
        return int(await self.handle("Strike").get_attribute("aria-valuenow") or 0)

    async def is_wider_than_the_window(self) -> bool:
        return await self.page.evaluate("document.documentElement.scrollWidth > innerWidth")

    # ------------------------------------------------------------ signing

    async def begin_purchase(self) -> None:
        """Open the sheet and sign the reservation; the purchase is then there to sign."""
        await self.quoted()
        await self.button("Review and sign").click()
        await self.button("Reserve").click()
        await expect(self.sheet).to_contain_text("step 1 is done")

    async def sign(self) -> None:
        await self.button("Open wallet and sign").click()
        await expect(self.sheet).to_have_count(0)

    async def buy(self) -> str:
        """Sign twice; return the quote id that the policy is known by."""
        await self.begin_purchase()
        await self.sign()
        await self.page.wait_for_url(re.compile("#/policies/q_"))
        return self.page.url.rpartition("/")[2]

    # ------------------------------------------------------------ inner parts

    async def _offer(self, wallet: Wallet) -> None:
        account = {
            "name": "tester",
            "address": wallet.address,
            "private_key": wallet.key.reveal_hex(),
            "stx_ustx": 0,
            "sbtc_sats": 0,
        }

        async def answer(route: Route) -> None:
            await route.fulfill(json={"items": [account]})

        await self.page.route("**/v1/devnet/accounts", answer)
        await self.page.add_init_script(
            f"localStorage.setItem('bithedge.devnet-wallet', {json.dumps(wallet.address)});"
        )

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSED.match(message.text):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


OpenDashboard = Callable[..., Awaitable[Dashboard]]
