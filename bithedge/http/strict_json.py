"""Reads a request's JSON as the interface takes it, which is less than JSON allows.

UTF-8, one object, no key twice, no NaN or Infinity, at most 16 levels, no number above 2^53 - 1. A number
with a point or an exponent stays a float, so that a field of whole numbers refuses it.
"""

import json
from typing import Final, cast

from bithedge.http.problems import HttpError, invalid

MAX_LEVELS: Final = 16
MAX_NUMBER: Final = 2**53 - 1
_MAX_DIGITS: Final = 20
_TOO_LARGE: Final = MAX_NUMBER + 1

Tree = dict[str, object]


def read_object(raw: bytes) -> Tree:
    """Return the object that `raw` holds.

    Raises:
        HttpError: `malformed_json`, or `validation_failed` for a number that is too large.
    """
    try:
        text = raw.decode("utf-8")
        tree: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_int=_whole,
        )
    except UnicodeDecodeError:
        raise _malformed("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _malformed(f"more than {MAX_LEVELS} levels") from None
    if not isinstance(tree, dict):
        raise _malformed("the body is not an object")
    _check(cast("object", tree), "", 1)
    return cast("Tree", tree)


def _unique(pairs: list[tuple[str, object]]) -> Tree:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _malformed(f"the key {twice[:40]!r} stands there twice")
    return tree


def _constant(text: str) -> object:
    raise _malformed(f"{text} is no JSON number")


def _whole(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else _TOO_LARGE


def _check(value: object, path: str, level: int) -> None:
    match value:
        case dict() | list():
            if level > MAX_LEVELS:
                raise _malformed(f"more than {MAX_LEVELS} levels")
            for name, item in _items(cast("Tree | list[object]", value)):
                _check(name, path, level)
                _check(item, f"{path}.{name}" if path else name, level + 1)
        case int() if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise invalid(path, f"a number is at most {MAX_NUMBER}")
        case str() if any("\ud800" <= character <= "\udfff" for character in value):
            raise _malformed("a string holds half of a surrogate pair")
        case _:
            pass


def _items(value: "Tree | list[object]") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(str(place), item) for place, item in enumerate(value)]


def _malformed(detail: str) -> HttpError:
    return HttpError("malformed_json", detail)
