"""From JSON trees and query strings to typed structs, with every fault of a flat struct told at once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

from bithedge.http.problems import Fault, HttpError

T = TypeVar("T", bound=msgspec.Struct)

_PATH: Final = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>\$[^`]*)`)?$", re.DOTALL)
_INDEX: Final = re.compile(r"\[(\d+)\]")
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_TRUTH: Final[Mapping[str, bool]] = {"true": True, "false": False}


def read_struct(tree: Mapping[str, object], kind: type[T]) -> T:
    """Return the struct that a JSON object spells.

    Raises:
        HttpError: `validation_failed`, with a fault for each field that is missing, unknown or wrong.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    faults = [_fault(name, "unknown field") for name in tree if name not in fields]
    for name, field in fields.items():
        if name not in tree:
            if field.required:
                faults.append(_fault(name, "required field is missing"))
            continue
        try:
            msgspec.convert(tree[name], field.type, strict=True)
        except msgspec.ValidationError as error:
            faults.append(_fault_of(error, name))
    if faults:
        raise failed(faults)
    return _whole_struct(tree, kind)


def read_union(tree: Mapping[str, object], union: Any) -> Any:
    """Return whichever struct of a tagged union a JSON object spells.

    Raises:
        HttpError: `validation_failed`, with the first fault.
    """
    return _whole_struct(tree, union)


def read_query(pairs: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """Return the struct that a query string spells: whole numbers, true or false, words, lists by comma.

    Raises:
        HttpError: `validation_failed`, with a fault for each parameter that is unknown, twice or wrong.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    tree: dict[str, object] = {}
    faults: list[Fault] = []
    for name, text in pairs:
        if name not in fields:
            faults.append(_fault(name, "unknown parameter"))
        elif name in tree:
            faults.append(_fault(name, "given twice"))
        else:
            tree[name] = _value(text, fields[name].type)
    if faults:
        raise failed(faults)
    return read_struct(tree, kind)


def failed(faults: Iterable[Fault]) -> HttpError:
    """Return the refusal of a request for its faults."""
    found = tuple(faults)
    detail = "; ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in found)
    return HttpError("validation_failed", detail, faults=found)


def _whole_struct(tree: Mapping[str, object], kind: Any) -> Any:
    try:
        return msgspec.convert(tree, kind, strict=True)
    except msgspec.ValidationError as error:
        raise failed([_fault_of(error, "")]) from None


def _value(text: str, annotation: object) -> object:
    """Read a word as its field wants it; what cannot be read stays a word, and is refused as one."""
    kinds = _flat(annotation)
    if tuple in kinds:
        return [] if text == "" else text.split(",")
    if bool in kinds:
        return _TRUTH.get(text, text)
    if int in kinds and _WHOLE.fullmatch(text) is not None:
        return int(text)
    return text


def _flat(annotation: object) -> list[object]:
    """Return the plain types that an annotation is made of."""
    inner = getattr(annotation, "__supertype__", None)  # a NewType's
    if inner is not None:
        return _flat(inner)
    origin = get_origin(annotation)
    if origin is tuple:
        return [tuple]
    if origin is None:
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _flat(part)]


def _fault_of(error: msgspec.ValidationError, field: str) -> Fault:
    match = _PATH.fullmatch(str(error))
    message, path = (str(error), None) if match is None else (match["message"], match["path"])
    dotted = _INDEX.sub(r".\1", (path or "$").removeprefix("$").replace("[...]", "")).strip(".")
    return _fault(".".join(part for part in (field, dotted) if part), message.replace("`", ""))


def _fault(field: str, message: str) -> Fault:
    return Fault(field=field[:100], code="validation_failed", message=message)
