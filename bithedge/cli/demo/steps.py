"""What people do with BitHedge, one function a deed: ask, look, sign, send, wait until it is so."""

from collections.abc import Mapping
from typing import Final

import msgspec

from bithedge.cli.demo.client import Api
from bithedge.cli.demo.story import Story
from bithedge.cli.demo.wallet import Wallet
from bithedge.cli.demo.wire import (
    Account,
    Activated,
    Backing,
    Deposit,
    Health,
    Heights,
    Message,
    Policy,
    Prepared,
    Provider,
    Quote,
    Relayed,
    Reserved,
    TransactionStatus,
    Withdrawal,
    WithdrawalAnswer,
)
from bithedge.cli.exits import CommandError
from bithedge.stacks.clarity import Buffer, StringAscii, UInt
from bithedge.stacks.hexes import from_hex

TIER: Final = "balanced"
MINED_WITHIN_S: Final = 30.0
SETTLED_WITHIN_S: Final = 60.0
_ON_CHAIN: Final = ("confirmed", "final")
_DEAD: Final = ("aborted", "dropped", "replaced")


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """What a holder wants covered by a put."""

    amount_sats: int
    strike_usd_e8: int
    max_payout_sats: int
    tenor_blocks: int


class Steps:
    """Deeds on one daemon, told as they are done."""

    def __init__(self, api: Api, story: Story) -> None:
        self.api = api
        self.story = story

    async def balance(self, address: str) -> int:
        """Return the sats an address holds on chain."""
        return (await self.api.get(f"/v1/accounts/{address}", Account)).sbtc_sats

    async def set_price(self, usd_e8: int) -> None:
        """Set the devnet's price."""
        await self.api.post("/v1/devnet/price", {"usd_e8": usd_e8}, msgspec.Raw)

    async def mine(self, blocks: int) -> int:
        """Mine burn blocks, and return the burn height."""
        return (await self.api.post("/v1/devnet/mine", {"blocks": blocks}, Heights)).burn_height

    async def deposit(self, provider: Wallet, amount_sats: int) -> None:
        """Put money into the tier."""
        body = {"address": provider.address, "amount_sats": amount_sats, "tier": TIER}
        prepared = (await self.api.post("/v1/deposits", body, Deposit)).transaction
        await self._send(
            provider, prepared, provider.sign_call(prepared, "deposit-funds", pays_sats=amount_sats)
        )

    async def quote(self, holder: Wallet, cover: Cover) -> Quote:
        """Ask what a cover costs."""
        body = {"kind": "put", "owner": holder.address, "tier": TIER, **msgspec.structs.asdict(cover)}
        return await self.api.post("/v1/quotes", body, Quote)

    async def buy(self, holder: Wallet, quote: Quote) -> Policy:
        """Reserve the quote, sign and send the purchase; return the active policy."""
        message = await self._message("reserve-policy", holder, {"quote_id": quote.quote_id})
        signed = holder.sign_command(message, "reserve-policy", {"quote-id": _id(quote.quote_id)})
        body = {"quote_id": quote.quote_id, "authorisation": signed}
        reserved = await self.api.post("/v1/policies", body, Reserved)
        prepared = reserved.transaction
        raw = holder.sign_call(prepared, "buy-policy", pays_sats=quote.premium.total_sats)
        await self._send(holder, prepared, raw)
        return await self.policy_when(quote.quote_id, "active")

    async def exercise(self, holder: Wallet, policy: Policy) -> Policy:
        """Claim the payout, and return the policy once the chain has paid."""
        if policy.policy_id is None:
            raise CommandError(f"policy {policy.quote_id} has no number on chain")
        message = await self._message("activate-policy", holder, {"policy_id": policy.policy_id})
        fields = {
            "policy-id": UInt(policy.policy_id),
            "quote-id": _id(policy.quote_id),
            "min-payout-sats": UInt(1),
        }
        signed = holder.sign_command(message, "activate-policy", fields)
        path = f"/v1/policies/{policy.policy_id}/activation"
        await self.api.post(path, {"authorisation": signed}, Activated)
        return await self.policy_when(policy.quote_id, "settled")

    async def withdrawable(self, provider: Wallet) -> int:
        """Return what a provider can take out now: free and earned, as far as the health check lets it."""
        portfolio = await self.portfolio(provider)
        asked = sum(tier.withdrawable_sats for tier in portfolio.tiers if tier.tier == TIER)
        path = f"/v1/providers/{provider.address}/withdrawal-check"
        health = await self.api.get(path, Health, query={"tier": TIER, "amount_sats": str(max(1, asked))})
        return min(asked, health.largest_sats)

    async def withdraw(self, provider: Wallet, amount_sats: int) -> None:
        """Take money out."""
        fields = {"amount_sats": amount_sats, "tier": TIER}
        message = await self._message("request-withdrawal", provider, fields)
        said = {"amount-sats": UInt(amount_sats), "tier": StringAscii(TIER)}
        signed = provider.sign_command(message, "request-withdrawal", said)
        body = {"address": provider.address, **fields, "authorisation": signed}
        answer = await self.api.post("/v1/withdrawals", body, WithdrawalAnswer)
        if answer.transaction is None:
            raise CommandError(f"withdrawal {answer.withdrawal.withdrawal_id} came without its transaction")
        raw = provider.sign_call(answer.transaction, "withdraw-funds", gets_sats=amount_sats)
        await self._send(provider, answer.transaction, raw)
        await self.api.until(
            f"/v1/withdrawals/{answer.withdrawal.withdrawal_id}",
            WithdrawalAnswer,
            lambda seen: _is_done(seen.withdrawal),
            within_s=MINED_WITHIN_S,
        )

    async def portfolio(self, provider: Wallet) -> Provider:
        """Return a provider's portfolio."""
        return await self.api.get(f"/v1/providers/{provider.address}", Provider)

    async def share(self, provider: Wallet, policy: Policy) -> int:
        """Return how much of a policy's collateral is a provider's."""
        backing = await self.api.get(f"/v1/policies/{policy.quote_id}/backing", Backing)
        return sum(one.share_sats for one in backing.items if one.address == provider.address)

    async def policy_when(self, quote_id: str, status: str) -> Policy:
        """Return a policy once it has a status."""
        return await self.api.until(
            f"/v1/policies/{quote_id}",
            Policy,
            lambda policy: policy.status == status,
            within_s=SETTLED_WITHIN_S,
        )

    async def _message(self, action: str, wallet: Wallet, fields: Mapping[str, object]) -> Message:
        body = {"action": action, "address": wallet.address, **fields}
        return await self.api.post("/v1/messages", body, Message)

    async def _send(self, wallet: Wallet, prepared: Prepared, raw: str) -> None:
        self.story.signs(wallet.name, prepared)
        txid = (await self.api.post("/v1/transactions", {"tx": raw}, Relayed)).txid
        seen = await self.api.until(
            f"/v1/transactions/{txid}",
            TransactionStatus,
            lambda transaction: transaction.status in (*_ON_CHAIN, *_DEAD),
            within_s=MINED_WITHIN_S,
        )
        if seen.status in _DEAD:
            raise CommandError(f"{prepared.function} {txid} is {seen.status}: {seen.reason}")
        self.story.mined(txid)


def _id(quote_id: str) -> Buffer:
    return Buffer(from_hex(quote_id.removeprefix("q_")))


def _is_done(withdrawal: Withdrawal) -> bool:
    return withdrawal.status == "withdrawn"
