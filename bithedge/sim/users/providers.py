"""Providers: put money in, ask for it back, use vouchers in time, late, or not at all."""

from typing import Any

from bithedge.domain.tiers import Tier
from bithedge.http.handlers.money import post_deposit, post_withdrawal
from bithedge.http.handlers.providers import get_provider
from bithedge.http.requests import DepositBody, WithdrawalBody
from bithedge.sim.door import Door, RefusalError
from bithedge.sim.users.base import User
from bithedge.stacks.clarity import StringAscii, UInt
from bithedge.stacks.messages import RequestWithdrawal


class Provider(User):
    """Backs policies with its money."""

    role = "provider"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.vouchers: list[dict[str, Any]] = []
        """Withdrawals prepared and not used yet."""
        self.left: set[str] = set()

    async def act(self, door: Door) -> None:
        """Do one thing."""
        if self.scene.leaving:
            await self._leave(door)
            return
        if self.scene.resting:
            return
        drawn = self.chance.random()
        if drawn < 0.35:  # noqa: PLR2004 - shares of what they do
            await self._deposit(door)
        elif drawn < 0.6 and self.vouchers:  # noqa: PLR2004 - likewise
            await self.send(door, self.sign_prepared(self.vouchers.pop(0)))
        elif drawn < 0.7:  # noqa: PLR2004 - likewise
            self._deposit_unseen()
        else:
            tier = self.chance.choice(tuple(Tier))
            await self._withdraw(door, tier, self.chance.choice((50_000, 1_000_000, 33_333_333)))

    async def _deposit(self, door: Door) -> None:
        tier = self.chance.choice(tuple(Tier))
        amount = self.chance.choice((10_000, 5_000_000, 40_000_000, 12_345_679))
        body = DepositBody(address=self.address, amount_sats=amount, tier=tier)
        answer = await door.post(self.name, post_deposit, body, key=self.fresh_key())
        await self.send(door, self.sign_prepared(answer["transaction"]))

    def _deposit_unseen(self) -> None:
        """Deposit without a word to the daemon."""
        tier = self.chance.choice(tuple(Tier))
        amount = self.chance.randrange(10_000, 20_000_000)
        call = self.call(self.scene.deployment.pool, "deposit-funds", [UInt(amount), StringAscii(tier.value)])
        self.submit(call)

    async def _withdraw(self, door: Door, tier: Tier, amount: int, *, use: bool | None = None) -> None:
        body = WithdrawalBody(
            address=self.address,
            amount_sats=amount,
            tier=tier,
            authorisation=self.authorise(door, RequestWithdrawal(amount, tier.value)),
        )
        answer = await door.post(
            self.name, post_withdrawal, body, key=self.fresh_key(), effect=f'"amount":{amount},"valid_until"'
        )
        used = self.chance.random() < 0.6 if use is None else use  # noqa: PLR2004 - some keep it for later
        if used:
            await self.send(door, self.sign_prepared(answer["transaction"]))
        else:
            self.vouchers.append(answer["transaction"])

    async def _leave(self, door: Door) -> None:
        """Take everything out, tier by tier."""
        try:
            portfolio = await door.get(self.name, get_provider, {"address": self.address})
        except RefusalError as refusal:
            if refusal.code == "unknown_provider":
                self.left = {tier.value for tier in Tier}
            raise
        own = self.scene.chain.state.providers[self.address]
        yield_cap = self.scene.chain.state.parameters["yield-cap"]
        lifetime = own.deposited + own.deposited * yield_cap // 10_000 - own.withdrawn
        for account in portfolio["tiers"]:
            amount = min(account["withdrawable_sats"], lifetime)
            if amount > 0:
                self.left.discard(account["tier"])
                await self._withdraw(door, Tier(account["tier"]), amount, use=True)
                return
        self.left = {tier.value for tier in Tier}


class Treasury(Provider):
    """Gets the fees, and takes them in the end."""

    role = "treasury"

    async def act(self, door: Door) -> None:
        """Wait for the end."""
        if self.scene.leaving:
            await self._leave(door)
