"""The keys of a run and the chain it begins with, its contracts set up."""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from actors.connecting import Keys
from bithedge.config import Config, load
from bithedge.data_folder import DataFolder
from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain.state import State
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network

NETWORK: Final = Network.DEVNET
TOKEN: Final = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token"  # noqa: S105 - an asset's id
RICH_USTX: Final = 10**13
LANE_USTX: Final = 10**9
SBTC: Final = 1_000_000_000
PARAMETERS: Final = {
    "sale-age": 12,
    "sale-share": 10_000,
    "outflow-share": 10_000,
    "profit-share": 10_000,
    "grace": 144,
}
"""As the daemon's devnet has them, with the shortest grace that the contract allows."""


def key_of(name: str) -> PrivateKey:
    """Return the key that everybody can work out from a name."""
    return PrivateKey(hashlib.sha256(f"simulation {name}".encode()).digest())


class Cast(msgspec.Struct, frozen=True):
    """The keys that are not users'."""

    owner: PrivateKey
    guardian: PrivateKey
    treasury: PrivateKey
    daemon: Keys

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lanes' addresses."""
        return tuple(key.address(NETWORK) for key in self.daemon.lanes)


def cast_of_run() -> Cast:
    """Return the same keys for every run."""
    return Cast(
        owner=key_of("owner"),
        guardian=key_of("guardian"),
        treasury=key_of("treasury"),
        daemon=Keys(
            quote=key_of("quote"),
            voucher=key_of("voucher"),
            attestor=key_of("attestor"),
            backend=key_of("backend"),
            lanes=(key_of("lane-1"), key_of("lane-2")),
        ),
    )


def deployment_of(cast: Cast) -> Deployment:
    """Return where the contracts stand."""
    return Deployment(network=NETWORK, deployer=cast.owner.address(NETWORK), sbtc_token=TOKEN)


def genesis_state(cast: Cast, users: list[str]) -> State:
    """Return the chain's first state: contracts set up, users rich, lanes with something for fees."""
    state = State()
    state.principals = {
        "owner": cast.owner.address(NETWORK),
        "guardian": cast.guardian.address(NETWORK),
        "treasury": cast.treasury.address(NETWORK),
        "backend": cast.daemon.backend.address(NETWORK),
        "pool": deployment_of(cast).pool,
    }
    state.signers = {
        "quote": (cast.daemon.quote.public_key,),
        "voucher": (cast.daemon.voucher.public_key,),
        "attestor": (cast.daemon.attestor.public_key,),
    }
    state.parameters |= PARAMETERS
    state.sbtc = dict.fromkeys(users, SBTC)
    state.ustx = dict.fromkeys([*users, *state.principals.values()], RICH_USTX)
    state.ustx |= dict.fromkeys(cast.lanes, LANE_USTX)
    return state


def config_of_run() -> Config:
    """Return the daemon's settings: the devnet's, with three sources and slower ticks."""
    overrides = {
        "oracle.min_sources": 2,
        "oracle.tick_ms": 10_000,
        "oracle.quote_age_s": 40,
        "node.poll_ms": 3_000,
    }
    return load("devnet", overrides=overrides)


class SimFolder(DataFolder):
    """A data folder that is nowhere: keys, journal and prices of a run come from elsewhere."""

    def __init__(self) -> None:
        super().__init__(Path("/nonexistent"), -1)

    def operator_token(self) -> str:
        """Return a token that is no secret."""
        return "simulated"

    def close(self) -> None:
        """Hold nothing."""
