"""The devnet's limits: a sound number that is too large is refused with the largest."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from http_scene import Scene, a_scene

from bithedge.devnet.errors import DevnetRefusedError


class PlayedDevnet:
    """Can undo 42 blocks."""

    def __init__(self) -> None:
        self.mined: list[int] = []

    async def mine_burn_blocks(self, count: int) -> None:
        self.mined.append(count)

    async def fork(self, depth: int, *, requeue: bool, include: Sequence[bytes]) -> None:
        assert (requeue, include) == (True, [])
        raise DevnetRefusedError(f"not {depth}", status=422, largest_depth=42)


@pytest.fixture
async def devnet() -> PlayedDevnet:
    return PlayedDevnet()


@pytest.fixture
async def scene(tmp_path: Path, devnet: PlayedDevnet) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path, devnet=devnet) as scene:
        chain: Any = scene.system.chain
        chain.plays["CatchUp"] = lambda _: scene.system.board.tip
        yield scene


async def test_two_thousand_blocks_are_mined_and_one_more_is_refused(
    scene: Scene, devnet: PlayedDevnet
) -> None:
    most = await scene.post("/v1/devnet/mine", {"blocks": 2_000})
    more = await scene.post("/v1/devnet/mine", {"blocks": 2_001})

    assert most.json == {"burn_height": 1_000, "block_height": 500}
    assert (more.status, more.code) == (422, "amount_out_of_range")
    (fault,) = more.json["errors"]
    assert (fault["field"], fault["limit"], fault["actual"]) == ("blocks", 2_000, 2_001)
    assert devnet.mined == [2_000]


@pytest.mark.parametrize("depth", [43, 101, 2**53 - 1])
async def test_a_fork_that_is_too_deep_is_refused_with_the_deepest(scene: Scene, depth: int) -> None:
    told = await scene.post("/v1/devnet/fork", {"depth": depth})

    assert (told.status, told.code) == (422, "amount_out_of_range")
    (fault,) = told.json["errors"]
    assert (fault["field"], fault["limit"], fault["actual"]) == ("depth", 42, depth)


@pytest.mark.parametrize("number", [0, -1, 2**53, 1.5, "1", True, None])
@pytest.mark.parametrize(("path", "field"), [("mine", "blocks"), ("fork", "depth")])
async def test_what_is_no_number_of_blocks_is_refused_for_its_shape(
    scene: Scene, path: str, field: str, number: object
) -> None:
    told = await scene.post(f"/v1/devnet/{path}", {field: number})

    assert (told.status, told.code) == (400, "validation_failed")
