"""The daemon's settings: TOML into frozen structs, every value checked, all faults told at once.

Layers, later ones win: the shipped default, the network's file, `--config FILE`, the environment
(`BITHEDGE_HTTP__PORT=8480`), `--set http.port=8480`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

CONFIG_FOLDER = Path(__file__).resolve().parent.parent / "config"

Port = Annotated[int, Meta(ge=0, le=65_535)]
Positive = Annotated[int, Meta(ge=1, le=2**53 - 1)]
Natural = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Share = Annotated[int, Meta(ge=0, le=10_000)]
NetworkName = Literal["devnet", "testnet", "mainnet"]


class ConfigError(Exception):
    """One or more settings are wrong; `faults` names each with its value and what is allowed."""

    code = "config_invalid"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Node(_Section, frozen=True, kw_only=True):
    """The Stacks node and API; an empty URL means the embedded devnet."""

    url: str = ""
    port: Port = 3999
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 10.0
    poll_ms: Annotated[int, Meta(ge=50, le=60_000)] = 1_000


class Devnet(_Section, frozen=True, kw_only=True):
    """The embedded local chain."""

    block_time_s: Annotated[float, Meta(ge=0.05, le=3_600)] = 1.0
    burn_time_s: Annotated[float, Meta(ge=0.1, le=86_400)] = 30.0


class Http(_Section, frozen=True, kw_only=True):
    """The HTTP server, and what it lets through."""

    host: str = "127.0.0.1"
    port: Port = 8480
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    allowed_origins: tuple[str, ...] = ()
    """Beside the daemon's own."""
    body_bytes: Positive = 65_536
    rate_per_s: Positive = 50
    rate_burst: Positive = 300
    commit_per_s: Positive = 10
    commit_burst: Positive = 100


class Stream(_Section, frozen=True, kw_only=True):
    """The WebSocket gateway."""

    host: str = "127.0.0.1"
    port: Port = 8481
    heartbeat_ms: Annotated[int, Meta(ge=100, le=120_000)] = 15_000
    max_channels: Positive = 128
    max_connections_per_address: Positive = 32
    queue_bytes: Positive = 1_048_576
    messages_per_s: Positive = 20
    messages_burst: Positive = 40


class Oracle(_Section, frozen=True, kw_only=True):
    """The price feed."""

    mode: Literal["fixed", "replay"] = "fixed"
    start_usd_e8: Positive = 6_500_000_000_000
    replay_from: str = "2020-01-01"
    replay_days_per_burn_block: Annotated[float, Meta(gt=0, le=365)] = 1.0
    tick_ms: Annotated[int, Meta(ge=50, le=60_000)] = 5_000
    min_sources: Positive = 3
    staleness_s: Positive = 60
    outlier_mad: Positive = 5
    jump_bps: Share = 500
    quote_age_s: Positive = 30


class Depth(_Section, frozen=True, kw_only=True):
    """How deep is deep enough: `confirmed` in Stacks blocks, `final` in burn blocks."""

    confirmed: Positive = 1
    final: Positive = 6


class Sales(_Section, frozen=True, kw_only=True):
    """What a quote promises."""

    quote_valid_blocks: Positive = 2
    quote_valid_s: Positive = 600
    price_tolerance_bps: Share = 25
    pool_utilisation_cap_bps: Share = 8_500
    max_reservations: Positive = 3
    reservation_share_bps: Share = 2_500
    voucher_blocks: Positive = 6


class Fees(_Section, frozen=True, kw_only=True):
    """What the daemon pays a node for its own transactions."""

    floor_ustx: Positive = 3_000
    cap_ustx: Positive = 500_000
    day_cap_ustx: Positive = 50_000_000
    bump_bps: Annotated[int, Meta(ge=100, le=10_000)] = 2_500
    stuck_blocks: Positive = 3
    in_flight: Annotated[int, Meta(ge=1, le=25)] = 20


class Contracts(_Section, frozen=True, kw_only=True):
    """Where the contracts are; an empty deployer is filled in by the devnet."""

    deployer: str = ""
    sbtc_token: str = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token"  # noqa: S105 - an asset's id


class Config(_Section, frozen=True, kw_only=True):
    """All settings."""

    network: NetworkName = "devnet"
    data: str = "data"
    explorer_tx_url: str = ""
    node: Node = Node()
    devnet: Devnet = Devnet()
    http: Http = Http()
    stream: Stream = Stream()
    oracle: Oracle = Oracle()
    depth: Depth = Depth()
    sales: Sales = Sales()
    fees: Fees = Fees()
    contracts: Contracts = Contracts()


_SECTIONS: dict[Any, type[msgspec.Struct]] = {
    kind: kind for kind in (Node, Devnet, Http, Stream, Oracle, Depth, Sales, Fees, Contracts)
}

Tree = dict[str, Any]
"""TOML as it was read, before its types are known."""


def load(
    network: NetworkName,
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    settings: Sequence[str] = (),
    overrides: Mapping[str, object] | None = None,
) -> Config:
    """Return the settings of all layers together.

    Args:
        network: whose shipped file applies.
        file: a TOML file of the operator's.
        environment: `BITHEDGE_SECTION__KEY` entries are read, others ignored.
        settings: `section.key=value` words of the command line.
        overrides: `section.key` to value, from options of their own; they win over all.

    Raises:
        ConfigError: with every fault that was found.
    """
    faults: list[str] = []
    tree: Tree = {}
    paths = [CONFIG_FOLDER / "default.toml", CONFIG_FOLDER / f"{network}.toml"]
    for path in [*paths, *([] if file is None else [file])]:
        _merge(tree, _read(path, faults))
    for name, text in (environment or {}).items():
        if name.startswith("BITHEDGE_"):
            _put(tree, name.removeprefix("BITHEDGE_").lower().split("__"), _value(text))
    for word in settings:
        key, separator, text = word.partition("=")
        if separator:
            _put(tree, key.strip().split("."), _value(text.strip()))
        else:
            faults.append(f"--set {word}: expected section.key=value")
    for key, value in (overrides or {}).items():
        _put(tree, key.split("."), value)
    tree["network"] = network
    config = _convert(tree, faults)
    if faults or config is None:
        raise ConfigError(faults)
    return config


def _read(path: Path, faults: list[str]) -> Tree:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        faults.append(f"{path}: cannot be read ({error.strerror})")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{path}: not TOML ({error})")
    return {}


def _merge(into: Tree, new: Tree) -> None:
    for key, value in new.items():
        there = into.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            _merge(cast("Tree", there), cast("Tree", value))
        else:
            into[key] = value


def _put(tree: Tree, path: Sequence[str], value: object) -> None:
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            break
        tree = cast("Tree", below)
    tree[path[-1]] = value


def _value(text: str) -> object:
    """Read a value as TOML would; what is no TOML value is a word."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _convert(tree: Tree, faults: list[str]) -> Config | None:
    """Check field by field, so that every fault is found and not only the first."""
    sections: dict[str, object] = {}
    known = {field.name: field for field in msgspec.structs.fields(Config)}
    for key, value in tree.items():
        if key not in known:
            faults.append(f"{key}: unknown; known are {', '.join(sorted(known))}")
            continue
        checked = _checked(key, value, known[key].type, faults)
        if checked is not None:
            sections[key] = checked
    return None if faults else msgspec.convert(sections, Config, strict=True)


def _checked(path: str, value: object, kind: Any, faults: list[str]) -> object:
    if kind in _SECTIONS:
        return _checked_section(path, value, _SECTIONS[kind], faults)
    try:
        return msgspec.to_builtins(msgspec.convert(value, kind, strict=True))
    except msgspec.ValidationError as error:
        faults.append(f"{path} = {value!r}: {error}")
        return None


def _checked_section(path: str, value: object, kind: type[msgspec.Struct], faults: list[str]) -> Tree | None:
    if not isinstance(value, dict):
        faults.append(f"{path} = {value!r}: expected a section [{path}]")
        return None
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    section: Tree = {}
    for key, inner in cast("Tree", value).items():
        if key not in fields:
            faults.append(f"{path}.{key}: unknown; known are {', '.join(sorted(fields))}")
            continue
        section[key] = _checked(f"{path}.{key}", inner, fields[key].type, faults)
    return section
