"""What can go wrong with the embedded devnet.

DevnetError
├── NodeMissingError      no Node that is new enough
├── DevnetStartError      the process ended, or said nothing, before it was ready
│   ├── DevnetPortError   its port is taken
│   └── DevnetHeldError   another devnet holds its folder
└── DevnetRefusedError    a control path said no
"""


class DevnetError(Exception):
    """Base of all failures of the embedded devnet."""

    code = "devnet_failed"


class NodeMissingError(DevnetError):
    """There is no Node.js that is new enough."""

    code = "node_missing"


class DevnetStartError(DevnetError):
    """The devnet did not become ready."""

    code = "devnet_not_started"


class DevnetPortError(DevnetStartError):
    """The port asked for is taken."""

    code = "devnet_port_taken"


class DevnetHeldError(DevnetStartError):
    """Another devnet holds the data folder."""

    code = "devnet_folder_held"


class DevnetRefusedError(DevnetError):
    """A control path refused; `largest_depth` is the deepest fork possible, where a fork was too deep."""

    code = "devnet_refused"

    def __init__(self, message: str, *, status: int, largest_depth: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.largest_depth = largest_depth
