"""What the chain should look like once the contracts stand."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bithedge.protocol.deploy_sources import published_parameters
from bithedge.protocol.deployment import Deployment

ROLES: Final = ("quote", "voucher", "attestor")
"""Who signs. The parameter of the same name says how many must."""
FEE_CAP_USTX: Final = 5_000_000


class DeploymentError(Exception):
    """The contracts are not as they should be, or a step of the set-up was refused."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain should look like. An empty address of a seat leaves it to the deployer."""

    deployment: Deployment
    signers: Mapping[str, Sequence[bytes]]
    """Public keys of each signing role."""
    parameters: Mapping[str, int]
    """Those that differ from what the contract is published with."""
    backend: str
    guardian: str = ""
    treasury: str = ""
    owner: str = ""
    """Takes over last: it is proposed once all stands, and accepts by itself."""
    funded: Mapping[str, int]
    """Addresses and the uSTX they hold at least, from the deployer."""
    fee_cap: int = FEE_CAP_USTX
    """In uSTX, of one transaction."""

    def seats(self) -> dict[str, str]:
        """Return who holds each seat from the set-up on; the owner's is handed over later."""
        deployer = self.deployment.deployer
        named = {"guardian": self.guardian, "treasury": self.treasury, "backend": self.backend}
        return {role: who or deployer for role, who in named.items()}

    @property
    def heir(self) -> str | None:
        """Who is to become the owner, if that is not the deployer."""
        return self.owner if self.owner and self.owner != self.deployment.deployer else None

    def all_parameters(self) -> dict[str, int]:
        """Return the value of every parameter that the registry has."""
        return {name: bounds.value for name, bounds in published_parameters().items()} | dict(self.parameters)
