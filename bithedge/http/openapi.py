"""The OpenAPI 3.1 document, made from the table that requests are dispatched by."""

import re
import types
from collections.abc import Sequence
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from bithedge.http.problems import CODES, MEDIA_TYPE, Fault
from bithedge.http.routes import Access, Route

_REF_PREFIX: Final = "#/components/schemas/"
_REF: Final = _REF_PREFIX + "{name}"
_EVERYWHERE: Final = (
    "validation_failed",
    "forbidden_origin",
    "unknown_host",
    "rate_limited",
    "busy",
    "internal_error",
)
_WITH_BODY: Final = ("malformed_json", "body_too_large", "unsupported_media_type")
_KEYED: Final = ("idempotency_conflict", "request_in_progress")
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_PATHS: Final[dict[str, str]] = {
    "id": "a policy's number on chain or its quote id; a quote's, withdrawal's or operation's id",
    "address": "a c32 address of the daemon's network",
    "tier": "conservative, balanced or aggressive",
    "txid": "0x and 64 hex digits",
}

Tree = dict[str, Any]


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457, with the interface's own members; some codes bring more."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[Fault, ...]
    request_id: str


def document(routes: Sequence[Route], *, version: str) -> bytes:
    """Return the document of a table, as JSON."""
    schemas, components = _schemas(routes)
    names = _operation_ids(routes)
    paths: dict[str, Tree] = {}
    for route in routes:
        operation = {"operationId": names[route.method, route.path], **_operation(route, schemas)}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "BitHedge",
                "version": version,
                "summary": "Bitcoin price protection on Stacks",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _schemas(routes: Sequence[Route]) -> tuple[dict[Any, Tree], Tree]:
    """Return the schema of each type that a route names, and the components they refer to."""
    found: list[Any] = [ProblemDocument]
    for route in routes:
        found.append(route.answer)
        if route.body is not None:
            found.append(route.body)
    unique = list(dict.fromkeys(found))
    schemas, components = msgspec.json.schema_components(unique, schema_hook=_anything, ref_template=_REF)
    named = _plain_names(list(components))
    renamed = {
        named[name]: {**_renamed(schema, named), "title": named[name]} for name, schema in components.items()
    }
    return dict(zip(unique, (_renamed(schema, named) for schema in schemas), strict=True)), renamed


def _anything(kind: type) -> Tree:
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(f"{kind} has no schema")


def _plain_names(names: Sequence[str]) -> dict[str, str]:
    """Return components' names as clients know the things: a `PolicyView` is a `Policy`."""
    plain = {
        name: re.sub(r"[^A-Za-z0-9._-]", "_", re.sub(r"View(?=$|_)", "", name)).strip("_") for name in names
    }
    return {name: name if short != name and short in names else short for name, short in plain.items()}


def _operation_ids(routes: Sequence[Route]) -> dict[tuple[str, str], str]:
    """Return the handlers' names; those of one name are told apart by their paths."""
    names = [route.handle.__name__ for route in routes]
    return {
        (route.method, route.path): name if names.count(name) == 1 else name + _suffix(route.path)
        for route, name in zip(routes, names, strict=True)
    }


def _renamed(schema: Any, named: dict[str, str]) -> Any:
    match schema:
        case dict():
            return {key: _renamed(value, named) for key, value in schema.items()}  # pyright: ignore[reportUnknownVariableType]  # JSON
        case list():
            return [_renamed(item, named) for item in schema]  # pyright: ignore[reportUnknownVariableType]  # JSON
        case str() if schema.startswith(_REF_PREFIX):
            return _REF_PREFIX + named[schema.removeprefix(_REF_PREFIX)]
        case _:
            return schema


def _operation(route: Route, schemas: dict[Any, Tree]) -> Tree:
    operation: Tree = {
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": {str(route.status): _answer(route, schemas), **_refusals(route, schemas)},
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body(route.body, schemas)}},
        }
    if route.access is Access.OPERATOR:
        operation["security"] = [{"operator": []}]
    return operation


def _body(body: Any, schemas: dict[Any, Tree]) -> Tree:
    schema = schemas[body]
    if get_origin(body) is types.UnionType and "anyOf" in schema:
        # Exactly one of them, told apart by its tag.
        return {"oneOf": schema["anyOf"], **{key: schema[key] for key in schema if key != "anyOf"}}
    return schema


def _suffix(path: str) -> str:
    words = [
        word for word in re.split(r"[^a-z0-9]+", path) if word not in ("", "v1", "id", "address", "txid")
    ]
    return "_" + "_".join(words)


def _path_parameters(route: Route) -> list[Tree]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATHS[name],
            "schema": {"type": "string"},
        }
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[Tree]:
    parameters: list[Tree] = []
    for field in msgspec.structs.fields(route.query):
        (schema,), _ = msgspec.json.schema_components([_without_none(field.type)])
        parameters.append(
            {
                "name": field.encode_name,
                "in": "query",
                "required": field.required,
                "schema": _inlined(schema, field.type),
                **({"style": "form", "explode": False} if "array" in str(schema.get("type")) else {}),
            }
        )
    return parameters


def _without_none(annotation: Any) -> Any:
    parts = [part for part in get_args(annotation) if part is not type(None)]
    is_union = get_origin(annotation) in (types.UnionType, Union)
    return parts[0] if is_union and len(parts) == 1 else annotation


def _inlined(schema: Tree, annotation: Any) -> Tree:
    """Return a parameter's schema with the closed lists of words in it, rather than references to them."""
    _, components = msgspec.json.schema_components([_without_none(annotation)], ref_template="{name}")

    def resolved(value: Any) -> Any:
        match value:
            case {"$ref": str() as name}:
                inner = components[name.rpartition("/")[2]]
                return {key: item for key, item in inner.items() if key in ("enum", "type")}
            case dict():
                return {key: resolved(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]  # JSON
            case list():
                return [resolved(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
            case _:
                return value

    return resolved(schema)


def _headers(route: Route) -> list[Tree]:
    if route.body is None:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": route.key == "required",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{16,128}$"},
        }
    ]


def _answer(route: Route, schemas: dict[Any, Tree]) -> Tree:
    content: Tree = {"application/json": {"schema": schemas[route.answer]}}
    if route.item is not None:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {"description": route.summary, "content": content}


def _refusals(route: Route, schemas: dict[Any, Tree]) -> Tree:
    codes = [*_EVERYWHERE, *route.refusals]
    if route.body is not None:
        codes += [*_WITH_BODY, *_KEYED]
    if route.key == "required":
        codes.append("idempotency_key_missing")
    if _PARAMETER.search(route.path) or route.access is Access.DEVNET:
        codes.append("not_found")
    if route.access is Access.OPERATOR:
        codes.append("unauthorised")
    by_status: dict[int, list[str]] = {}
    for code in sorted(set(codes)):
        by_status.setdefault(CODES[code][0], []).append(code)
    return {
        str(status): {
            "description": ", ".join(found),
            "content": {MEDIA_TYPE: {"schema": schemas[ProblemDocument]}},
        }
        for status, found in sorted(by_status.items())
    }
