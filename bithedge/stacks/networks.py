"""The networks, and what sets their bytes apart."""

from enum import StrEnum

MAINNET_CHAIN_ID = 1
TESTNET_CHAIN_ID = 0x8000_0000
MAINNET_TRANSACTION_VERSION = 0x00
TESTNET_TRANSACTION_VERSION = 0x80


class Network(StrEnum):
    """A chain to run on; the devnet speaks like the testnet."""

    DEVNET = "devnet"
    TESTNET = "testnet"
    MAINNET = "mainnet"

    @property
    def is_mainnet(self) -> bool:
        """Whether its money is real."""
        return self is Network.MAINNET

    @property
    def transaction_version(self) -> int:
        """The first byte of its transactions."""
        return MAINNET_TRANSACTION_VERSION if self.is_mainnet else TESTNET_TRANSACTION_VERSION

    @property
    def chain_id(self) -> int:
        """The chain id in its transactions and signed messages."""
        return MAINNET_CHAIN_ID if self.is_mainnet else TESTNET_CHAIN_ID

    @property
    def single_sig_version(self) -> int:
        """The version of an address of one key: SP or ST."""
        return 22 if self.is_mainnet else 26

    @property
    def multi_sig_version(self) -> int:
        """The version of an address of a script: SM or SN."""
        return 20 if self.is_mainnet else 21

    def owns_version(self, version: int) -> bool:
        """Return whether addresses of this version live here."""
        return version in (self.single_sig_version, self.multi_sig_version)
