"""Who may ask for what: every path of the table, tried by a stranger."""

import re
import typing
from pathlib import Path

import msgspec
import pytest
from http_scene import KEY, Scene, a_scene

from bithedge.http.routes import Access, Route
from bithedge.http.table import ROUTES

STRANGER = "ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG"
RELAYED = ("POST", "/v1/transactions")
"""Its bytes carry the signature of whoever they spend for; the chain judges it."""


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def of(access: Access) -> list[Route]:
    return [route for route in ROUTES if route.access is access]


def is_signed(route: Route) -> bool:
    bodies = typing.get_args(route.body) or (() if route.body is None else (route.body,))
    return any("authorisation" in {field.name for field in msgspec.structs.fields(body)} for body in bodies)


def path_of(route: Route) -> str:
    return re.sub(r"{\w+}", "1", route.path)


def a_sound_body(route: Route) -> dict[str, object] | None:
    """Return the least that a body must hold, since its shape is judged first."""
    if route.body is None:
        return None
    required = (field for field in msgspec.structs.fields(route.body) if field.required)
    return {field.encode_name: _least(msgspec.inspect.type_info(field.type)) for field in required}


def _least(kind: msgspec.inspect.Type) -> object:
    match kind:
        case msgspec.inspect.UnionType():
            return None
        case msgspec.inspect.IntType():
            return kind.ge or 1
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.LiteralType():
            return kind.values[0]
        case _:
            return "a reason"


@pytest.mark.parametrize("route", of(Access.OPERATOR), ids=named)
async def test_an_operators_path_wants_the_operators_token(route: Route, scene: Scene) -> None:
    for token in ("", "Bearer wrong", f"Bearer {STRANGER}"):
        headers = KEY | ({"Authorization": token} if token else {})
        told = await scene.ask(route.method, path_of(route), json=a_sound_body(route), headers=headers)
        assert (told.status, told.code) == (401, "unauthorised")


@pytest.mark.parametrize("route", of(Access.DEVNET), ids=named)
async def test_a_devnets_path_is_not_there_elsewhere(route: Route, tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        assert scene.system.devnet is None
        told = await scene.ask(route.method, path_of(route), json=a_sound_body(route), headers=KEY)

        assert (told.status, told.code) == (404, "not_found")


@pytest.mark.parametrize("route", [route for route in ROUTES if is_signed(route)], ids=named)
async def test_an_owners_command_wants_the_owners_signature(route: Route, scene: Scene) -> None:
    told = await scene.ask(route.method, path_of(route), json={}, headers=KEY)

    assert (told.status, told.code) == (400, "validation_failed")
    assert {"invalid_signature", "not_owner", "message_used"} <= set(route.refusals)


def test_nothing_is_committed_for_whoever_signs_nothing() -> None:
    open_to_all = [route for route in ROUTES if route.access is Access.PUBLIC and not is_signed(route)]

    committing = [(route.method, route.path) for route in open_to_all if route.commits]

    assert committing == [RELAYED]
