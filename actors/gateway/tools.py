"""What the gateway works with."""

from collections.abc import Callable

import msgspec

from actors.gateway.objects import Objects
from actors.gateway.states import States
from actors.gateway.status import StatusSource
from actors.seams import Clock
from bithedge.config import Stream
from bithedge.stacks.networks import Network
from bithedge.storage.reader import Reader


class GatewayTools(msgspec.Struct, frozen=True, kw_only=True):
    """The same for every incarnation."""

    config: Stream
    epoch: str
    reader: Reader
    objects: Objects
    states: States
    clock: Clock
    operator_token: str
    last_seq: Callable[[], int]
    network: Network | None = None
    """Whose addresses may be named; None for any."""
    status: StatusSource | None = None
    """What the operator's channel begins with; None where nobody tells."""
