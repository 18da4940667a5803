"""Exit mode by a signed command: the order of its checks, and an answer kept with its commit."""

import hashlib
from typing import Any

import pytest
from http_scene import DEPLOYMENT, KEY, NOW_MS, Scene

from bithedge.domain.errors import UnknownProviderError
from bithedge.domain.ids import Address
from bithedge.domain.tiers import Tier
from bithedge.protocol.signing import command_of
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.messages import SetExit, command_id
from bithedge.stacks.networks import Network

ALICE_KEY = PrivateKey.from_hex(hashlib.sha256(b"alice").hexdigest() + "01")
BOB_KEY = PrivateKey.from_hex(hashlib.sha256(b"bob").hexdigest() + "01")
ALICE = Address(ALICE_KEY.address(Network.DEVNET))
PATH = f"/v1/providers/{ALICE}/exit"


def a_body(
    *, enabled: bool = True, signed: bool | None = None, key: PrivateKey = ALICE_KEY
) -> dict[str, Any]:
    """A command of Alice's; `signed` is what she signed, if it was another wish."""
    message_id = command_id(NOW_MS // 1_000 + 300, b"x" * 11)
    action = SetExit("balanced", enabled if signed is None else signed)
    command = command_of(DEPLOYMENT, ALICE, message_id, action)
    return {
        "tier": "balanced",
        "enabled": enabled,
        "authorisation": {
            "message_id": f"m_{message_id.hex()}",
            "signature": key.sign(command.digest(Network.DEVNET)).hex(),
            "public_key": key.public_key.hex(),
        },
    }


@pytest.fixture
def pool(scene: Scene) -> Scene:
    """A pool that Alice provides for; it keeps the answer as the real one does."""

    async def set_exit(message: Any) -> bool:
        await scene.system.journal.append(
            [],
            keep=lambda committed: message.keep(message.enabled, committed),
            used_message=message.command_id,
        )
        return message.enabled

    scene.pool.plays["GetPortfolio"] = lambda _: None
    scene.pool.plays["SetExit"] = set_exit
    return scene


def commands(scene: Scene) -> list[Any]:
    return [message for message in scene.pool.heard if type(message).__name__ == "SetExit"]


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_provider_switches_exit_mode(pool: Scene, *, enabled: bool) -> None:
    told = await pool.post(PATH, a_body(enabled=enabled), KEY)

    assert (told.status, told.json) == (200, {"tier": "balanced", "enabled": enabled})
    (command,) = commands(pool)
    assert (command.address, command.tier, command.enabled) == (ALICE, Tier.BALANCED, enabled)


async def test_the_same_key_has_the_same_answer_and_one_command(pool: Scene) -> None:
    first = await pool.post(PATH, a_body(), KEY)
    again = await pool.post(PATH, a_body(), KEY)

    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert len(commands(pool)) == 1


async def test_a_message_works_once_whatever_the_key(pool: Scene) -> None:
    await pool.post(PATH, a_body(), KEY)
    told = await pool.post(PATH, a_body(), {"Idempotency-Key": "another-key-of-16"})

    assert (told.status, told.code) == (409, "message_used")


async def test_without_a_key_nothing_is_switched(pool: Scene) -> None:
    told = await pool.post(PATH, a_body())

    assert (told.status, told.code) == (400, "idempotency_key_missing")
    assert pool.pool.heard == []


async def test_a_signature_for_leaving_does_not_enter(pool: Scene) -> None:
    told = await pool.post(PATH, a_body(enabled=True, signed=False), KEY)

    assert (told.status, told.code) == (401, "invalid_signature")
    assert commands(pool) == []


async def test_another_hand_switches_nothing(pool: Scene) -> None:
    told = await pool.post(PATH, a_body(key=BOB_KEY), KEY)

    assert (told.status, told.code) == (401, "invalid_signature")
    assert commands(pool) == []


async def test_an_unknown_provider_is_said_before_a_bad_signature(pool: Scene) -> None:
    def unknown(_: Any) -> Any:
        raise UnknownProviderError("this address has never provided")

    pool.pool.plays["GetPortfolio"] = unknown
    told = await pool.post(PATH, a_body(key=BOB_KEY), KEY)

    assert (told.status, told.code) == (404, "unknown_provider")
