import json

import pytest

from bithedge.http.problems import HttpError
from bithedge.http.strict_json import MAX_NUMBER, read_object


def refused(raw: bytes) -> HttpError:
    with pytest.raises(HttpError) as caught:
        read_object(raw)
    return caught.value


def test_an_object_is_read_as_it_stands() -> None:
    assert read_object('{"a": 1, "b": ["x", null, true], "ä": {"c": -2}}'.encode()) == {
        "a": 1,
        "b": ["x", None, True],
        "ä": {"c": -2},
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"x"',
        b"1",
        b"null",
        b"{} {}",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"\xff",
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"b": {"a": 1, "a": 2}}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
    ],
)
def test_what_is_no_such_object_is_malformed(raw: bytes) -> None:
    assert refused(raw).code == "malformed_json"


def test_sixteen_levels_are_read_and_seventeen_are_not() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert read_object(nested(16))
    assert refused(nested(17)).code == "malformed_json"
    assert refused(b'{"a":' + b"[" * 16 + b"]" * 16 + b"}").code == "malformed_json"


def test_brackets_by_the_thousand_are_refused_and_harm_nobody() -> None:
    assert refused(b'{"a":' + b"[" * 60_000).code == "malformed_json"


def test_a_number_is_at_most_the_largest_that_every_client_reads() -> None:
    assert read_object(b'{"a": %d, "b": %d}' % (MAX_NUMBER, -MAX_NUMBER)) == {
        "a": MAX_NUMBER,
        "b": -MAX_NUMBER,
    }

    error = refused(b'{"x": {"a": [1, %d]}}' % (MAX_NUMBER + 1))

    assert error.code == "validation_failed"
    assert error.faults[0].field == "x.a.1"


def test_a_number_of_thousands_of_digits_is_refused_at_once() -> None:
    assert refused(b'{"a": ' + b"9" * 60_000 + b"}").code == "validation_failed"


@pytest.mark.parametrize("text", ["1.0", "1e3", "1E0", "-0.0"])
def test_a_point_or_an_exponent_makes_no_whole_number(text: str) -> None:
    assert isinstance(read_object(b'{"a": %s}' % text.encode())["a"], float)
    assert json.loads(text) == pytest.approx(float(text))
