"""The daemon's public configuration."""

from collections.abc import Sequence

from bithedge.config import Config, NetworkName
from bithedge.domain.ids import Hex
from bithedge.domain.money import Bps, Sats
from bithedge.domain.quotes import Pricing
from bithedge.domain.tiers import Tier, TierParameters
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.parameters import ContractParameters
from bithedge.stacks.clarity import serialise_hex
from bithedge.stacks.sip018 import domain
from bithedge.views.base import View


class ContractsView(View, frozen=True, kw_only=True):
    """Where the contracts are."""

    policy_registry: str
    liquidity_pool: str
    sbtc_token: str


class OracleRulesView(View, frozen=True, kw_only=True):
    """When the price is too old, and how many sources a full reading needs."""

    staleness_s: int
    min_sources: int


class ConfirmationsView(View, frozen=True, kw_only=True):
    """How deep is deep enough: `confirmed` in Stacks blocks, `final` in burn blocks."""

    confirmed: int
    final: int


class LimitsView(View, frozen=True, kw_only=True):
    """What is taken at least and at most, and how often."""

    min_amount_sats: Sats
    min_max_payout_sats: Sats
    min_max_payout_bps: Bps
    min_premium_sats: Sats
    min_deposit_sats: Sats
    max_reservations: int
    reservation_share_bps: Bps
    rate_per_s: int
    rate_burst: int
    commit_per_s: int
    commit_burst: int
    body_bytes: int


class ConfigView(View, frozen=True, kw_only=True):
    """All that a client has to know before it asks for anything."""

    network: NetworkName
    chain_id: int
    version: str
    stream_url: str
    contracts: ContractsView
    quote_public_key: Hex
    quote_threshold: int
    voucher_threshold: int
    attestors: tuple[Hex, ...]
    attestor_threshold: int
    grace_blocks: int
    quote_valid_blocks: int
    quote_valid_s: int
    price_tolerance_bps: Bps
    pool_utilisation_cap_bps: Bps
    oracle: OracleRulesView
    explorer_tx_url: str | None
    confirmations: ConfirmationsView
    tiers: tuple[TierParameters, ...]
    limits: LimitsView
    message_domain: str
    """The SIP-018 domain as a serialised Clarity value."""


class Identity(View, frozen=True, kw_only=True):
    """What a daemon is, beside its settings."""

    version: str
    stream_url: str
    deployment: Deployment
    parameters: ContractParameters
    quote_public_key: Hex
    attestors: Sequence[Hex]


def config_view(config: Config, pricing: Pricing, identity: Identity) -> ConfigView:
    """Return the public configuration."""
    deployment, parameters = identity.deployment, identity.parameters
    return ConfigView(
        network=config.network,
        chain_id=deployment.network.chain_id,
        version=identity.version,
        stream_url=identity.stream_url,
        contracts=ContractsView(
            policy_registry=deployment.registry,
            liquidity_pool=deployment.pool,
            sbtc_token=deployment.sbtc_token,
        ),
        quote_public_key=identity.quote_public_key,
        quote_threshold=parameters.quote_threshold,
        voucher_threshold=parameters.voucher_threshold,
        attestors=tuple(identity.attestors),
        attestor_threshold=parameters.attestor_threshold,
        grace_blocks=parameters.grace,
        quote_valid_blocks=pricing.valid_blocks,
        quote_valid_s=pricing.valid_s,
        price_tolerance_bps=Bps(config.sales.price_tolerance_bps),
        pool_utilisation_cap_bps=Bps(config.sales.pool_utilisation_cap_bps),
        oracle=OracleRulesView(staleness_s=config.oracle.staleness_s, min_sources=config.oracle.min_sources),
        explorer_tx_url=config.explorer_tx_url or None,
        confirmations=ConfirmationsView(confirmed=config.depth.confirmed, final=config.depth.final),
        tiers=tuple(pricing.tiers[tier] for tier in Tier),
        limits=_limits(config, pricing, parameters),
        message_domain=serialise_hex(domain(deployment.network)),
    )


def _limits(config: Config, pricing: Pricing, parameters: ContractParameters) -> LimitsView:
    return LimitsView(
        min_amount_sats=pricing.amounts.min_amount_sats,
        min_max_payout_sats=pricing.amounts.min_max_payout_sats,
        min_max_payout_bps=pricing.amounts.min_max_payout_bps,
        min_premium_sats=pricing.premium.min_premium_sats,
        min_deposit_sats=parameters.min_deposit,
        max_reservations=config.sales.max_reservations,
        reservation_share_bps=Bps(config.sales.reservation_share_bps),
        rate_per_s=config.http.rate_per_s,
        rate_burst=config.http.rate_burst,
        commit_per_s=config.http.commit_per_s,
        commit_burst=config.http.commit_burst,
        body_bytes=config.http.body_bytes,
    )
