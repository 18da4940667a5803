"""What the contracts and the token hold; a block's state is a copy, so that a fork is a step back."""

from typing import Final, Self

import msgspec
from msgspec.structs import replace

DEFAULT_PARAMETERS: Final = {
    "quote": 1,
    "voucher": 1,
    "attestor": 1,
    "sale-age": 2,
    "max-age": 2,
    "grace": 1_008,
    "request-life": 12,
    "timelock": 144,
    "max-tenor": 25_920,
    "min-amount": 100_000,
    "max-amount": 1_000_000_000,
    "min-collateral": 10_000,
    "max-fee": 1_000,
    "min-deposit": 10_000,
    "window": 144,
    "window-floor": 1_000_000,
    "sale-share": 2_500,
    "outflow-share": 2_500,
    "profit-share": 200,
    "yield-cap": 10_000,
    "buffer-share": 2_000,
    "silence": 4_320,
}
"""The registry's parameters as deployed."""


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the registry's `policies`."""

    quote_id: bytes
    owner: str
    option: str
    strike: int
    amount: int
    collateral: int
    premium: int
    fee: int
    tier: str
    expiry: int
    start: int
    status: str = "active"
    price: int = 0
    payout: int = 0
    ended: int = 0


class Request(msgspec.Struct, frozen=True):
    """A holder's order for the price of the next height."""

    height: int
    min_payout: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The vault's `totals`: three buckets, and what only grows."""

    available: int = 0
    locked: int = 0
    buffer: int = 0
    deposited: int = 0
    withdrawn: int = 0
    premiums: int = 0
    payouts: int = 0
    escaped: int = 0

    @property
    def vault(self) -> int:
        """Everything in the three buckets."""
        return self.available + self.locked + self.buffer


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What moved in one window of blocks."""

    index: int = 0
    sold: int = 0
    outflow: int = 0
    profit: int = 0


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """What one account put in and took out."""

    deposited: int = 0
    withdrawn: int = 0
    escaped: int = 0
    since: int = 0


class State:
    """All of it, after some block; rows are frozen, so a shallow copy of each table is a copy."""

    def __init__(self) -> None:
        self.policies: dict[int, PolicyRow] = {}
        self.quotes: dict[bytes, int] = {}
        self.requests: dict[int, Request] = {}
        self.principals: dict[str, str] = {}
        self.signers: dict[str, tuple[bytes, ...]] = {}
        self.parameters: dict[str, int] = dict(DEFAULT_PARAMETERS)
        self.pauses: dict[str, int] = {}
        self.totals = Totals()
        self.window = Window()
        self.providers: dict[str, Provider] = {}
        self.collaterals: dict[int, int] = {}
        self.serials: dict[bytes, int] = {}
        self.sbtc: dict[str, int] = {}
        self.ustx: dict[str, int] = {}
        self.nonces: dict[str, int] = {}

    def copy(self) -> Self:
        """Return a state that changes without this one."""
        twin = type(self)()
        for name, value in vars(self).items():
            setattr(twin, name, dict(value) if isinstance(value, dict) else value)  # pyright: ignore[reportUnknownArgumentType] - each table keeps its own type
        return twin

    def move(self, **changes: int) -> None:
        """Add to the vault's totals."""
        self.totals = replace(
            self.totals, **{name: getattr(self.totals, name) + change for name, change in changes.items()}
        )

    def credit(self, address: str, amount: int, height: int) -> None:
        """Add to what a provider has put in."""
        account = self.providers.get(address, Provider(since=height))
        self.providers[address] = replace(account, deposited=account.deposited + amount)
