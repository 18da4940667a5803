"""What the demo reads of the daemon's answers; fields it does not need are passed over."""

import msgspec


class Contracts(msgspec.Struct, frozen=True):
    """Where the contracts are."""

    policy_registry: str
    liquidity_pool: str
    sbtc_token: str


class ConfigAnswer(msgspec.Struct, frozen=True):
    """The daemon's public configuration."""

    network: str
    contracts: Contracts


class DevnetAccount(msgspec.Struct, frozen=True):
    """A funded account of the devnet."""

    name: str
    address: str
    private_key: str


class Accounts(msgspec.Struct, frozen=True):
    """All of them, the deployer first."""

    items: tuple[DevnetAccount, ...]


class Account(msgspec.Struct, frozen=True):
    """What an address holds, by the chain's word."""

    stx_ustx: int
    sbtc_sats: int


class Premium(msgspec.Struct, frozen=True):
    """The four lines of a premium and their sum."""

    fair_value_sats: int
    margin_sats: int
    utilisation_sats: int
    fee_sats: int
    total_sats: int


class Quote(msgspec.Struct, frozen=True):
    """An indicative price."""

    quote_id: str
    tier: str
    amount_sats: int
    strike_usd_e8: int
    max_payout_sats: int
    floor_usd_e8: int | None
    break_even_usd_e8: int | None
    expiry_height: int
    spot_usd_e8: int
    premium: Premium


class Message(msgspec.Struct, frozen=True):
    """What an owner has to sign."""

    message_id: str
    domain: str
    message: str
    digest: str


class Prepared(msgspec.Struct, frozen=True):
    """A transaction to sign."""

    contract_id: str
    function: str
    nonce: int
    fee_ustx: int
    unsigned: str


class Settlement(msgspec.Struct, frozen=True):
    """The price that settles a policy and what it pays."""

    price_usd_e8: int
    payout_sats: int
    txid: str | None


class Policy(msgspec.Struct, frozen=True):
    """A policy as its holder sees it."""

    policy_id: int | None
    quote_id: str
    owner: str
    amount_sats: int
    strike_usd_e8: int
    max_payout_sats: int
    premium_sats: int
    fee_sats: int
    start_height: int | None
    expiry_height: int
    tier: str
    status: str
    status_reason: str | None
    settlement: Settlement | None
    closing_txid: str | None


class Reserved(msgspec.Struct, frozen=True):
    """A reservation and its purchase."""

    policy: Policy
    transaction: Prepared


class Activated(msgspec.Struct, frozen=True):
    """An accepted exercise."""

    policy: Policy


class Deposit(msgspec.Struct, frozen=True):
    """A deposit to sign."""

    transaction: Prepared


class Relayed(msgspec.Struct, frozen=True):
    """A transaction that is being followed."""

    txid: str


class TransactionStatus(msgspec.Struct, frozen=True):
    """How far a transaction is."""

    status: str
    reason: str | None = None


class ProviderTier(msgspec.Struct, frozen=True):
    """A provider's money in a tier."""

    tier: str
    withdrawable_sats: int


class Provider(msgspec.Struct, frozen=True):
    """A provider's portfolio."""

    tiers: tuple[ProviderTier, ...]
    total_sats: int


class Backer(msgspec.Struct, frozen=True):
    """One provider's part of a policy's collateral."""

    address: str
    share_sats: int


class Backing(msgspec.Struct, frozen=True):
    """Who backs a policy."""

    items: tuple[Backer, ...]


class HealthCheck(msgspec.Struct, frozen=True):
    """One figure of a withdrawal's health check."""

    name: str
    ok: bool


class Health(msgspec.Struct, frozen=True):
    """The health check of a withdrawal."""

    ok: bool
    largest_sats: int
    checks: tuple[HealthCheck, ...]


class Withdrawal(msgspec.Struct, frozen=True):
    """Leave to take money out."""

    withdrawal_id: str
    status: str
    amount_sats: int


class WithdrawalAnswer(msgspec.Struct, frozen=True):
    """A withdrawal and, while it may be signed, its transaction."""

    withdrawal: Withdrawal
    transaction: Prepared | None


class Heights(msgspec.Struct, frozen=True):
    """Where the chain stands."""

    burn_height: int
    block_height: int


class Problem(msgspec.Struct, frozen=True):
    """A refusal."""

    code: str
    detail: str = ""
