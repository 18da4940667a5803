"""The two lives of a policy: the price falls and it pays, or it does not and the collateral goes home."""

from typing import Final

import msgspec

from bithedge.cli.demo.steps import Cover, Steps
from bithedge.cli.demo.story import WHOLE, btc, short, usd
from bithedge.cli.demo.wallet import Wallet
from bithedge.cli.demo.wire import Policy, Quote
from bithedge.cli.exits import CommandError

SPOT: Final = 65_000 * WHOLE
STRIKE: Final = 60_000 * WHOLE
CRASHED: Final = 48_000 * WHOLE
DEPOSIT: Final = WHOLE
CRASH_COVER: Final = Cover(
    amount_sats=10_000_000, strike_usd_e8=STRIKE, max_payout_sats=10_000_000, tenor_blocks=4_320
)
CALM_COVER: Final = Cover(
    amount_sats=10_000_000, strike_usd_e8=STRIKE, max_payout_sats=10_000_000, tenor_blocks=144
)
RELEASE_AFTER: Final = 14
"""Burn blocks past the expiry by which the chain takes a release: its requests have had their time."""


class Cast(msgspec.Struct, frozen=True):
    """Who plays: one provides, one holds."""

    provider: Wallet
    holder: Wallet


class _Before(msgspec.Struct, frozen=True):
    provider_sats: int
    holder_sats: int


async def crash(steps: Steps, cast: Cast) -> None:
    """Play the first life: the price crashes, the holder exercises, the pool pays.

    Raises:
        CommandError: a figure is not what it has to be.
    """
    story, holder = steps.story, cast.holder
    story.chapter("Life 1: the price crashes")
    before, quote, policy = await _sold(steps, cast, CRASH_COVER)

    await steps.mine(1)
    await steps.set_price(CRASHED)
    story.tell(f"Bitcoin crashes from {usd(SPOT)} to {usd(CRASHED)}; {holder.name} exercises.")
    settled = await steps.exercise(holder, policy)

    settlement = settled.settlement
    if settlement is None:
        raise CommandError("the settled policy shows no settlement")
    price = settlement.price_usd_e8
    payout = min(policy.max_payout_sats, policy.amount_sats * (policy.strike_usd_e8 - price) // price)
    story.tell(
        f"The chain pays {btc(settlement.payout_sats)} at {usd(price)} in {short(settled.closing_txid)}."
    )
    _same(steps, "payout = amount x (strike - price) / price", settlement.payout_sats, payout)
    gained = await steps.balance(holder.address) - before.holder_sats
    _same(
        steps, f"{holder.name}'s sBTC changed by payout - premium", gained, payout - quote.premium.total_sats
    )
    both = policy.amount_sats + payout
    story.tell(f"What was covered and the payout are together worth {usd(both * price // WHOLE)}.")
    await _leaves(steps, cast, before, policy, payout)


async def calm(steps: Steps, cast: Cast) -> None:
    """Play the second life: nothing happens, the policy expires, the premium is the provider's.

    Raises:
        CommandError: a figure is not what it has to be.
    """
    story, holder = steps.story, cast.holder
    story.chapter("Life 2: the price holds")
    before, quote, policy = await _sold(steps, cast, CALM_COVER)

    height = policy.start_height or 0
    story.tell(f"{policy.expiry_height - height} burn blocks go by, the price stays above {usd(STRIKE)}.")
    await steps.mine(policy.expiry_height + RELEASE_AFTER - height)
    expired = await steps.policy_when(policy.quote_id, "expired")

    story.tell(f"The policy has expired; its collateral is released in {short(expired.closing_txid)}.")
    lost = before.holder_sats - await steps.balance(holder.address)
    _same(steps, f"{holder.name} paid the premium and no more", lost, quote.premium.total_sats)
    await _leaves(steps, cast, before, policy, 0)


async def _sold(steps: Steps, cast: Cast, cover: Cover) -> tuple[_Before, Quote, Policy]:
    story, provider, holder = steps.story, cast.provider, cast.holder
    await steps.set_price(SPOT)
    before = _Before(await steps.balance(provider.address), await steps.balance(holder.address))

    story.tell(f"{provider.name} puts {btc(DEPOSIT)} into the balanced tier.")
    await steps.deposit(provider, DEPOSIT)

    quote = await steps.quote(holder, cover)
    story.tell(
        f"Bitcoin is at {usd(quote.spot_usd_e8)}. {holder.name} asks for a put on {btc(cover.amount_sats)} "
        f"at {usd(cover.strike_usd_e8)} for {cover.tenor_blocks:,} burn blocks:"
    )
    story.quote(quote)
    premium = quote.premium
    lines = premium.fair_value_sats + premium.margin_sats + premium.utilisation_sats + premium.fee_sats
    _same(steps, "the four lines add up to the premium", lines, premium.total_sats)

    policy = await steps.buy(holder, quote)
    story.tell(
        f"{holder.name} holds policy {policy.policy_id}; {btc(policy.max_payout_sats)} stand behind it."
    )
    paid = before.holder_sats - await steps.balance(holder.address)
    _same(steps, f"{holder.name}'s sBTC fell by the premium", paid, premium.total_sats)
    return before, quote, policy


async def _leaves(steps: Steps, cast: Cast, before: _Before, policy: Policy, payout: int) -> None:
    """Let the provider withdraw all it can, and compare with what its share of the policy makes of it."""
    provider = cast.provider
    share, whole = await steps.share(provider, policy), policy.max_payout_sats
    held = (await steps.portfolio(provider)).total_sats
    amount = await steps.withdrawable(provider)
    steps.story.tell(f"{provider.name} backs {share * 100 // whole} % of it, and withdraws {btc(amount)}.")
    await steps.withdraw(provider, amount)

    left = (await steps.portfolio(provider)).total_sats
    _same(steps, f"what {provider.name} leaves in the pool", left, held - amount)
    result = await steps.balance(provider.address) + left - before.provider_sats
    earned = (policy.premium_sats - policy.fee_sats) * share // whole
    lost = -(-payout * share // whole)
    # Shares are whole sats: each of the two may be rounded by one, where there are several backers.
    slack = 0 if share == whole else 2
    steps.story.tell(f"Its result is its share of the premium less that of the payout: {btc(result)}.")
    _same(steps, f"{provider.name}'s result", result, earned - lost, slack=slack)


def _same(steps: Steps, what: str, found: int, wanted: int, *, slack: int = 0) -> None:
    if abs(found - wanted) > slack:
        raise CommandError(f"{what}: {found:,} sats, and it has to be {wanted:,}")
    steps.story.proved(f"{what}: {found:,} sats")
