"""Reads a deployment's plan from TOML; all faults, unfilled placeholders among them, are told at once."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import coincurve
import msgspec

from bithedge.config import ConfigError
from bithedge.protocol.deploy_plan import FEE_CAP_USTX, ROLES, Plan
from bithedge.protocol.deploy_sources import published_parameters
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.clarity import Principal
from bithedge.stacks.errors import AddressError
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network

SIGNING_KEY: Final = "signing-key"
"""As the deployer: whoever signs the deployment."""
_OWN: Final = "key:"
_PLACEHOLDER: Final = "<"

ReadKey = Callable[[str], PrivateKey]
"""Gives a key of the data folder by its name."""


class _Seats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    backend: str
    guardian: str
    treasury: str
    owner: str


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    network: str
    deployer: str
    sbtc_token: str
    signers: dict[str, list[str]]
    seats: _Seats
    fee_cap_ustx: int = FEE_CAP_USTX
    parameters: dict[str, int] = {}
    funded_ustx: dict[str, int] = {}


def read_plan(path: Path, network: Network, *, signing: PrivateKey | None, read_key: ReadKey) -> Plan:
    """Return the plan of a file.

    Args:
        path: the TOML file; `key:NAME` stands for a key of the data folder, `<..>` for what is missing.
        network: which it has to be for.
        signing: the key that will sign, None if nothing is to be signed.
        read_key: gives the keys of the data folder.

    Raises:
        ConfigError: with every fault that was found.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror})"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError([f"{path}: {error}"]) from error
    return _Reading(file, network, signing, read_key).plan()


class _Reading:
    """One file on its way to a plan; collects the faults."""

    def __init__(self, file: _File, network: Network, signing: PrivateKey | None, read_key: ReadKey) -> None:
        self._file = file
        self._network = network
        self._signing = signing
        self._read_key = read_key
        self._faults: list[str] = []

    def plan(self) -> Plan:
        file = self._file
        if file.network != self._network:
            self._faults.append(f"network: the plan is for {file.network}, not for {self._network}")
        deployer = self._deployer()
        signers = {role: self._keys(role, texts) for role, texts in file.signers.items()}
        seats = {role: self._address(f"seats.{role}", who, deployer) for role, who in _fields(file.seats)}
        funded = {
            self._address("funded_ustx", who, deployer): least for who, least in file.funded_ustx.items()
        }
        token = self._contract("sbtc_token", file.sbtc_token)
        self._check_parameters()
        self._check_seats(seats)
        if self._faults:
            raise ConfigError(self._faults)
        return Plan(
            deployment=Deployment(network=self._network, deployer=deployer, sbtc_token=token),
            signers=signers,
            parameters=file.parameters,
            funded=funded,
            fee_cap=file.fee_cap_ustx,
            **seats,
        )

    def _deployer(self) -> str:
        text = self._file.deployer
        signing = None if self._signing is None else self._signing.address(self._network)
        if text == SIGNING_KEY:
            if signing is None:
                self._faults.append("deployer: it is whoever signs, so the signing key must be given")
            return signing or ""
        address = self._address("deployer", text, "")
        if signing is not None and address and address != signing:
            self._faults.append(f"deployer: the plan says {address}, the signing key is that of {signing}")
        return address

    def _address(self, where: str, text: str, deployer: str) -> str:
        if text == "deployer":
            return deployer
        if text.startswith(_OWN):
            key = self._own_key(where, text)
            return "" if key is None else key.address(self._network)
        return self._principal(where, text)

    def _contract(self, where: str, text: str) -> str:
        found = self._principal(where, text)
        if found and "." not in found:
            self._faults.append(f"{where} = {text!r}: expected a contract, ADDRESS.name")
        return found

    def _principal(self, where: str, text: str) -> str:
        if self._is_placeholder(where, text):
            return ""
        try:
            lives = Principal.parse(text).lives_on(self._network)
        except AddressError as error:
            self._faults.append(f"{where} = {text!r}: {error.message}")
            return ""
        if not lives:
            self._faults.append(f"{where} = {text!r}: not an address of {self._network}")
        return text

    def _keys(self, role: str, texts: list[str]) -> tuple[bytes, ...]:
        where = f"signers.{role}"
        if role not in ROLES:
            self._faults.append(f"{where}: no such role, known are {', '.join(ROLES)}")
        keys = [key for text in texts if (key := self._key(where, text)) is not None]
        if len(set(keys)) < len(keys):
            self._faults.append(f"{where}: a key stands there twice")
        return tuple(keys)

    def _key(self, where: str, text: str) -> bytes | None:
        if text.startswith(_OWN):
            own = self._own_key(where, text)
            return None if own is None else own.public_key
        if self._is_placeholder(where, text):
            return None
        try:
            key = from_hex(text)
            if coincurve.PublicKey(key).format(compressed=True) == key:
                return key
        except ValueError:
            pass
        self._faults.append(f"{where} = {text!r}: expected a public key, 33 bytes in hex")
        return None

    def _own_key(self, where: str, text: str) -> PrivateKey | None:
        name = text.removeprefix(_OWN)
        try:
            return self._read_key(name)
        except FileNotFoundError:
            self._faults.append(f"{where}: the data folder has no key {name}: `run.py keys new {name}`")
            return None

    def _is_placeholder(self, where: str, text: str) -> bool:
        if text.startswith(_PLACEHOLDER):
            self._faults.append(f"{where}: still to be filled in: {text}")
            return True
        return False

    def _check_parameters(self) -> None:
        known = published_parameters()
        for name, value in self._file.parameters.items():
            bounds = known.get(name)
            if bounds is None:
                self._faults.append(f"parameters.{name}: unknown, known are {', '.join(known)}")
            elif not bounds.low <= value <= bounds.high:
                self._faults.append(f"parameters.{name} = {value}: allowed are {bounds.low} to {bounds.high}")
        for role in ROLES:
            needed = self._file.parameters.get(role, known[role].value)
            named = len(self._file.signers.get(role, ()))
            if named < needed:
                self._faults.append(f"signers.{role}: {needed} must sign, {named} are named")

    def _check_seats(self, seats: Mapping[str, str]) -> None:
        # Where money is real, nobody may both act and be the one who stops the act.
        if self._network is Network.DEVNET:
            return
        for one, other in (("owner", "guardian"), ("owner", "backend"), ("guardian", "backend")):
            if seats[one] and seats[one] == seats[other]:
                self._faults.append(f"seats.{one} and seats.{other}: one and the same, {seats[one]}")


def _fields(seats: _Seats) -> Iterator[tuple[str, str]]:
    for name in ("backend", "guardian", "treasury", "owner"):
        yield name, getattr(seats, name)
