"""Where the contracts stand on one network."""

import msgspec

from bithedge.stacks.networks import Network

REGISTRY = "policy-registry"
POOL = "liquidity-pool"


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """The principals that every message and call names."""

    network: Network
    deployer: str
    sbtc_token: str

    @property
    def registry(self) -> str:
        """The ledger of policies."""
        return f"{self.deployer}.{REGISTRY}"

    @property
    def pool(self) -> str:
        """The vault."""
        return f"{self.deployer}.{POOL}"

    @property
    def sbtc_asset(self) -> str:
        """The token's asset as the API names it."""
        return f"{self.sbtc_token}::sbtc-token"

    def contract_id(self, name: str) -> str:
        """Return the principal of one of our contracts by its name."""
        return f"{self.deployer}.{name}"
