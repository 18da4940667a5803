"""The devnet's control paths, typed: mine, mint, fork, faults."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar

import aiohttp
import msgspec

from bithedge.devnet.errors import DevnetError, DevnetRefusedError
from bithedge.domain.money import Height, Sats, Ustx

DEADLINE_S: Final = 30.0
FaultKind = Literal["stall", "drop", "lose", "delay", "refuse", "error", "forget"]

_NO_SATS: Final = Sats(0)
_NO_USTX: Final = Ustx(0)

_T = TypeVar("_T")


class DevnetAccount(msgspec.Struct, frozen=True):
    """A funded account; its key is public knowledge, `0x`, 33 bytes, the last `01`."""

    name: str
    address: str
    private_key: str
    stx_ustx: Ustx
    sbtc_sats: Sats


class Tip(msgspec.Struct, frozen=True):
    """The chain's tip after a command."""

    burn_height: Height
    block_height: int
    block_hash: str
    index_block_hash: str


class Mined(Tip, frozen=True):
    """What was mined, `0x` ids in their order."""

    mined: tuple[str, ...]


class RefusedInclusion(msgspec.Struct, frozen=True):
    """A transaction that could not be mined on the branch, with the node's reason."""

    txid: str
    reason: str


class Forked(Tip, frozen=True):
    """A fork: the last common block's height, what was undone, what was mined first on the branch."""

    fork_height: int
    orphaned: tuple[str, ...]
    included: tuple[str, ...]
    refused: tuple[RefusedInclusion, ...]


class Floored(Tip, frozen=True):
    """The block that no fork goes below."""

    floor_height: int


class DevnetStats(msgspec.Struct, frozen=True):
    """Figures of the running devnet."""

    block_height: int
    burn_height: Height
    block_hash: str
    blocks: int
    mempool: int
    forks: int
    floor_height: int
    largest_depth: int
    memory_bytes: int
    undo_bytes: int
    rss_bytes: int
    requests: int


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What strikes requests whose path begins with `path`.

    `stall` never answers; `drop` cuts before, `lose` after the work is done; `delay` answers `ms` later;
    `refuse` is the node's rejection with `reason`; `error` is the 5xx `status`; `forget` accepts a
    transaction and loses it. `count` requests are struck, or all.
    """

    kind: FaultKind
    method: str | None = None
    path: str = "/"
    count: int | None = None
    ms: int = 1_000
    status: int = 503
    reason: str = "ServerFailureOther"


class _Accounts(msgspec.Struct, frozen=True):
    items: tuple[DevnetAccount, ...]


class _Dropped(msgspec.Struct, frozen=True):
    dropped: tuple[str, ...]


class _Refusal(msgspec.Struct, frozen=True):
    error: str
    largest_depth: int | None = None


class DevnetControl:
    """Asks a devnet; keeps nothing between questions.

    Args:
        session: the connections, opened and closed by the caller.
        base_url: where the devnet answers.
        deadline_s: the time one command may take in all.
    """

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, *, deadline_s: float = DEADLINE_S
    ) -> None:
        self._session = session
        self._base = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=deadline_s)

    async def accounts(self) -> tuple[DevnetAccount, ...]:
        """Return the funded accounts, the deployer first."""
        return (await self._ask("GET", "accounts", None, _Accounts)).items

    async def stats(self) -> DevnetStats:
        """Return the devnet's figures."""
        return await self._ask("GET", "stats", None, DevnetStats)

    async def mine_blocks(self, count: int = 1) -> Mined:
        """Mine Stacks blocks, the mempool in the first."""
        return await self._ask("POST", "mine", {"count": count}, Mined)

    async def mine_burn_blocks(self, count: int) -> Mined:
        """Mine the mempool in a Stacks block if there is any, then `count` burn blocks in one more."""
        return await self._ask("POST", "mine", {"burn": count}, Mined)

    async def mint(self, address: str, *, sbtc: Sats = _NO_SATS, stx: Ustx = _NO_USTX) -> Tip:
        """Give sBTC and STX to a principal, in a block of its own."""
        body = {"address": address, "sbtc_sats": sbtc, "stx_ustx": stx}
        return await self._ask("POST", "mint", body, Tip)

    async def fork(
        self, depth: int, *, requeue: bool = True, include: Sequence[bytes] = (), salt: str | None = None
    ) -> Forked:
        """Undo `depth` Stacks blocks and grow a branch one longer.

        Args:
            depth: how many blocks.
            requeue: whether what was undone waits in the mempool again.
            include: signed transactions to mine first on the branch.
            salt: goes into the branch's block hashes; by default the fork's number.

        Raises:
            DevnetRefusedError: too deep, `largest_depth` tells how deep is possible.
        """
        body: dict[str, object] = {
            "depth": depth,
            "requeue": requeue,
            "include": [f"0x{raw.hex()}" for raw in include],
        }
        if salt is not None:
            body["salt"] = salt
        return await self._ask("POST", "fork", body, Forked)

    async def floor(self) -> Floored:
        """Let no fork undo the present tip or what lies below it."""
        return await self._ask("POST", "floor", {}, Floored)

    async def drop(self, txids: Sequence[str]) -> tuple[str, ...]:
        """Make the node forget waiting transactions; return those that did wait."""
        return (await self._ask("POST", "drop", {"txids": list(txids)}, _Dropped)).dropped

    async def set_faults(self, faults: Sequence[Fault], *, mining: bool = True) -> None:
        """Replace all faults; `mining` false stops the blocks that come by the clock."""
        await self._ask("POST", "faults", {"rules": list(faults), "mining": mining}, msgspec.Raw)

    async def _ask(self, method: str, name: str, body: Mapping[str, object] | None, kind: type[_T]) -> _T:
        question = f"{method} /devnet/{name}"
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            async with self._session.request(
                method, f"{self._base}/devnet/{name}", data=data, headers=headers, timeout=self._timeout
            ) as response:
                answer = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise DevnetError(f"{question}: {type(error).__name__}: {error}") from error
        if response.status != 200:  # noqa: PLR2004 - the one status that carries an answer
            raise _refusal(question, response.status, answer)
        return msgspec.json.decode(answer, type=kind)


def _refusal(question: str, status: int, answer: bytes) -> DevnetError:
    try:
        told = msgspec.json.decode(answer, type=_Refusal)
    except msgspec.DecodeError:
        return DevnetError(f"{question}: status {status}")
    return DevnetRefusedError(told.error, status=status, largest_depth=told.largest_depth)
