"""The rules of quotes, checked before anything is sold by them."""

from bithedge.config import Config
from bithedge.domain.monotone import check_monotone
from bithedge.domain.premium import PremiumRule
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import Pricing
from bithedge.domain.tiers import DEFAULT_TIERS
from bithedge.domain.volatility import VolatilityRule
from bithedge.protocol.parameters import ContractParameters


class PricingError(Exception):
    """The volatility and premium rules would let a better policy cost less."""


def checked_pricing(config: Config, parameters: ContractParameters) -> Pricing:
    """Return the rules of quotes, after the check that no better policy costs less.

    Raises:
        PricingError: one does.
    """
    pricing = Pricing(
        volatility=VolatilityRule(),
        premium=PremiumRule(),
        tiers=DEFAULT_TIERS,
        amounts=AmountLimits(
            min_amount_sats=parameters.min_amount, min_max_payout_sats=parameters.min_collateral
        ),
        valid_blocks=config.sales.quote_valid_blocks,
        valid_s=config.sales.quote_valid_s,
    )
    verdict = check_monotone(pricing.volatility, pricing.premium, pricing.tiers.values())
    if verdict.breaks:
        raise PricingError(f"a better policy would cost less: {verdict.breaks[0]}")
    return pricing
